// SPDX-License-Identifier: GPL-2.0

//! The digest tables in kernel memory, one per algorithm: a snapshot under RCU around the algorithms of
//! `digest_logic::table`.
//!
//! The order of publication, and why readers never see half of it, is told there. One snapshot has the tables of all
//! algorithms, so that a write is seen whole whatever algorithms its lists use. This file owns the memory but for the
//! arenas: an index per algorithm, which snapshots share until its size changes, a directory per algorithm and an array
//! of lists per snapshot.

use super::list::{
    Damage,
    List,
    Loaded, //
};
use crate::{
    reason::Reason,
    sys::{
        pages::Sealed,
        random,
        rcu_cell::RcuCell,
        task, //
    },
};
use core::sync::atomic::{
    AtomicU32,
    AtomicU64,
    Ordering, //
};
use digest_logic::{
    digest::Digest,
    error::Error as Cause,
    hash_algo::HashAlgo,
    list::Kind,
    siphash::Key,
    table::{
        ids,
        insert_arena,
        refill,
        remove_arena,
        sizes,
        Arena,
        Index,
        Occupancy,
        View,
        NONE, //
    },
    verdict::{
        Reach,
        Verdict, //
    },
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        rcu,
        Arc,
        Mutex, //
    },
};

/// The algorithms of digests, in the order in which a file is hashed.
pub(super) const ALGOS: [HashAlgo; 3] = HashAlgo::STRONG;

/// One number per algorithm.
pub(super) type PerAlgo<T> = [T; ALGOS.len()];

/// The table of one algorithm, as a snapshot holds it.
struct Part {
    slots: Arc<VVec<AtomicU32>>,
    directory: KVVec<u32>,
    /// The most that its lists can say.
    reach: Reach,
}

/// What readers see: nothing in it changes but the slots of the indexes, whose changes mean nothing to a snapshot that
/// does not resolve them.
pub(super) struct Snapshot {
    parts: PerAlgo<Part>,
    lists: KVVec<Loaded>,
    /// The lists of which nobody can tell any more what they revoked. While there is one, every digest counts as revoked.
    lost: KVVec<Digest>,
    key: Key,
}

impl Snapshot {
    fn part(&self, algo: HashAlgo) -> Option<&Part> {
        ALGOS
            .iter()
            .zip(&self.parts)
            .find_map(|(a, part)| (*a == algo).then_some(part))
    }

    fn view(&self, algo: HashAlgo) -> Option<View<'_, Loaded>> {
        let part = self.part(algo)?;
        Some(View {
            algo,
            index: Index::new(&part.slots, &self.key),
            directory: &part.directory,
            arenas: &self.lists,
            any_revoked: part.reach.revokes(),
        })
    }

    /// The lists in the order of loading.
    pub(super) fn lists(&self) -> impl Iterator<Item = &Arc<List>> {
        self.lists.iter().map(|list| &list.0)
    }

    /// The list with this digest, whole.
    pub(super) fn list(&self, digest: &Digest) -> Option<&Arc<List>> {
        self.lists()
            .find(|list| list.digest == *digest && !list.is_rest)
    }

    /// Whether anything of the list with this digest is there.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.lists().any(|list| list.digest == *digest)
    }

    /// How many lists there are of which nobody can tell any more what they revoked.
    pub(super) fn lost(&self) -> usize {
        self.lost.len()
    }

    /// What the lists say of `digest`. Takes no lock, does not sleep.
    fn verdict(&self, digest: &Digest) -> Option<Verdict> {
        if !self.lost.is_empty() {
            return Some(Verdict::REVOKED);
        }
        let view = self.view(digest.algo())?;
        let mut verdict: Option<Verdict> = None;
        view.for_each_match(digest.as_bytes(), |found| {
            let Some(list) = view.owner(found.id).map(|loaded| &loaded.0) else {
                return;
            };
            list.hits.fetch_add(1, Ordering::Relaxed);
            let one = Verdict::of(found.kind, list.actions.measure, list.actions.appraise);
            verdict = Some(verdict.map_or(one, |sum| sum.or(one)));
        });
        verdict
    }

    /// The bytes that all of it takes.
    pub(super) fn memory(&self) -> usize {
        let mut sum = 0usize;
        let mut last: Option<&Arc<Sealed>> = None;
        // Lists that share memory stand side by side.
        for list in self.lists() {
            if last.is_none_or(|last| !Arc::ptr_eq(last, &list.memory)) {
                sum = sum.saturating_add(list.memory.footprint());
                last = Some(&list.memory);
            }
            sum = sum.saturating_add(list.footprint());
        }
        for part in &self.parts {
            let words = part.slots.len().saturating_add(part.directory.len());
            sum = sum.saturating_add(words.saturating_mul(size_of::<u32>()));
        }
        sum
    }

    /// A copy with the same indexes and with what `change` makes of each list: nothing, or one that takes no more ids.
    /// There is room for `more` lists.
    fn copy(
        &self,
        more: usize,
        mut change: impl FnMut(&Arc<List>) -> Result<Option<Arc<List>>, Reason>,
    ) -> Result<Self, Reason> {
        let mut lost = KVVec::new();
        lost.extend_from_slice(&self.lost, GFP_KERNEL)?;
        let mut next = Self {
            parts: self.parts.each_ref().map(|part| Part {
                slots: part.slots.clone(),
                directory: KVVec::new(),
                reach: Reach::default(),
            }),
            lists: KVVec::with_capacity(self.lists.len().saturating_add(more), GFP_KERNEL)?,
            lost,
            key: self.key,
        };
        for list in self.lists() {
            if let Some(list) = change(list)? {
                next.take(list)?;
            }
        }
        Ok(next)
    }

    /// Resolves a list, whose ids are free or new, as well.
    fn take(&mut self, list: Arc<List>) -> Result<(), Reason> {
        let number = u32::try_from(self.lists.len()).map_err(|_| Cause::TooManyEntries)?;
        let part = ALGOS
            .iter()
            .zip(&mut self.parts)
            .find_map(|(algo, part)| (*algo == list.algo).then_some(part))
            .ok_or(Cause::UnknownAlgorithm)?;
        let end = list
            .base
            .checked_div(digest_logic::table::GRANULE)
            .and_then(|first| first.checked_add(ids::granules_for(list.counts.total())))
            .and_then(|end| usize::try_from(end).ok())
            .ok_or(Cause::TooManyEntries)?;
        while part.directory.len() < end {
            part.directory.push(NONE, GFP_KERNEL)?;
        }
        ids::claim(&mut part.directory, list.base, list.counts.total(), number)?;
        part.reach
            .add(&list.counts, list.actions.measure, list.actions.appraise);
        self.lists.push(Loaded(list), GFP_KERNEL)?;
        Ok(())
    }

    /// Free ids for `list`.
    fn ids_for(&self, list: &List) -> Result<u32, Reason> {
        let directory = &self
            .part(list.algo)
            .ok_or(Cause::UnknownAlgorithm)?
            .directory;
        let granules = ids::granules_for(list.counts.total());
        if let Some(base) = ids::allocate(directory, granules) {
            return Ok(base);
        }
        let start = ids::grown_len(directory, granules)?
            .checked_sub(granules as usize)
            .and_then(|start| u32::try_from(start).ok())
            .and_then(|start| start.checked_mul(digest_logic::table::GRANULE));
        Ok(start.ok_or(Cause::TooManyEntries)?)
    }
}

/// What only the writer knows of one algorithm's table.
#[derive(Clone, Copy, Default)]
struct Usage {
    occupancy: Occupancy,
    /// Distinct digests.
    distinct: u64,
}

/// The tables.
#[pin_data]
pub(super) struct Table {
    current: RcuCell<Snapshot>,
    generation: AtomicU64,
    digests: AtomicU64,
    /// What all of it may take, in bytes.
    max_memory: usize,
    #[pin]
    writer: Mutex<PerAlgo<Usage>>,
}

impl Table {
    /// Empty tables that may grow to `max_memory` bytes. May sleep.
    pub(super) fn new(max_memory: usize) -> impl PinInit<Self, Error> {
        let empty = || {
            let part = || {
                Ok::<_, Error>(Part {
                    slots: empty_slots(sizes::MIN_SLOTS)?,
                    directory: KVVec::new(),
                    reach: Reach::default(),
                })
            };
            Ok::<_, Error>(RcuCell::new(Arc::new(
                Snapshot {
                    parts: [part()?, part()?, part()?],
                    lists: KVVec::new(),
                    lost: KVVec::new(),
                    key: Key([random::u64(), random::u64()]),
                },
                GFP_KERNEL,
            )?))
        };
        try_pin_init!(Self {
            current: empty()?,
            generation: AtomicU64::new(1),
            digests: AtomicU64::new(0),
            max_memory,
            writer <- new_mutex!([Usage::default(); ALGOS.len()]),
        })
    }

    /// What the lists say of `digest`. Takes no lock, does not sleep.
    pub(super) fn verdict(&self, digest: &Digest) -> Option<Verdict> {
        let guard = rcu::read_lock();
        self.current.read(&guard).verdict(digest)
    }

    /// The most that the lists of each algorithm can say of a file.
    pub(super) fn reach(&self) -> PerAlgo<Reach> {
        let guard = rcu::read_lock();
        self.current
            .read(&guard)
            .parts
            .each_ref()
            .map(|part| part.reach)
    }

    /// A number that changes with every publication.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Changes that number.
    pub(super) fn next_generation(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// How many distinct digests there are, over all algorithms.
    pub(super) fn digests(&self) -> u64 {
        self.digests.load(Ordering::Relaxed)
    }

    /// What readers see now. Its lists may be walked; digests may not be looked up in it, since ids are reused.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load()
    }

    /// Calls `visit` for every list that holds `digest`. May sleep; writers wait meanwhile.
    pub(super) fn for_each_holder(&self, digest: &Digest, mut visit: impl FnMut(&List, Kind)) {
        let _writer = self.writer.lock();
        let now = self.current.load();
        let Some(view) = now.view(digest.algo()) else {
            return;
        };
        view.for_each_match(digest.as_bytes(), |found| {
            if let Some(list) = view.owner(found.id) {
                visit(&list.0, found.kind);
            }
        });
    }

    /// The bytes that `entries` more digests take in indexes and directories while they are being added: what readers
    /// use goes only after they have the new ones. May sleep.
    fn growth(&self, entries: &PerAlgo<usize>) -> usize {
        let writer = self.writer.lock();
        let now = self.current.load();
        let mut words = 0usize;
        for ((part, usage), more) in now.parts.iter().zip(writer.iter()).zip(entries) {
            if !usage.occupancy.has_room(part.slots.len(), *more) {
                words = words.saturating_add(usage.occupancy.slots_with(*more));
            }
            let granules = more.div_ceil(digest_logic::table::GRANULE as usize);
            words = words
                .saturating_add(part.directory.len())
                .saturating_add(granules);
        }
        words
            .saturating_mul(size_of::<u32>())
            .saturating_add(now.lists.len().saturating_mul(size_of::<Loaded>()))
    }

    /// Whether `more` bytes of digests and lists, which are `entries` digests, would be over the limit. `used` is what
    /// [`Snapshot::memory`] says. May sleep.
    ///
    /// # Errors
    ///
    /// [`Reason::MemoryLimit`].
    pub(super) fn check_limit(
        &self,
        used: usize,
        more: usize,
        entries: &PerAlgo<usize>,
    ) -> Result<(), Reason> {
        let total = used
            .saturating_add(more)
            .saturating_add(self.growth(entries));
        if total > self.max_memory {
            return Err(Reason::MemoryLimit);
        }
        Ok(())
    }

    /// Puts all of `lists`, none of which is loaded, and all of `changed`, which stand for loaded lists with the same
    /// digests, into the tables at once, or none. May sleep.
    pub(super) fn add(&self, lists: KVVec<List>, changed: &KVVec<Arc<List>>) -> Result<(), Reason> {
        let mut writer = self.writer.lock();
        let old = self.current.load();
        let first = old.lists.len();
        let mut next = old.copy(lists.len(), |list| {
            let other = changed
                .iter()
                .find(|new| new.digest == list.digest && !list.is_rest);
            Ok(Some(other.unwrap_or(list).clone()))
        })?;
        // What a list that is loaded again revokes is known again.
        let mut lost = KVVec::new();
        for digest in &next.lost {
            if !lists.iter().any(|list| list.digest == *digest) {
                lost.push(*digest, GFP_KERNEL)?;
            }
        }
        next.lost = lost;
        for mut list in lists {
            list.base = next.ids_for(&list)?;
            next.take(Arc::new(list, GFP_KERNEL)?)?;
        }

        let mut usage = *writer;
        for ((algo, part), usage) in ALGOS.iter().zip(&old.parts).zip(&mut usage) {
            let entries = entries_of(next.lists().skip(first), *algo);
            if !usage.occupancy.has_room(part.slots.len(), entries) {
                let slots = empty_slots(usage.occupancy.slots_with(entries))?;
                usage.occupancy = fill(&slots, &old, *algo)?;
                next.set_slots(*algo, slots);
            }
        }
        let next = Arc::new(next, GFP_KERNEL)?;
        if let Err(reason) = next.insert(first, &mut usage) {
            // What was inserted was removed again; slots that `old` uses may have changed on the way.
            for (((now, was), new), old) in writer
                .iter_mut()
                .zip(usage)
                .zip(&next.parts)
                .zip(&old.parts)
            {
                if Arc::ptr_eq(&new.slots, &old.slots) {
                    now.occupancy = was.occupancy;
                }
            }
            return Err(reason);
        }

        drop(self.current.replace_expedited(next));
        *writer = usage;
        self.published(&writer);
        Ok(())
    }

    /// Whether a digest that is revoked would be so no more without the lists for which `gone` says so. May sleep.
    pub(super) fn unrevokes(&self, gone: impl Fn(&List) -> bool) -> bool {
        let _writer = self.writer.lock();
        let now = self.current.load();
        let gone = &gone;
        for list in now.lists().filter(|list| gone(list)) {
            let Some(view) = now.view(list.algo) else {
                continue;
            };
            for digest in list.revoked() {
                let mut stays = false;
                view.for_each_match(digest, |found| {
                    stays |= found.kind == Kind::Revoked
                        && view.owner(found.id).is_some_and(|owner| !gone(&owner.0));
                });
                if !stays {
                    return true;
                }
                pause();
            }
        }
        false
    }

    /// Takes lists out whose digests in memory have changed, all of them at once. Revocations that have not changed stay;
    /// where they have, every digest counts as revoked until the list is loaded again. May sleep.
    pub(super) fn withdraw(&self, damaged: &[(Arc<List>, Damage)]) -> Result<(), Reason> {
        let mut writer = self.writer.lock();
        let old = self.current.load();
        let mut lost = KVVec::new();
        let mut next = old.copy(0, |list| {
            let found = damaged.iter().find(|(bad, _)| Arc::ptr_eq(bad, list));
            let Some((bad, damage)) = found else {
                return Ok(Some(list.clone()));
            };
            if *damage == Damage::Revoked {
                lost.push(bad.digest, GFP_KERNEL)?;
                return Ok(None);
            }
            Ok(match bad.rest()? {
                Some(rest) => Some(Arc::new(rest, GFP_KERNEL)?),
                None => None,
            })
        })?;
        for digest in lost {
            if !next.lost.contains(&digest) {
                next.lost.push(digest, GFP_KERNEL)?;
            }
        }
        // Their digests are no longer those that are indexed.
        let mut usage = *writer;
        for (algo, usage) in ALGOS.iter().zip(&mut usage) {
            if damaged.iter().any(|(list, _)| list.algo == *algo) {
                *usage = next.rebuild(*algo)?;
            }
        }
        drop(self.current.replace_expedited(Arc::new(next, GFP_KERNEL)?));
        *writer = usage;
        self.published(&writer);
        Ok(())
    }

    /// Removes the lists for which `gone` says so, all of them at once. `commit` is called when nothing can fail any more
    /// but itself; if it fails nothing is removed. May sleep.
    pub(super) fn remove(
        &self,
        gone: impl Fn(&List) -> bool,
        commit: impl FnOnce() -> Result,
    ) -> Result<(), Reason> {
        let mut writer = self.writer.lock();
        let old = self.current.load();
        let mut next = old.copy(0, |list| Ok((!gone(list)).then(|| list.clone())))?;
        // A table that became much smaller gets a new index as well.
        let mut rebuilt = [const { None::<Usage> }; ALGOS.len()];
        for (((algo, part), usage), rebuilt) in ALGOS
            .iter()
            .zip(&old.parts)
            .zip(writer.iter())
            .zip(&mut rebuilt)
        {
            let leaving = entries_of(old.lists().filter(|list| gone(list)), *algo);
            let slots = sizes::slots_for(usage.occupancy.live.saturating_sub(leaving));
            if leaving > 0 && slots < part.slots.len() / 2 {
                *rebuilt = Some(next.rebuild(*algo)?);
            }
        }

        let next = Arc::new(next, GFP_KERNEL)?;
        commit()?;
        // From here on nothing fails. Readers no longer resolve the lists, and after the grace period nobody does.
        let old = self.current.replace_expedited(next);
        for ((algo, usage), rebuilt) in ALGOS.iter().zip(writer.iter_mut()).zip(rebuilt) {
            if let Some(rebuilt) = rebuilt {
                *usage = rebuilt;
                continue;
            }
            let Some(view) = old.view(*algo) else {
                continue;
            };
            for list in old.lists.iter().filter(|l| l.0.algo == *algo && gone(&l.0)) {
                let Some(arena) = list.arena() else { continue };
                let left = remove_arena(
                    &view.index,
                    &mut usage.occupancy,
                    &arena,
                    *algo,
                    |id| view.resolve(id),
                    pause,
                );
                usage.distinct = usage.distinct.saturating_sub(u64::from(left));
            }
        }
        self.published(&writer);
        Ok(())
    }

    fn published(&self, usage: &PerAlgo<Usage>) {
        let distinct = usage
            .iter()
            .fold(0u64, |sum, usage| sum.saturating_add(usage.distinct));
        self.digests.store(distinct, Ordering::Relaxed);
        self.generation.fetch_add(1, Ordering::Release);
    }
}

impl Snapshot {
    /// Makes the index of `algo` anew from the lists. For a snapshot that was not published yet.
    fn rebuild(&mut self, algo: HashAlgo) -> Result<Usage, Reason> {
        let entries = entries_of(self.lists(), algo);
        self.set_slots(algo, empty_slots(sizes::slots_for(entries))?);
        let mut usage = [Usage::default(); ALGOS.len()];
        for list in self.lists.iter().filter(|list| list.0.algo == algo) {
            self.insert_one(list, &mut usage)?;
        }
        Ok(usage.of(algo).map_or(Usage::default(), |usage| *usage))
    }

    fn set_slots(&mut self, algo: HashAlgo, slots: Arc<VVec<AtomicU32>>) {
        for (a, part) in ALGOS.iter().zip(&mut self.parts) {
            if *a == algo {
                part.slots = slots;
                return;
            }
        }
    }

    /// Inserts the lists from `first` on into the indexes, or none of them.
    fn insert(&self, first: usize, usage: &mut PerAlgo<Usage>) -> Result<(), Reason> {
        let new = || self.lists.iter().skip(first);
        for (done, list) in new().enumerate() {
            let Err(cause) = self.insert_one(list, usage) else {
                continue;
            };
            // No reader resolves them: they were never published.
            for list in new().take(done) {
                self.remove_one(list, usage);
            }
            return Err(cause.into());
        }
        Ok(())
    }

    fn insert_one(&self, list: &Loaded, usage: &mut PerAlgo<Usage>) -> Result<(), Cause> {
        let algo = list.0.algo;
        let view = self.view(algo).ok_or(Cause::UnknownAlgorithm)?;
        let arena = list.arena().ok_or(Cause::BadLength)?;
        let usage = usage.of(algo).ok_or(Cause::UnknownAlgorithm)?;
        let new = insert_arena(
            &view.index,
            &mut usage.occupancy,
            &arena,
            algo,
            |id| view.resolve(id),
            pause,
        )?;
        usage.distinct = usage.distinct.saturating_add(u64::from(new));
        Ok(())
    }

    fn remove_one(&self, list: &Loaded, usage: &mut PerAlgo<Usage>) {
        let algo = list.0.algo;
        if let (Some(view), Some(arena), Some(usage)) =
            (self.view(algo), list.arena(), usage.of(algo))
        {
            remove_arena(
                &view.index,
                &mut usage.occupancy,
                &arena,
                algo,
                |id| view.resolve(id),
                pause,
            );
        }
    }
}

/// Access to what there is per algorithm.
pub(super) trait ByAlgo<T> {
    /// The value of `algo`.
    fn of(&mut self, algo: HashAlgo) -> Option<&mut T>;
}

impl<T> ByAlgo<T> for PerAlgo<T> {
    fn of(&mut self, algo: HashAlgo) -> Option<&mut T> {
        ALGOS
            .iter()
            .zip(self)
            .find_map(|(a, value)| (*a == algo).then_some(value))
    }
}

/// How many digests of `algo` the lists have.
fn entries_of<'a>(lists: impl Iterator<Item = &'a Arc<List>>, algo: HashAlgo) -> usize {
    lists.filter(|list| list.algo == algo).fold(0, |sum, list| {
        sum.saturating_add(list.counts.total() as usize)
    })
}

/// Fills a new index with every list of `snapshot` that has digests of `algo`.
fn fill(slots: &[AtomicU32], snapshot: &Snapshot, algo: HashAlgo) -> Result<Occupancy, Reason> {
    let view = snapshot.view(algo).ok_or(Cause::UnknownAlgorithm)?;
    // The directory names lists by their place among all.
    let mut lists = KVVec::with_capacity(snapshot.lists.len(), GFP_KERNEL)?;
    for list in snapshot.lists.iter() {
        lists.push((list.0.algo == algo).then_some(list), GFP_KERNEL)?;
    }
    let part = View {
        algo,
        index: view.index,
        directory: view.directory,
        arenas: &lists,
        any_revoked: view.any_revoked,
    };
    Ok(refill(&Index::new(slots, &snapshot.key), &part, pause)?)
}

fn empty_slots(count: usize) -> Result<Arc<VVec<AtomicU32>>> {
    // In whole pages: kmalloc() would round half a megabyte up to one.
    let mut slots = VVec::with_capacity(count, GFP_KERNEL)?;
    for _ in 0..count {
        slots
            .push_within_capacity(AtomicU32::new(0))
            .map_err(|_| ENOMEM)?;
    }
    Ok(Arc::new(slots, GFP_KERNEL)?)
}

/// Lets others run.
fn pause() {
    task::yield_now();
}
