// SPDX-License-Identifier: GPL-2.0

//! Appraisal: whether the content of a file is good enough to be used, and what is done if it is not.
//!
//! What is known of the file is gathered here and in [`reference`]; what follows from it is told by
//! `digest_logic::appraise`. [`refresh`] keeps `security.ima` true when a file is written, [`protect`] guards what the
//! decisions rest on, [`lockout`] asks before a policy is put in force whether it would stop what is running.

mod lockout;
mod modsig;
mod protect;
mod reference;
mod refresh;

pub(crate) use protect::MAPS;

use crate::{
    access::{
        evaluate::Access,
        known::Looked, //
    },
    monitor::Monitor,
    sys::{
        file::File,
        key::is_data_blacklisted,
        module, //
    },
};
use digest_logic::{
    appraise::{
        judge,
        Cause,
        Evidence,
        Own,
        Vouchers, //
    },
    digest::Digest,
    policy::{
        Appraise,
        Func, //
    },
};
use kernel::prelude::*;

/// What `appraise` rules do (`ima_appraise=`). Never changes while the module is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Refuse.
    Enforce,
    /// Say so in the audit log, and let it happen.
    Log,
    /// Store the digest of what is there in `security.ima`, and let it happen.
    Fix,
    /// Nothing.
    Off,
}

impl Mode {
    /// The mode that the module parameter names.
    ///
    /// # Errors
    ///
    /// `EINVAL`, with the reason in the kernel log.
    pub(crate) fn from_parameter() -> Result<Self> {
        let name = module::ima_appraise();
        match name.to_bytes() {
            b"enforce" => Ok(Self::Enforce),
            b"log" => Ok(Self::Log),
            b"fix" => Ok(Self::Fix),
            b"off" => Ok(Self::Off),
            _ => {
                pr_err!(
                    "ima_appraise={}: expected enforce, log, fix or off\n",
                    name.to_str().unwrap_or("?")
                );
                Err(EINVAL)
            }
        }
    }

    /// The word of the parameter.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Log => "log",
            Self::Fix => "fix",
            Self::Off => "off",
        }
    }
}

/// What was found out about the content of a file.
pub(crate) struct Found<'a> {
    /// Its digest, SHA-256 or that of fs-verity.
    pub(crate) digest: &'a Digest,
    /// Whether it is that of fs-verity.
    pub(crate) verity: bool,
    /// What the lists say.
    pub(crate) looked: Looked,
    /// Whether what was read is what will be used.
    pub(crate) stable: bool,
    /// Whether a rule lets the file be used past the page cache, through which it was read.
    pub(crate) permit_directio: bool,
}

/// Whether what is asked about will be executed. The kernel keeps writers away from programs, though not from mappings,
/// nor from programs on mounts that are watched before content is accessed (`FAN_PRE_ACCESS`).
fn executes(func: Func) -> bool {
    matches!(
        func,
        Func::BprmCheck | Func::CredsCheck | Func::MmapCheck | Func::MmapCheckReqprot
    )
}

impl Monitor {
    /// What vouches for the file, or why it is refused. May sleep.
    fn weigh(
        &self,
        access: &Access<'_>,
        rule: &Appraise,
        found: &Found<'_>,
    ) -> Result<Vouchers, Cause> {
        let file = access.file;
        if !found.stable {
            return Err(Cause::UnstableContent);
        }
        if file.is_direct() && !found.permit_directio {
            return Err(Cause::DirectIo);
        }
        if executes(access.func) && file.has_writers() {
            return Err(Cause::OpenWriters);
        }
        if is_data_blacklisted(found.digest.as_bytes()) {
            return Err(Cause::Blacklisted);
        }
        if found.looked.is_doubtful && rule.digest_list {
            return Err(Cause::Failed);
        }
        let mut own = self.reader.run(|| self.own_reference(access, found))?;
        if own == Own::Absent && rule.takes_modsig() {
            own = self.appended_signature(access);
        }
        let evidence = Evidence {
            own,
            list: found.looked.verdict.and_then(|verdict| verdict.appraise),
            // Only who opens a file that is being made may use it: nobody vouches for what its maker puts there.
            is_new: access.func == Func::FileCheck && self.cache.is_new(file),
            is_empty: file.size() == 0,
        };
        judge(rule, &evidence)
    }

    /// Whether the access may proceed as far as `rule` is concerned, and what vouches for the file. May sleep.
    ///
    /// # Errors
    ///
    /// `EACCES` if it may not; the cause is in the audit log.
    pub(crate) fn appraise(
        &self,
        access: &Access<'_>,
        rule: &Appraise,
        found: &Found<'_>,
    ) -> Result<Vouchers> {
        self.stats.appraised.count();
        let writes = access.func == Func::FileCheck && access.file.is_writable();
        let weighed = match self.weigh(access, rule, found) {
            Ok(vouchers) if writes && vouchers.are_signed() && !self.cache.is_new(access.file) => {
                Err(Cause::Immutable)
            }
            weighed => weighed,
        };
        match weighed {
            Ok(vouchers) => {
                if executes(access.func) {
                    self.cache.note_used(access.file);
                }
                self.cache.note_passed(access.file, vouchers.are_signed());
                let to_be_stored = vouchers.own.is_none()
                    && vouchers.list.is_some_and(|kind| !kind.is_immutable());
                if to_be_stored && !self.store_digest(access.file, found) {
                    // With nothing to keep, the next access comes here again.
                    return Ok(Vouchers::default());
                }
                Ok(vouchers)
            }
            Err(Cause::Immutable) => {
                self.refuse(access.file, Cause::Immutable, Some(found.digest), rule.rule)?;
                Ok(Vouchers::default())
            }
            Err(_) if self.appraisal == Mode::Fix => {
                self.store_digest(access.file, found);
                self.cache.note_passed(access.file, false);
                Ok(Vouchers::default())
            }
            Err(cause) => {
                if cause.is_of_content() {
                    self.cache.note_failed(access.file);
                }
                self.refuse(access.file, cause, Some(found.digest), rule.rule)?;
                Ok(Vouchers::default())
            }
        }
    }

    /// Whether the access goes on to execute what is in the page cache, so that it must be what was read: nobody may write
    /// the file in between. Programs need no such question but on mounts that are watched (see [`executes`]).
    pub(crate) fn must_execute_what_was_read(&self, access: &Access<'_>) -> bool {
        executes(access.func) && self.appraisal == Mode::Enforce
    }

    /// What is read of the file need not be what is used, whatever it is. May sleep.
    ///
    /// # Errors
    ///
    /// `EACCES`; the cause is in the audit log.
    pub(crate) fn appraise_unstable(&self, access: &Access<'_>, rule: &Appraise) -> Result {
        self.stats.appraised.count();
        self.refuse(access.file, Cause::UnstableContent, None, rule.rule)
    }

    /// The file cannot be read. May sleep.
    pub(crate) fn appraise_unreadable(&self, access: &Access<'_>, rule: &Appraise) -> Result {
        self.stats.appraised.count();
        self.refuse(access.file, Cause::Failed, None, rule.rule)
    }

    /// Whether rules of the policy in force refuse files.
    pub(crate) fn enforces(&self) -> bool {
        self.appraisal == Mode::Enforce && self.policies.appraises()
    }

    /// Leaves an audit record, and refuses while enforcing. May sleep.
    pub(crate) fn refuse(
        &self,
        file: &File,
        cause: Cause,
        digest: Option<&Digest>,
        rule: usize,
    ) -> Result {
        self.stats.denied.count();
        let enforced = self.appraisal == Mode::Enforce;
        self.log.audit_refusal(file, cause, digest, rule, enforced);
        if enforced {
            return Err(EACCES);
        }
        Ok(())
    }

    /// Whether a file that passed is being written by somebody who opened it then: its content is neither what it was
    /// nor what it will be, and the result holds until the last of them closes it, as in IMA.
    pub(crate) fn is_between(&self, access: &Access<'_>) -> bool {
        access.func == Func::FileCheck
            && access.file.has_other_writers()
            && self.cache.has_passed(access.file)
    }
}
