// SPDX-License-Identifier: GPL-2.0

//! Mappings that became executable: evaluated afterwards, when it is too late to refuse.
//!
//! So nothing may let the content escape the log. Between the moment at which it became executable and the one at which
//! it is read here, another task can execute it and write it: if something had it open for writing then, or had since,
//! that is recorded. A task that is being killed cannot read, but its memory need not go with it: one that was cloned with
//! `CLONE_VM` executes in it as well. What it leaves unread is recorded as unreadable at once, so that it dies at once.

use crate::{
    access::{
        appraise::MAPS,
        evaluate::Access, //
    },
    cache::Look,
    log::Violation,
    monitor::Monitor,
    sys::{
        file::File,
        lsm::Handler, //
    },
};
use digest_logic::policy::Mask;
use kernel::prelude::*;

impl Monitor {
    /// A mapping of `file` is about to become executable. May sleep, but does not read the file.
    pub(crate) fn begin_late(&self, file: &File) -> Look {
        self.cache.watch(file);
        self.cache.glance(file)
    }

    /// Evaluates `file`, a mapping of which became executable when `look` began, and records a violation if that fails, or
    /// if it may be too late. May sleep.
    pub(crate) fn evaluate_late(&self, file: &File, look: &Look) {
        match self.map_exec(file, true, true) {
            // What is refused was recorded before.
            Ok(()) => (),
            Err(e) if e == EACCES => (),
            Err(e) => {
                self.stats.unreadable.count();
                if self.cache.note_unreadable(file) {
                    self.record_late(file, || Violation::Unreadable(e));
                }
            }
        }
        if !self.cache.is_unchanged(file, look) && self.cache.note_late_writers(file) {
            self.record_late(file, || Violation::OpenWriters);
        }
    }

    /// Records that it is not known what may be executed, where it would have been measured.
    fn record_late(&self, file: &File, why: impl Fn() -> Violation) {
        if !file.is_regular() {
            return;
        }
        let mut told = None;
        for func in MAPS {
            let access = Access::new(file, func, Mask::EXEC);
            let Some(rule) = self.policies.decide(&access).measure else {
                continue;
            };
            let pcr = rule.pcr.map_or(self.log.pcr(), u32::from);
            if told == Some(pcr) {
                continue;
            }
            told = Some(pcr);
            if let Err(e) = self.log.violation(pcr, file, why()) {
                pr_err!(
                    "a file that became executable could neither be measured nor recorded ({})\n",
                    e.to_errno()
                );
            }
        }
    }
}
