// SPDX-License-Identifier: GPL-2.0

//! From an id to its digest: arenas, and the snapshot a reader looks digests up in.
//!
//! Who owns the memory of an arena and how a snapshot is published is the caller's business; see [`super`].

use super::{
    index::{
        Found,
        Index, //
    },
    GRANULE, //
};
use crate::{
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind, //
    }, //
};

/// The digests of one list.
#[derive(Clone, Copy, Debug)]
pub struct ArenaView<'a> {
    /// The id of the first digest, a multiple of [`GRANULE`].
    pub base: u32,
    /// How many digests of each kind there are.
    pub counts: Counts,
    /// The digests side by side: immutable, mutable, revoked.
    pub digests: &'a [u8],
}

impl<'a> ArenaView<'a> {
    /// The ids of the list.
    pub const fn ids(&self) -> core::ops::Range<u32> {
        self.base..self.base.saturating_add(self.counts.total())
    }

    /// The digest with this id, if it is one of this list.
    #[inline]
    pub fn resolve(&self, id: u32, algo: HashAlgo) -> Option<(Kind, &'a [u8])> {
        let position = id.checked_sub(self.base)?;
        let kind = self.counts.kind_at(position)?;
        let size = algo.digest_size();
        let start = usize::try_from(position).ok()?.checked_mul(size)?;
        let digest = self.digests.get(start..start.checked_add(size)?)?;
        Some((kind, digest))
    }

    /// Every digest with its id and kind.
    pub fn entries(&self, algo: HashAlgo) -> impl Iterator<Item = (u32, Kind, &'a [u8])> + use<'a> {
        let arena = *self;
        self.ids().filter_map(move |id| {
            let (kind, digest) = arena.resolve(id, algo)?;
            Some((id, kind, digest))
        })
    }
}

/// What may stand in a snapshot's array of arenas.
pub trait Arena {
    /// The arena, or `None` where a list was removed.
    fn arena(&self) -> Option<ArenaView<'_>>;
}

impl Arena for ArenaView<'_> {
    #[inline]
    fn arena(&self) -> Option<ArenaView<'_>> {
        Some(*self)
    }
}

impl<A: Arena> Arena for Option<A> {
    #[inline]
    fn arena(&self) -> Option<ArenaView<'_>> {
        self.as_ref()?.arena()
    }
}

impl<A: Arena + ?Sized> Arena for &A {
    #[inline]
    fn arena(&self) -> Option<ArenaView<'_>> {
        (**self).arena()
    }
}

/// A snapshot of the table of one algorithm, as a reader holds it.
#[derive(Debug)]
pub struct View<'a, A> {
    /// The algorithm of every digest.
    pub algo: HashAlgo,
    /// The index.
    pub index: Index<'a>,
    /// The number of the arena of each granule.
    pub directory: &'a [u32],
    /// The arenas, by number.
    pub arenas: &'a [A],
    /// Whether any list has revoked digests; without, a search may end at the first immutable match.
    pub any_revoked: bool,
}

impl<A> Clone for View<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for View<'_, A> {}

impl<'a, A: Arena> View<'a, A> {
    /// What the loaded lists say of `digest`; `None` if no list holds it.
    ///
    /// Takes no lock and does not sleep.
    #[inline]
    pub fn lookup(&self, digest: &[u8]) -> Option<Found> {
        let decisive = if self.any_revoked {
            Kind::Revoked
        } else {
            Kind::Immutable
        };
        self.index
            .lookup_until(decisive, digest, |id| self.resolve(id))
    }

    /// Calls `visit` for every list that holds `digest`.
    pub fn for_each_match(&self, digest: &[u8], visit: impl FnMut(Found)) {
        self.index
            .for_each_match(digest, |id| self.resolve(id), visit);
    }

    /// The element of [`Self::arenas`] to which `id` belongs.
    #[inline]
    pub fn owner(&self, id: u32) -> Option<&'a A> {
        let granule = usize::try_from(id / GRANULE).ok()?;
        let number = *self.directory.get(granule)?;
        self.arenas.get(usize::try_from(number).ok()?)
    }

    /// The digest with this id; `None` if it belongs to no list of this snapshot.
    #[inline]
    pub fn resolve(&self, id: u32) -> Option<(Kind, &'a [u8])> {
        self.owner(id)?.arena()?.resolve(id, self.algo)
    }
}
