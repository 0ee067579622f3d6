// SPDX-License-Identifier: GPL-2.0

//! The requests that change which lists are loaded, one at a time.

use super::{
    batch::Batch,
    list::{
        Damage,
        List, //
    },
    Lists, //
};
use crate::{
    reason::Reason,
    sys::{
        task,
        text::Text, //
    },
};
use core::fmt::Write;
use digest_logic::{
    digest::Digest,
    num::usize_as_u64,
    refusal::Cause, //
};
use kernel::{
    prelude::*,
    sync::{
        Arc,
        MutexGuard, //
    },
};

/// The lists, while nothing else changes them.
pub(crate) struct Change<'a> {
    lists: &'a Lists,
    _changing: MutexGuard<'a, ()>,
}

impl Lists {
    /// Keeps others from changing the lists. May sleep.
    pub(crate) fn change(&self) -> Change<'_> {
        Change {
            lists: self,
            _changing: self.changing.lock(),
        }
    }
}

impl Change<'_> {
    /// Lists to load.
    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch::new(self.lists)
    }

    /// Whether the list file whose SHA-256 is `digest` is loaded. Does not sleep.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        let snapshot = self.lists.table.snapshot();
        let mut lists = snapshot.lists();
        lists.any(|list| list.digest == *digest)
    }

    /// Removes the lists whose files have one of `digests`, all of them at once. `record` is called
    /// when nothing else can fail any more: what was revoked by them may be used right after. May
    /// sleep.
    ///
    /// # Errors
    ///
    /// [`Cause::WouldUnrevoke`] if a digest that is revoked would be so no more and `keep_revoked`
    /// says that it must; those of the table and of `record`. Nothing is removed then.
    pub(crate) fn remove(
        &self,
        digests: &[Digest],
        keep_revoked: bool,
        record: impl FnOnce() -> Result,
    ) -> Result<(), Reason> {
        let gone = |list: &List| digests.contains(&list.digest);
        if keep_revoked && self.lists.table.unrevokes(gone) {
            return Err(Cause::WouldUnrevoke.into());
        }
        self.lists.table.remove(gone, record)
    }

    /// Removes the lists of which a higher serial number is in force, after `record` has recorded
    /// their digests, one per line; returns how many these are, and whether unsigned ones stay. May
    /// sleep.
    ///
    /// A signer takes back what it revoked by leaving it out of the next edition, whatever
    /// `keep_revoked` says. An unsigned list is root's, and keeps to the rule of
    /// [`Change::remove`]: it stays in force, beside the newer one, where that rule forbids to
    /// remove it.
    ///
    /// # Errors
    ///
    /// Those of the table and of `record`; the older lists stay in force then, beside the newer
    /// ones.
    pub(crate) fn remove_older(
        &self,
        keep_revoked: bool,
        record: impl FnOnce(&Text) -> Result,
    ) -> Result<(usize, bool), Reason> {
        let floors = self.lists.floors.lock();
        let mut older = Text::new();
        let mut count = 0usize;
        let unsigned = |list: &List| list.signer.is_none() && floors.is_renewed(list);
        let unsigned_stay = keep_revoked && self.lists.table.unrevokes(unsigned);
        let gone =
            |list: &List| floors.is_renewed(list) && !(unsigned_stay && list.signer.is_none());
        for list in self.lists.table.snapshot().lists() {
            if gone(list) {
                writeln!(older, "{}", list.digest).map_err(|_| ENOMEM)?;
                count = count.saturating_add(1);
            }
        }
        if count > 0 {
            self.lists.table.remove(gone, || record(&older))?;
        }
        Ok((count, unsigned_stay))
    }

    /// The lists whose digests in memory have changed since they were loaded. May sleep.
    ///
    /// # Errors
    ///
    /// `EINTR` if the task is being killed; `ENOMEM`.
    pub(crate) fn damaged(&self) -> Result<KVVec<(Arc<List>, Damage)>> {
        let mut damaged = KVVec::new();
        for list in self.lists.table.snapshot().lists() {
            if task::is_being_killed() {
                return Err(EINTR);
            }
            if let Some(damage) = list.damage() {
                damaged.push((list.clone(), damage), GFP_KERNEL)?;
            }
            task::yield_now();
        }
        Ok(damaged)
    }

    /// Takes `damaged` lists out and counts them. Revocations that are intact stay. May sleep.
    pub(crate) fn withdraw(&self, damaged: &[(Arc<List>, Damage)]) -> Result<(), Reason> {
        self.lists.corrupted.add(usize_as_u64(damaged.len()));
        self.lists.table.withdraw(damaged)
    }
}
