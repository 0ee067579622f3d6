// SPDX-License-Identifier: GPL-2.0

//! The shortcut: an access that needs nothing done, because the same access needed nothing before.

use super::{
    fast::{
        Answer,
        Question, //
    },
    Cache, //
};
use crate::sys::{
    atomic::{
        smp_mb_after_atomic,
        smp_rmb, //
    },
    cred::Cred,
    file::File,
    witness::Witness, //
};
use digest_logic::cache::Signs;
use kernel::prelude::*;

impl Cache {
    /// The question whether an access of `kind` needs anything done under `generation`, that of
    /// policy and lists. None if the answer depends on more than a question has.
    #[inline(always)]
    fn question(
        &self,
        kind: u32,
        file: &File,
        cred: Cred<'_>,
        generation: u64,
    ) -> Option<Question> {
        // The kernel has counted this reader, by `i_readcount_inc()`, which orders nothing. Pairs
        // with the full barrier in `get_write_access()`: either the writer is counted here, or it
        // sees the reader; and with that of `Epochs::advance()` in an eviction.
        smp_mb_after_atomic();
        let witness = Witness::of(file, cred)?;
        // In this order: a close is counted while it still counts as a writer.
        smp_rmb();
        let epoch = self.epochs.now(witness.key);
        let Signs {
            version,
            ctime,
            shape,
        } = witness.signs;
        Some(Question([
            witness.key.word(),
            version,
            ctime,
            u64::from(kind) << 32 | u64::from(shape),
            witness.ids,
            epoch,
            generation,
        ]))
    }

    /// Why nothing needs to be done for an access of `kind`, if that is known. Takes no lock, does
    /// not sleep.
    #[inline(always)]
    pub(crate) fn answer(
        &self,
        kind: u32,
        file: &File,
        cred: Cred<'_>,
        generation: u64,
    ) -> Option<Answer> {
        let question = self.question(kind, file, cred, generation)?;
        self.fast.answer(&question)
    }

    /// Runs `evaluate`, which returns whether nothing had to be done. Notes that, unless something
    /// changed meanwhile. `generation` is called before and after. May sleep.
    pub(crate) fn settle(
        &self,
        kind: u32,
        file: &File,
        cred: Cred<'_>,
        generation: impl Fn() -> Option<u64>,
        evaluate: impl FnOnce() -> Result<Option<Answer>>,
    ) -> Result {
        // Only an inode with change tracking shows every later change.
        let armed = Witness::of(file, cred).is_some() && file.arm_change_tracking().is_ok();
        let ask = || self.question(kind, file, cred, generation()?);
        let before = armed.then(ask).flatten();
        let answer = evaluate()?;
        if let (Some(answer), Some(question)) = (answer, before) {
            if ask() == Some(question) {
                self.fast.put(&question, answer);
            }
        }
        Ok(())
    }
}
