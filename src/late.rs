// SPDX-License-Identifier: GPL-2.0

//! Mappings that became executable: evaluated afterwards, when it is too late to refuse.
//!
//! So nothing may let the content escape the log. A task that is being killed cannot read, but its memory need not go
//! with it: whoever was cloned with `CLONE_VM` executes in it as well.

use crate::{
    evaluate::Access,
    log::Violation,
    monitor::Monitor,
    sys::{
        file::File,
        lsm::Handler,
        task, //
    },
};
use digest_logic::policy::{
    Func,
    Mask, //
};
use kernel::prelude::*;

/// How often the evaluation is tried again, with signals hidden, by a task that is being killed. That happens once, be it
/// before the first attempt or during it; the rest is for the unforeseen.
const RETRIES: usize = 2;

impl Monitor {
    /// Evaluates `file`, a mapping of which became executable, and records a violation if that fails. May sleep.
    pub(crate) fn evaluate_late(&self, file: &File) {
        let mut result = self.map_exec(file, true, true);
        for _ in 0..RETRIES {
            // A server that does not answer would make the task immortal.
            if result != Err(EINTR) || !file.content_is_stable() {
                break;
            }
            result = task::with_signals_hidden(|| self.map_exec(file, true, true));
        }
        match result {
            // What is refused was recorded before.
            Ok(()) => (),
            Err(e) if e == EACCES => (),
            Err(e) => self.report_unseen(file, e),
        }
    }

    /// Records that nobody knows what may be executed, where it would have been measured.
    fn report_unseen(&self, file: &File, error: Error) {
        self.stats.unreadable.count();
        let mut told = None;
        for func in [Func::MmapCheckReqprot, Func::MmapCheck] {
            let access = Access::new(file, func, Mask::EXEC);
            let Some(rule) = self.policies.decide(&access).measure else {
                continue;
            };
            let pcr = rule.pcr.map_or(self.log.pcr(), u32::from);
            if told == Some(pcr) {
                continue;
            }
            told = Some(pcr);
            let why = Violation::Unreadable(error);
            if let Err(e) = self.log.violation(&self.stats, pcr, file, why) {
                pr_err!(
                    "a file that became executable could neither be measured nor recorded ({})\n",
                    e.to_errno()
                );
            }
        }
    }
}
