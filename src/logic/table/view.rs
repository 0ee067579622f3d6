// SPDX-License-Identifier: GPL-2.0

//! The table of one algorithm, for readers.

use core::ops::Deref;

use super::{
    index::Index,
    memory::List,
    GRANULE, //
};
use crate::{
    hash_algo::HashAlgo,
    list::Kind,
    num::u32_as_usize,
    verdict::{
        Reach,
        Verdict, //
    },
};

/// A list with its ids.
///
/// # Invariants
///
/// `base` is a multiple of [`GRANULE`]. The list has as many ids as digests, from `base` on.
#[derive(Clone, Copy, Debug)]
pub struct Placed<S> {
    pub(super) list: S,
    pub(super) base: u32,
}

impl<S> Placed<S>
where
    S: Deref,
    S::Target: List,
{
    /// The ids of the list.
    pub(super) fn ids(&self) -> core::ops::Range<u32> {
        self.base..self.base.saturating_add(self.list.counts().total())
    }

    /// The digest with this id, if it is one of this list.
    pub(super) fn resolve(&self, id: u32) -> Option<(Kind, &[u8])> {
        let position = id.checked_sub(self.base)?;
        let kind = self.list.counts().kind_at(position)?;
        let size = self.list.algo().digest_size();
        let start = usize::try_from(position).ok()?.checked_mul(size)?;
        let digest = self.list.digests().get(start..start.checked_add(size)?)?;
        Some((kind, digest))
    }

    /// Every digest with its id and kind.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, Kind, &[u8])> {
        self.ids().filter_map(|id| {
            let (kind, digest) = self.resolve(id)?;
            Some((id, kind, digest))
        })
    }

    /// The digests that the list revokes, which are at the end.
    pub(super) fn revoked(&self) -> impl Iterator<Item = &[u8]> {
        let counts = self.list.counts();
        let known = u32_as_usize(counts.total().saturating_sub(counts.revoked));
        let ids = self.ids().skip(known);
        ids.filter_map(|id| self.resolve(id).map(|(_, digest)| digest))
    }
}

/// A snapshot of the table of one algorithm.
#[derive(Debug)]
pub struct View<'a, S> {
    /// The algorithm.
    pub(super) algo: HashAlgo,
    /// The index.
    pub(super) index: Index<'a>,
    /// The number of the list to which each granule of ids belongs.
    pub(super) directory: &'a [u32],
    /// The lists of all algorithms, by number.
    pub(super) lists: &'a [Placed<S>],
    /// The most that the lists of this algorithm can say.
    pub(super) reach: Reach,
}

impl<'a, S> View<'a, S>
where
    S: Deref,
    S::Target: List,
{
    /// What all lists say of `digest`; [`None`] if none has it. Calls `found` with each list that
    /// has it and the number of the digest there. Ends when no other list can raise the verdict.
    /// Takes no lock and does not sleep.
    #[inline]
    pub fn verdict(&self, digest: &[u8], found: impl Fn(&S::Target, u32)) -> Option<Verdict> {
        let mut verdict: Option<Verdict> = None;
        for (list, position, kind) in self.matches(digest) {
            found(list, position);
            let one = Verdict::of(kind, list.counts_for_appraisal());
            let sum = verdict.map_or(one, |sum| sum.or(one));
            verdict = Some(sum);
            if self.reach.is_exhausted_by(&sum) {
                break;
            }
        }
        verdict
    }

    /// All lists that have `digest`, with the kind, once per kind. Takes no lock and does not sleep
    /// itself.
    #[inline]
    pub fn holders<'d>(
        &self,
        digest: &'d [u8],
    ) -> impl Iterator<Item = (&'a S::Target, Kind)> + use<'a, 'd, S> {
        self.matches(digest).map(|(list, _, kind)| (list, kind))
    }

    /// As [`Self::holders`], with the number of the digest in the list.
    #[inline]
    fn matches<'d>(
        &self,
        digest: &'d [u8],
    ) -> impl Iterator<Item = (&'a S::Target, u32, Kind)> + use<'a, 'd, S> {
        let Self {
            directory, lists, ..
        } = *self;
        self.index.candidates(digest).filter_map(move |id| {
            let placed = owner(directory, lists, id)?;
            let (kind, other) = placed.resolve(id)?;
            let position = id.wrapping_sub(placed.base);
            (other == digest).then_some((&*placed.list, position, kind))
        })
    }

    /// The kind and the digest with this id; [`None`] if it belongs to no list of this snapshot.
    pub(super) fn resolve(&self, id: u32) -> Option<(Kind, &'a [u8])> {
        owner(self.directory, self.lists, id)?.resolve(id)
    }
}

/// The list to which `id` belongs.
fn owner<'a, S>(directory: &[u32], lists: &'a [Placed<S>], id: u32) -> Option<&'a Placed<S>> {
    let granule = usize::try_from(id / GRANULE).ok()?;
    let number = *directory.get(granule)?;
    lists.get(usize::try_from(number).ok()?)
}
