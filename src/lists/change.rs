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

/// The lists while only this request may change them.
pub(crate) struct Change<'a> {
    lists: &'a Lists,
    _changing: MutexGuard<'a, ()>,
}

impl Lists {
    /// Excludes other requests from changing the lists. May sleep.
    pub(crate) fn change(&self) -> Change<'_> {
        Change {
            lists: self,
            _changing: self.changing.lock(),
        }
    }
}

impl Change<'_> {
    /// A batch of lists to load.
    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch::new(self.lists)
    }

    /// Whether the list file whose SHA-256 is `digest` is loaded. Does not sleep.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        let snapshot = self.lists.table.snapshot();
        let mut lists = snapshot.lists();
        lists.any(|list| list.digest == *digest)
    }

    /// Removes the lists whose files have one of `digests`, all at once. `record` is called when
    /// nothing else can fail, because afterwards files may be used that the lists revoked. May
    /// sleep.
    ///
    /// # Errors
    ///
    /// [`Cause::WouldUnrevoke`] with `keep_revoked` if a revoked digest would no longer be revoked;
    /// those of the table and of `record`. Nothing is removed then.
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

    /// Removes the lists of which a higher serial number is in force. Before that, `record` gets
    /// their digests, one per line. Returns how many there were, and whether unsigned ones stay.
    /// May sleep.
    ///
    /// A signer ends a revocation by leaving the digest out of the next edition, whatever
    /// `keep_revoked` says. For unsigned lists, which are root's, the rule of [`Change::remove`]
    /// holds: a list that it protects stays in force beside the newer one.
    ///
    /// # Errors
    ///
    /// Those of the table and of `record`. The older lists then stay in force beside the newer
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
    /// `EINTR` if the task is killed; `ENOMEM`.
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

    /// Takes out `damaged` lists and counts them. Intact revocations stay. May sleep.
    pub(crate) fn withdraw(&self, damaged: &[(Arc<List>, Damage)]) -> Result<(), Reason> {
        self.lists.corrupted.add(usize_as_u64(damaged.len()));
        self.lists.table.withdraw(damaged)
    }
}
