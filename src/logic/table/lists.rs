// SPDX-License-Identifier: GPL-2.0

//! Puts whole lists into and out of an index, and counts distinct digests.

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

/// How full an index is. The writer keeps it.
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
    /// Inserts all digests of `list`. The view resolves all ids in the index and those of `list`.
    /// Calls `pause` every [`GRANULE`] digests.
    ///
    /// # Errors
    ///
    /// Those of [`Index::insert`](super::Index::insert). Inserted digests stay.
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

    /// Removes all digests of `list` that are in the index, under the conditions of
    /// [`Index::remove`](super::Index::remove). Otherwise as [`Self::insert`].
    pub(super) fn remove(&self, usage: &mut Usage, list: &Placed<S>, pause: fn()) {
        for Entry { id, digest, .. } in entries(list, pause) {
            let left = (self.index).remove(&mut usage.occupancy, id, digest, |id| self.resolve(id));
            if left == Removed::Last {
                usage.distinct = usage.distinct.saturating_sub(1);
            }
        }
    }

    /// Fills the empty, unpublished index with all lists of this algorithm. Returns how full it is.
    /// Does not count distinct digests, and is therefore several times as fast as [`Self::insert`].
    ///
    /// # Errors
    ///
    /// Those of [`Index::insert`](super::Index::insert). The index is then unusable.
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

/// The entries of `list` for the index, with a pause every [`GRANULE`] digests.
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
