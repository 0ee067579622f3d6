// SPDX-License-Identifier: GPL-2.0

//! Whether a policy would stop what is running: asked before it is put in force.

use super::{
    Found,
    Mode, //
};
use crate::{
    content,
    evaluate::Access,
    lists::Looked,
    monitor::Monitor,
    policy::ActivePolicy,
    sys::{
        console::Show,
        exec_files,
        file::File,
        module, //
    },
};
use digest_logic::{
    appraise::Cause,
    policy::{
        Func,
        Mask, //
    },
    template::MAX_NAME,
};
use kernel::prelude::*;

/// How a program or library comes to be executed.
const USES: [Func; 3] = [Func::BprmCheck, Func::MmapCheck, Func::MmapCheckReqprot];

/// The most files that are named in the kernel log.
const NAMED: usize = 20;

impl Monitor {
    /// Refuses a policy by which a program that is running, or a library that it uses, could not be executed again,
    /// unless the module parameter `force` is set. The files are named in the kernel log. May sleep, for as long as it
    /// takes to read all of them.
    ///
    /// # Errors
    ///
    /// `EDEADLK`; `ENOMEM`.
    pub(crate) fn refuse_lockout(&self, policy: &ActivePolicy) -> Result {
        if self.appraisal != Mode::Enforce || !policy.appraises_anything() || module::force() {
            return Ok(());
        }
        let mut denied = 0usize;
        for file in &exec_files::of_all_processes()? {
            let Err(cause) = self.would_allow(policy, file) else {
                continue;
            };
            denied = denied.saturating_add(1);
            if denied <= NAMED {
                let mut buf = KVec::zeroed(MAX_NAME, GFP_KERNEL)?;
                let path = file.path(&mut buf).unwrap_or(c"?");
                pr_err!(
                    "policy: would deny {} ({})\n",
                    Show(path.to_bytes().escape_ascii()),
                    cause.name().to_str().unwrap_or("?")
                );
            }
        }
        if denied == 0 {
            return Ok(());
        }
        pr_err!(
            "policy: {} files in use would be denied; load their lists first, or set the parameter force=1\n",
            denied
        );
        Err(EDEADLK)
    }

    fn would_allow(&self, policy: &ActivePolicy, file: &File) -> Result<(), Cause> {
        if !file.is_regular() {
            return Ok(());
        }
        for func in USES {
            let access = Access::new(file, func, Mask::EXEC);
            let decision = policy.decide_for(&access);
            let Some(rule) = decision.appraise else {
                continue;
            };
            let digest = self
                .reader
                .run(|| content::digest(&access, decision.verity, &self.stats))
                .map_err(|_| Cause::Failed)?;
            let looked = if decision.verity {
                Looked::only(self.lists.verdict(&digest))
            } else {
                self.reader
                    .run(|| self.verdict(&access, &digest, rule.digest_list))
                    .map_err(|_| Cause::Failed)?
            };
            let found = Found {
                digest: &digest,
                verity: decision.verity,
                looked,
                stable: self.cache.is_stable(file),
                permit_directio: true,
            };
            self.weigh(&access, &rule, &found)?;
        }
        Ok(())
    }
}
