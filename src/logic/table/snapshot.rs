// SPDX-License-Identifier: GPL-2.0

//! What readers see: the tables of all algorithms at one moment.
//!
//! One snapshot has all of them, so that readers see a change of lists of several algorithms as a
//! whole. It is built from the one before it and does not change once published.

use super::{
    ids,
    index::Index,
    lists::Usage,
    memory::{
        List,
        Memory, //
    },
    per_algo::PerAlgo,
    sizes,
    view::{
        Placed,
        View, //
    },
    NONE, //
};
use crate::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::Kind,
    num::u32_as_usize,
    refusal::Cause,
    siphash::Key,
    verdict::{
        Reach,
        Verdict, //
    },
};

/// A list of `M` with its owners.
pub(super) type Shared<M> = <M as Memory>::Shared<<M as Memory>::List>;

/// The table of one algorithm.
pub(super) struct Part<M: Memory> {
    /// Shared by all snapshots until the index grows or is rebuilt.
    pub(super) slots: M::Shared<M::Slots>,
    pub(super) directory: M::Array<u32>,
    reach: Reach,
}

/// The tables of all algorithms.
///
/// # Invariants
///
/// - The directory of an algorithm has the number of a list at each granule of its ids, and
///   [`NONE`] elsewhere.
/// - The reach of an algorithm is that of its lists.
/// - Once published, and until no reader holds the snapshot: each digest of each list is in the
///   index of its algorithm under its id, or under that of an equal digest of the same list and
///   kind.
pub struct Snapshot<M: Memory> {
    pub(super) parts: PerAlgo<Part<M>>,
    /// In the order of loading.
    pub(super) lists: M::Array<Placed<Shared<M>>>,
    /// The digests of list files whose revocations are damaged.
    lost: M::Array<Digest>,
    key: Key,
}

impl<M: Memory> Snapshot<M> {
    /// No lists. `key` is for the indexes of this snapshot and of those built from it.
    ///
    /// # Errors
    ///
    /// Those of memory.
    pub fn new(key: Key) -> Result<Self, M::Error> {
        // INVARIANT: There are no lists.
        Ok(Self {
            parts: PerAlgo::try_new(|_| {
                Ok::<_, M::Error>(Part {
                    slots: M::slots(sizes::MIN_SLOTS)?,
                    directory: M::array(0)?,
                    reach: Reach::default(),
                })
            })?,
            lists: M::array(0)?,
            lost: M::array(0)?,
            key,
        })
    }

    /// What the lists say of `digest`, looked up for an access: [`List::found`] is called. Takes no
    /// lock and does not sleep.
    pub fn verdict(&self, digest: &Digest) -> Option<Verdict> {
        self.find(digest, |list, position| list.found(position))
    }

    /// What the lists say of `digest`, without evidence of use. Takes no lock and does not sleep.
    pub fn peek(&self, digest: &Digest) -> Option<Verdict> {
        self.find(digest, |_, _| ())
    }

    #[inline]
    fn find(&self, digest: &Digest, found: impl Fn(&M::List, u32)) -> Option<Verdict> {
        if !self.lost.is_empty() {
            return Some(Verdict::REVOKED);
        }
        self.view(digest.algo())?.verdict(digest.as_bytes(), found)
    }

    /// The table of `algo`; [`None`] for an algorithm that is too weak.
    pub fn view(&self, algo: HashAlgo) -> Option<View<'_, Shared<M>>> {
        let part = self.parts.get(algo)?;
        Some(View {
            algo,
            index: Index::new(&part.slots, &self.key),
            directory: &part.directory,
            lists: &self.lists,
            reach: part.reach,
        })
    }

    /// The most that the lists of each algorithm can say of a file.
    pub fn reach(&self) -> PerAlgo<Reach> {
        PerAlgo(self.parts.0.each_ref().map(|part| part.reach))
    }

    /// The lists in the order of loading.
    pub fn lists(&self) -> impl Iterator<Item = &Shared<M>> {
        self.lists.iter().map(|placed| &placed.list)
    }

    /// The number of lists whose revocations are damaged. As long as there is one, every digest
    /// counts as revoked.
    pub fn lost(&self) -> usize {
        self.lost.len()
    }

    /// The bytes of indexes and directories.
    pub fn footprint(&self) -> usize {
        self.parts.iter().fold(0, |sum, (_, part)| {
            let words = part.slots.len().saturating_add(part.directory.len());
            words.saturating_mul(size_of::<u32>()).saturating_add(sum)
        })
    }

    /// Whether a revoked digest would no longer be revoked without the lists for which `gone` is
    /// true. For the snapshot in force while it cannot change. May sleep.
    pub fn unrevokes(&self, gone: impl Fn(&M::List) -> bool) -> bool {
        let leaving = self.lists.iter().filter(|placed| gone(&placed.list));
        { leaving }.any(|placed| {
            let Some(view) = self.view(placed.list.algo()) else {
                return false;
            };
            placed.revoked().any(|digest| {
                M::pause();
                let mut holders = view.holders(digest);
                !holders.any(|(list, kind)| kind == Kind::Revoked && !gone(list))
            })
        })
    }

    pub(super) fn part(&self, algo: HashAlgo) -> Result<&Part<M>, Cause> {
        self.parts.get(algo).ok_or(Cause::UnknownAlgorithm)
    }

    fn part_mut(&mut self, algo: HashAlgo) -> Result<&mut Part<M>, Cause> {
        self.parts.get_mut(algo).ok_or(Cause::UnknownAlgorithm)
    }

    /// A copy with the same indexes and ids. `change` gives for each list nothing, or one with at
    /// most as many digests. There is room for `new` lists, whose revocations are known again.
    pub(super) fn copy(
        &self,
        new: &[Shared<M>],
        mut change: impl FnMut(&Shared<M>) -> Result<Option<Shared<M>>, M::Error>,
    ) -> Result<Self, M::Error> {
        let part = |algo| {
            let part = self.part(algo)?;
            let new = new.iter().filter(|list| list.algo() == algo);
            let more = new.fold(0usize, |sum, list| {
                sum.saturating_add(u32_as_usize(ids::granules_for(list.counts().total())))
            });
            Ok::<_, M::Error>(Part {
                slots: part.slots.clone(),
                directory: M::array(part.directory.len().saturating_add(more))?,
                reach: Reach::default(),
            })
        };
        let mut next = Self {
            parts: PerAlgo::try_new(part)?,
            lists: M::array(self.lists.len().saturating_add(new.len()))?,
            lost: M::array(self.lost.len())?,
            key: self.key,
        };
        for digest in self.lost.iter() {
            if !new.iter().any(|list| list.digest() == digest) {
                M::push(&mut next.lost, *digest)?;
            }
        }
        for placed in self.lists.iter() {
            if let Some(list) = change(&placed.list)? {
                next.enter_at(list, placed.base)?;
            }
        }
        Ok(next)
    }

    /// Gives a list free ids, which the snapshot then resolves.
    pub(super) fn enter(&mut self, list: Shared<M>) -> Result<(), M::Error> {
        let directory = &self.part(list.algo())?.directory;
        let base = ids::allocate(directory, ids::granules_for(list.counts().total()))?;
        self.enter_at(list, base)
    }

    /// Resolves the ids of a list from `base` on, which are free.
    fn enter_at(&mut self, list: Shared<M>, base: u32) -> Result<(), M::Error> {
        let number = u32::try_from(self.lists.len()).map_err(|_| Cause::TooManyEntries)?;
        let part = self.part_mut(list.algo())?;
        let entries = list.counts().total();
        while part.directory.len() < ids::length_for(base, entries) {
            M::push(&mut part.directory, NONE)?;
        }
        // INVARIANT: The list gets this number below, and counts for the reach. Without memory for
        // it, the snapshot is dropped.
        ids::claim(&mut part.directory, base, entries, number)?;
        part.reach.add(&list.counts(), list.counts_for_appraisal());
        M::push(&mut self.lists, Placed { list, base })
    }

    /// Notes that the revocations of the list are damaged.
    pub(super) fn lose(&mut self, list: &Digest) -> Result<(), M::Error> {
        if self.lost.contains(list) {
            return Ok(());
        }
        M::push(&mut self.lost, *list)
    }

    /// How many digests of `algo` the lists from number `first` on have.
    pub(super) fn entries(&self, algo: HashAlgo, first: usize) -> usize {
        let lists = self.lists().skip(first).filter(|list| list.algo() == algo);
        lists.fold(0, |sum, list| {
            sum.saturating_add(u32_as_usize(list.counts().total()))
        })
    }

    /// Makes a larger index of `algo` if the lists from number `first` on do not fit beside the
    /// others, which are in it. Returns whether it did.
    pub(super) fn make_room(
        &mut self,
        algo: HashAlgo,
        first: usize,
        usage: &mut Usage,
    ) -> Result<bool, M::Error> {
        let entries = self.entries(algo, first);
        if (usage.occupancy).has_room(self.part(algo)?.slots.len(), entries) {
            return Ok(false);
        }
        let slots = M::slots(usage.occupancy.slots_with(entries))?;
        let old = View {
            index: Index::new(&slots, &self.key),
            lists: self.lists.get(..first).unwrap_or_default(),
            ..self.view(algo).ok_or(Cause::UnknownAlgorithm)?
        };
        usage.occupancy = old.fill(M::pause)?;
        self.part_mut(algo)?.slots = slots;
        Ok(true)
    }

    /// Rebuilds the index of `algo` in the size for its lists.
    pub(super) fn rebuild(&mut self, algo: HashAlgo) -> Result<Usage, M::Error> {
        let slots = M::slots(sizes::slots_for(self.entries(algo, 0)))?;
        self.part_mut(algo)?.slots = slots;
        let mut usage = Usage::default();
        let view = self.view(algo).ok_or(Cause::UnknownAlgorithm)?;
        for placed in view.lists.iter().filter(|p| p.list.algo() == algo) {
            view.insert(&mut usage, placed, M::pause)?;
        }
        Ok(usage)
    }

    /// Inserts the lists from number `first` on into the indexes, or none of them. The snapshot is
    /// not published yet.
    pub(super) fn insert(&self, first: usize, usage: &mut PerAlgo<Usage>) -> Result<(), Cause> {
        let new = || self.lists.iter().skip(first);
        let result = new().try_for_each(|placed| {
            let algo = placed.list.algo();
            let table = self.view(algo).zip(usage.get_mut(algo));
            let (view, usage) = table.ok_or(Cause::UnknownAlgorithm)?;
            view.insert(usage, placed, M::pause)
        });
        if result.is_err() {
            // They were never published, so no reader resolves them.
            self.remove(new(), usage);
        }
        result
    }

    /// Removes `lists`, which this snapshot resolves, from its indexes. No reader resolves them.
    pub(super) fn remove<'a>(
        &'a self,
        lists: impl Iterator<Item = &'a Placed<Shared<M>>>,
        usage: &mut PerAlgo<Usage>,
    ) {
        for placed in lists {
            let algo = placed.list.algo();
            if let (Some(view), Some(usage)) = (self.view(algo), usage.get_mut(algo)) {
                view.remove(usage, placed, M::pause);
            }
        }
    }
}
