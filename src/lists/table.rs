// SPDX-License-Identifier: GPL-2.0

//! The digest tables in kernel memory, one per algorithm: a snapshot under RCU around the algorithms of
//! `digest_logic::table`.
//!
//! The order of publication, and why readers never see half of it, is told there. One snapshot has the tables of all
//! algorithms, so that a write is seen whole whatever algorithms its lists use. This file owns the memory but for the
//! arenas: an index per algorithm, which snapshots share until its size changes, a directory per algorithm and an array
//! of lists per snapshot.

use super::{
    list::{
        List,
        Loaded, //
    },
    reason::Reason,
};
use crate::sys::{
    pages::Sealed,
    random,
    rcu_cell::RcuCell,
    task, //
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
const ALGOS: [HashAlgo; 3] = HashAlgo::STRONG;

/// What the lists say of one digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// What counts: revoked before immutable before mutable.
    pub(crate) kind: Kind,
    /// Whether a list answers for measurement.
    pub(crate) measure: bool,
    /// What the lists say that answer for appraisal.
    pub(crate) appraise: Option<Kind>,
}

/// The table of one algorithm, as a snapshot holds it.
struct Part {
    slots: Arc<VVec<AtomicU32>>,
    directory: KVVec<u32>,
    lists: usize,
    any_revoked: bool,
}

/// What readers see: nothing in it changes but the slots of the indexes, whose changes mean nothing to a snapshot that
/// does not resolve them.
pub(super) struct Snapshot {
    parts: [Part; ALGOS.len()],
    lists: KVVec<Loaded>,
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
            any_revoked: part.any_revoked,
        })
    }

    /// The lists in the order of loading.
    pub(super) fn lists(&self) -> impl Iterator<Item = &Arc<List>> {
        self.lists.iter().map(|list| &list.0)
    }

    /// The list with this digest.
    pub(super) fn list(&self, digest: &Digest) -> Option<&Arc<List>> {
        self.lists().find(|list| list.digest == *digest)
    }

    /// What the lists say of `digest`. Takes no lock, does not sleep.
    fn verdict(&self, digest: &Digest) -> Option<Verdict> {
        let view = self.view(digest.algo())?;
        let mut verdict: Option<Verdict> = None;
        view.for_each_match(digest.as_bytes(), |found| {
            let Some(list) = view.owner(found.id).map(|loaded| &loaded.0) else {
                return;
            };
            list.hits.fetch_add(1, Ordering::Relaxed);
            let sum = verdict.get_or_insert(Verdict {
                kind: found.kind,
                measure: false,
                appraise: None,
            });
            sum.kind = sum.kind.or(found.kind);
            sum.measure |= list.actions.measure;
            if list.actions.appraise {
                sum.appraise = Some(sum.appraise.map_or(found.kind, |kind| kind.or(found.kind)));
            }
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
            sum = sum.saturating_add(size_of::<List>());
        }
        for part in &self.parts {
            let words = part.slots.len().saturating_add(part.directory.len());
            sum = sum.saturating_add(words.saturating_mul(size_of::<u32>()));
        }
        sum
    }

    /// A copy with the same indexes, without the lists for which `gone` says so.
    fn copy(&self, more: usize, mut gone: impl FnMut(&List) -> bool) -> Result<Self, Reason> {
        let mut next = Self {
            parts: self.parts.each_ref().map(|part| Part {
                slots: part.slots.clone(),
                directory: KVVec::new(),
                lists: 0,
                any_revoked: false,
            }),
            lists: KVVec::with_capacity(self.lists.len().saturating_add(more), GFP_KERNEL)?,
            key: self.key,
        };
        for list in self.lists() {
            if !gone(list) {
                next.take(list.clone())?;
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
        part.lists = part.lists.saturating_add(1);
        part.any_revoked |= list.counts.revoked > 0;
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
    writer: Mutex<[Usage; ALGOS.len()]>,
}

impl Table {
    /// Empty tables that may grow to `max_memory` bytes. May sleep.
    pub(super) fn new(max_memory: usize) -> impl PinInit<Self, Error> {
        let empty = || {
            let part = || {
                Ok::<_, Error>(Part {
                    slots: empty_slots(sizes::MIN_SLOTS)?,
                    directory: KVVec::new(),
                    lists: 0,
                    any_revoked: false,
                })
            };
            Ok::<_, Error>(RcuCell::new(Arc::new(
                Snapshot {
                    parts: [part()?, part()?, part()?],
                    lists: KVVec::new(),
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

    /// Whether there are lists of `algo`, and whether any of them has revoked digests.
    pub(super) fn has(&self, algo: HashAlgo) -> (bool, bool) {
        let guard = rcu::read_lock();
        self.current
            .read(&guard)
            .part(algo)
            .map_or((false, false), |part| (part.lists > 0, part.any_revoked))
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

    /// What would be over the limit if `more` bytes of digests were added, which are `entries` digests.
    pub(super) fn check_limit(&self, more: usize, entries: usize) -> Result<(), Reason> {
        // An index has room for 8 entries in 13 slots at least, right after it grew.
        let index = entries
            .saturating_mul(size_of::<u32>())
            .saturating_mul(13)
            .checked_div(8)
            .unwrap_or(0);
        let total = self
            .current
            .load()
            .memory()
            .saturating_add(more)
            .saturating_add(index);
        if total > self.max_memory {
            return Err(Reason::MemoryLimit);
        }
        Ok(())
    }

    /// Puts all of `lists`, none of which is loaded, into the tables at once, or none. May sleep.
    pub(super) fn add(&self, lists: KVVec<List>) -> Result<(), Reason> {
        let mut writer = self.writer.lock();
        let old = self.current.load();
        let first = old.lists.len();
        let mut next = old.copy(lists.len(), |_| false)?;
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

    /// Removes the lists for which `gone` says so, all of them at once, and returns how many. May sleep.
    ///
    /// With `damaged` their digests are no longer those that are indexed: the index is made anew.
    pub(super) fn remove(
        &self,
        damaged: bool,
        gone: impl Fn(&List) -> bool,
    ) -> Result<usize, Reason> {
        let mut writer = self.writer.lock();
        let old = self.current.load();
        let mut next = old.copy(0, &gone)?;
        let count = old.lists.len().saturating_sub(next.lists.len());
        if count == 0 {
            return Ok(0);
        }
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
            if leaving > 0 && (damaged || slots < part.slots.len() / 2) {
                *rebuilt = Some(next.rebuild(*algo)?);
            }
        }

        // From here on nothing fails. Readers no longer resolve the lists, and after the grace period nobody does.
        let next = Arc::new(next, GFP_KERNEL)?;
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
        Ok(count)
    }

    fn published(&self, usage: &[Usage; ALGOS.len()]) {
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
        Ok(usage_of(&mut usage, algo).map_or(Usage::default(), |usage| *usage))
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
    fn insert(&self, first: usize, usage: &mut [Usage; ALGOS.len()]) -> Result<(), Reason> {
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

    fn insert_one(&self, list: &Loaded, usage: &mut [Usage; ALGOS.len()]) -> Result<(), Cause> {
        let algo = list.0.algo;
        let view = self.view(algo).ok_or(Cause::UnknownAlgorithm)?;
        let arena = list.arena().ok_or(Cause::BadLength)?;
        let usage = usage_of(usage, algo).ok_or(Cause::UnknownAlgorithm)?;
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

    fn remove_one(&self, list: &Loaded, usage: &mut [Usage; ALGOS.len()]) {
        let algo = list.0.algo;
        if let (Some(view), Some(arena), Some(usage)) =
            (self.view(algo), list.arena(), usage_of(usage, algo))
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

/// How many digests of `algo` the lists have.
fn entries_of<'a>(lists: impl Iterator<Item = &'a Arc<List>>, algo: HashAlgo) -> usize {
    lists.filter(|list| list.algo == algo).fold(0, |sum, list| {
        sum.saturating_add(list.counts.total() as usize)
    })
}

fn usage_of(usage: &mut [Usage; ALGOS.len()], algo: HashAlgo) -> Option<&mut Usage> {
    ALGOS
        .iter()
        .zip(usage)
        .find_map(|(a, usage)| (*a == algo).then_some(usage))
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
