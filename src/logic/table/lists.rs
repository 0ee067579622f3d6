// SPDX-License-Identifier: GPL-2.0

//! Whole lists into and out of an index, with the number of distinct digests.

use core::ops::Deref;

use super::{
    index::{
        Entry,
        Inserted,
        Removed, //
    },
    memory::List,
    sizes::Occupancy,
    view::{
        Placed,
        View, //
    },
    GRANULE, //
};
use crate::refusal::Result;

/// How much is in one index; kept by the writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Its slots.
    pub occupancy: Occupancy,
    /// Its distinct digests.
    pub distinct: u64,
}

impl<S> View<'_, S>
where
    S: Deref,
    S::Target: List,
{
    /// Inserts every digest of `list`. The view resolves every id that is in the index and those of
    /// `list`. `pause` is called every [`GRANULE`] digests.
    ///
    /// # Errors
    ///
    /// Those of [`Index::insert`](super::Index::insert); what was inserted stays.
    pub(super) fn insert(&self, usage: &mut Usage, list: &Placed<S>, pause: fn()) -> Result {
        for entry in entries(list, pause) {
            let inserted =
                (self.index).insert(&mut usage.occupancy, &entry, |id| self.resolve(id))?;
            if inserted == Inserted::New {
                usage.distinct = usage.distinct.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Removes every digest of `list` that is in the index. The conditions of
    /// [`Index::remove`](super::Index::remove) hold; the rest is as in [`Self::insert`].
    pub(super) fn remove(&self, usage: &mut Usage, list: &Placed<S>, pause: fn()) {
        for Entry { id, digest, .. } in entries(list, pause) {
            let left = (self.index).remove(&mut usage.occupancy, id, digest, |id| self.resolve(id));
            if left == Removed::Last {
                usage.distinct = usage.distinct.saturating_sub(1);
            }
        }
    }

    /// Fills the index, which is empty and not published, with every list of this algorithm, and
    /// returns how full it is. Does not count distinct digests, and is several times as fast as
    /// [`Self::insert`] for that.
    ///
    /// # Errors
    ///
    /// Those of [`Index::insert`](super::Index::insert); the index is of no use then.
    pub(super) fn fill(&self, pause: fn()) -> Result<Occupancy> {
        let mut occupancy = Occupancy::default();
        for list in self.lists.iter().filter(|l| l.list.algo() == self.algo) {
            for entry in entries(list, pause) {
                let resolve = |id| self.resolve(id);
                (self.index).place(&mut occupancy, &entry, Inserted::Known, resolve)?;
            }
        }
        Ok(occupancy)
    }
}

/// What of `list` goes into the index, with a pause after every [`GRANULE`] digests.
fn entries<S>(list: &Placed<S>, pause: fn()) -> impl Iterator<Item = Entry<'_>>
where
    S: Deref,
    S::Target: List,
{
    let ids = list.ids();
    list.entries().map(move |(id, kind, digest)| {
        if id % GRANULE == 0 {
            pause();
        }
        Entry {
            id,
            kind,
            digest,
            list: ids.clone(),
        }
    })
}
