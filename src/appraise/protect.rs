// SPDX-License-Identifier: GPL-2.0

//! What the decisions rest on: content that counts as signed is not written, reference values are not set by just
//! anybody, and content that comes from no file is not loaded where files are appraised.

use super::{
    Found,
    Mode, //
};
use crate::{
    content,
    evaluate::Access,
    monitor::Monitor,
    sys::{
        file::File,
        inode::InodeKey,
        module,
        task, //
    },
};
use digest_logic::{
    appraise::Cause,
    policy::{
        Appraise,
        AppraiseType,
        Func,
        Mask, //
    },
};
use kernel::prelude::*;

/// Of two ways of asking for the same access, as `mmap_file` and `file_mprotect` do.
const MAPS: [Func; 2] = [Func::MmapCheck, Func::MmapCheckReqprot];

/// Whether only the administrator may change the extended attribute called `name` (`evm_xattrs=`). Does not sleep.
fn is_protected(name: &[u8]) -> bool {
    module::evm_xattrs()
        .to_bytes()
        .split(|byte| *byte == b',')
        .any(|known| !known.is_empty() && known == name)
}

impl Monitor {
    /// Whether the current task may change, or remove, the extended attribute called `name`. May sleep.
    ///
    /// # Errors
    ///
    /// `EPERM` for what only a task with `CAP_SYS_ADMIN` in the initial user namespace may change.
    pub(crate) fn may_change_xattr(&self, name: &[u8]) -> Result {
        if is_protected(name) && !task::may_configure() {
            return Err(EPERM);
        }
        Ok(())
    }

    /// Refuses to open for writing what is in use as signed content, whatever the policy says of opens. May sleep.
    ///
    /// # Errors
    ///
    /// `EACCES`.
    pub(crate) fn refuse_writing(&self, file: &File) -> Result {
        if self.appraisal != Mode::Enforce
            || !file.is_writable()
            || !self.policies.appraises()
            || !self.cache.may_be_signed(file)
        {
            return Ok(());
        }
        // What is new passes without being signed, and what is empty cannot have been executed.
        if self.cache.is_new(file) || file.size() == 0 {
            return Ok(());
        }
        let access = Access::new(file, Func::FileCheck, Mask::WRITE);
        let digest = self
            .reader
            .run(|| content::digest(&access, false, &self.stats))?;
        let found = Found {
            digest: &digest,
            verity: false,
            looked: self.reader.run(|| self.verdict(&access, &digest, true))?,
            stable: true,
            permit_directio: true,
        };
        let rule = Appraise {
            rule: 0,
            digest_list: true,
            kind: Some(AppraiseType::Imasig),
            algos: None,
        };
        if self.weigh(&access, &rule, &found).is_err() {
            // Not any more: its list was removed, or its key.
            self.cache.note_unsigned(file);
            return Ok(());
        }
        self.refuse(file, Cause::Immutable, Some(&digest), 0)
            .map(|_| ())
    }

    /// Refuses to cut what is in use as signed content. Does not sleep.
    ///
    /// # Errors
    ///
    /// `EACCES`.
    pub(crate) fn refuse_truncating(&self, key: InodeKey) -> Result {
        if self.appraisal == Mode::Enforce && self.policies.appraises() && self.cache.is_signed(key)
        {
            self.stats.denied.count();
            return Err(EACCES);
        }
        Ok(())
    }

    /// Refuses content that user space hands over as bytes where rules want a file for it. May sleep.
    ///
    /// # Errors
    ///
    /// `EACCES`.
    pub(crate) fn refuse_bytes(&self, func: Func) -> Result {
        if self.appraisal == Mode::Off || !self.policies.load().appraises(func) {
            return Ok(());
        }
        self.stats.denied.count();
        pr_err!(
            "{}: the policy wants a file, and this comes from memory\n",
            func.name()
        );
        if self.appraisal == Mode::Enforce {
            return Err(EACCES);
        }
        Ok(())
    }

    /// Refuses to map, for execution, content that nobody looked at: that of another layer than is read. Does not read.
    ///
    /// # Errors
    ///
    /// `EACCES`.
    pub(crate) fn refuse_mapping_another(&self, file: &File) -> Result {
        if self.appraisal == Mode::Off || !self.policies.appraises() {
            return Ok(());
        }
        for func in MAPS {
            let access = Access::new(file, func, Mask::EXEC);
            if let Some(rule) = self.policies.decide(&access).appraise {
                return self
                    .refuse(file, Cause::UnstableContent, None, rule.rule)
                    .map(|_| ());
            }
        }
        Ok(())
    }

    /// Refuses to make a mapping executable whose file is not known to be good: it cannot be read here. Does not read.
    ///
    /// # Errors
    ///
    /// `EACCES`.
    pub(crate) fn refuse_making_exec(&self, file: &File) -> Result {
        if self.appraisal != Mode::Enforce || !file.is_regular() || !self.policies.appraises() {
            return Ok(());
        }
        for func in MAPS {
            let access = Access::new(file, func, Mask::EXEC);
            let decision = self.policies.decide(&access);
            let Some(rule) = decision.appraise else {
                continue;
            };
            let left = self
                .cache
                .left(&access, &decision, self.log.pcr(), self.lists.generation());
            if left.appraise {
                self.refuse(file, Cause::MadeExecutable, None, rule.rule)?;
            }
        }
        Ok(())
    }
}
