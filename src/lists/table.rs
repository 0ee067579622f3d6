// SPDX-License-Identifier: GPL-2.0

//! The digest tables in the kernel: `digest_logic::table` with the kernel's memory, a snapshot
//! under RCU, one writer at a time, and a limit.

use super::list::{
    Damage,
    List, //
};
use crate::{
    reason::Reason,
    sys::{
        atomic::Inline as _,
        random,
        rcu_cell::RcuCell,
        task, //
    },
};
use core::sync::atomic::AtomicU32;
use digest_logic::{
    digest::Digest,
    list::Kind,
    refusal::Cause,
    siphash::Key,
    table::{
        self,
        Current,
        Damaged,
        Memory,
        PerAlgo,
        Writer, //
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
        atomic::{
            Atomic,
            Relaxed,
            Release, //
        },
        rcu,
        Arc,
        Mutex, //
    },
};

/// The memory of the kernel.
pub(super) struct Kernel;

impl Memory for Kernel {
    type Error = Reason;
    type List = List;
    type Shared<T> = Arc<T>;
    type Array<T> = KVVec<T>;
    // In whole pages: kmalloc() would round half a megabyte up to one.
    /// Of the atomics of `core`, which `src/logic` knows.
    type Slots = VVec<AtomicU32>;

    fn share<T>(value: T) -> Result<Arc<T>, Reason> {
        Ok(Arc::new(value, GFP_KERNEL)?)
    }

    fn array<T>(capacity: usize) -> Result<KVVec<T>, Reason> {
        Ok(KVVec::with_capacity(capacity, GFP_KERNEL)?)
    }

    fn push<T>(array: &mut KVVec<T>, value: T) -> Result<(), Reason> {
        Ok(array.push(value, GFP_KERNEL)?)
    }

    fn slots(count: usize) -> Result<Arc<VVec<AtomicU32>>, Reason> {
        let mut slots = VVec::with_capacity(count, GFP_KERNEL)?;
        for _ in 0..count {
            slots
                .push_within_capacity(AtomicU32::new(0))
                .map_err(|_| ENOMEM)?;
        }
        Self::share(slots)
    }

    fn pause() {
        task::yield_now();
    }
}

/// What readers see.
pub(super) type Snapshot = table::Snapshot<Kernel>;

/// Readers hold a snapshot for a read-side section of RCU.
impl Current<Kernel> for RcuCell<Snapshot> {
    fn load(&self) -> Arc<Snapshot> {
        self.load()
    }

    fn replace(&self, next: Arc<Snapshot>) -> Arc<Snapshot> {
        self.replace_expedited(next)
    }
}

/// The tables.
///
/// # Invariants
///
/// - `current` is replaced only by `writer`, with its lock held.
/// - `generation` changes after every replacement, before the lock is given back: what was looked
///   up before it changed may rest on an earlier snapshot.
#[pin_data]
pub(super) struct Table {
    current: RcuCell<Snapshot>,
    generation: Atomic<u64>,
    digests: Atomic<u64>,
    /// What all of it may take, in bytes.
    max_memory: usize,
    #[pin]
    writer: Mutex<Writer>,
}

impl Table {
    /// Empty tables that may grow to `max_memory` bytes. May sleep.
    pub(super) fn new(max_memory: usize) -> impl PinInit<Self, Error> {
        let empty = || {
            Snapshot::new(Key([random::u64(), random::u64()]))
                .and_then(Kernel::share)
                .map_err(|_| ENOMEM)
        };
        try_pin_init!(Self {
            current: RcuCell::new(empty()?),
            generation: Atomic::new(1),
            digests: Atomic::new(0),
            max_memory,
            writer <- new_mutex!(Writer::default()),
        })
    }

    /// What the lists say of `digest`, which is looked up for an access. Takes no lock, does not
    /// sleep.
    pub(super) fn verdict(&self, digest: &Digest) -> Option<Verdict> {
        let guard = rcu::read_lock();
        self.current.read(&guard).verdict(digest)
    }

    /// The same for other purposes: it is no evidence of use.
    pub(super) fn peek(&self, digest: &Digest) -> Option<Verdict> {
        let guard = rcu::read_lock();
        self.current.read(&guard).peek(digest)
    }

    /// The most that the lists of each algorithm can say of a file.
    pub(super) fn reach(&self) -> PerAlgo<Reach> {
        let guard = rcu::read_lock();
        self.current.read(&guard).reach()
    }

    /// A number that changes with every publication.
    pub(super) fn generation(&self) -> u64 {
        self.generation.read_acquire()
    }

    /// Changes that number.
    pub(super) fn next_generation(&self) {
        self.generation.fetch_add(1, Release);
    }

    /// How many distinct digests there are, over all algorithms.
    pub(super) fn digests(&self) -> u64 {
        self.digests.load(Relaxed)
    }

    /// What readers see now. Its lists may be walked; digests may not be looked up in it, since ids
    /// are reused.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load()
    }

    /// The list with this digest, whole.
    pub(super) fn list(&self, digest: &Digest) -> Option<Arc<List>> {
        let now = self.current.load();
        let found = now
            .lists()
            .find(|list| list.digest == *digest && !list.is_rest);
        found.cloned()
    }

    /// Calls `visit` for every list that holds `digest`. May sleep; writers wait meanwhile.
    pub(super) fn for_each_holder(&self, digest: &Digest, mut visit: impl FnMut(&List, Kind)) {
        let _writer = self.writer.lock();
        if let Some(view) = self.current.load().view(digest.algo()) {
            for (list, kind) in view.holders(digest.as_bytes()) {
                visit(list, kind);
            }
        }
    }

    /// The bytes that all of it takes.
    pub(super) fn memory(&self) -> usize {
        let now = self.current.load();
        let mut sum = now.footprint();
        let mut last: Option<&Arc<List>> = None;
        // Lists that share memory stand side by side.
        for list in now.lists() {
            if last.is_none_or(|last| !Arc::ptr_eq(&last.memory, &list.memory)) {
                sum = sum.saturating_add(list.memory.footprint());
            }
            last = Some(list);
            sum = sum.saturating_add(list.footprint());
        }
        sum
    }

    /// Whether `more` bytes of digests and lists, which are `entries` digests, would be over the
    /// limit. `used` is what [`Self::memory`] says. May sleep.
    ///
    /// # Errors
    ///
    /// [`Cause::MemoryLimit`].
    pub(super) fn check_limit(
        &self,
        used: usize,
        more: usize,
        entries: &PerAlgo<usize>,
    ) -> Result<(), Reason> {
        let growth = self.writer.lock().growth(&*self.current.load(), entries);
        if used.saturating_add(more).saturating_add(growth) > self.max_memory {
            return Err(Cause::MemoryLimit.into());
        }
        Ok(())
    }

    /// Puts all of `lists`, none of which is loaded, and all of `changed`, which stand for loaded
    /// lists with the same digests, into the tables at once, or none. May sleep.
    pub(super) fn add(&self, lists: &[Arc<List>], changed: &[Arc<List>]) -> Result<(), Reason> {
        self.change(|writer| {
            writer.add(&self.current, lists, |list| {
                let mut changed = changed.iter();
                changed
                    .find(|new| new.digest == list.digest && !list.is_rest)
                    .cloned()
            })
        })
    }

    /// Whether a digest that is revoked would not be so without the lists for which `gone` says so.
    /// May sleep.
    pub(super) fn unrevokes(&self, gone: impl Fn(&List) -> bool) -> bool {
        let _writer = self.writer.lock();
        self.current.load().unrevokes(gone)
    }

    /// Takes lists out whose digests in memory have changed, all of them at once. Revocations that
    /// have not changed stay; where they have, every digest counts as revoked until the list is
    /// loaded again. May sleep.
    pub(super) fn withdraw(&self, damaged: &[(Arc<List>, Damage)]) -> Result<(), Reason> {
        self.change(|writer| {
            writer.withdraw(&self.current, |list| {
                Ok(
                    match damaged.iter().find(|(bad, _)| Arc::ptr_eq(bad, list)) {
                        None => Damaged::Intact,
                        Some((_, Damage::Revoked)) => Damaged::RevocationsLost,
                        Some((bad, Damage::Known)) => match bad.rest()? {
                            Some(rest) => Damaged::Revocations(Arc::new(rest, GFP_KERNEL)?),
                            None => Damaged::Gone,
                        },
                    },
                )
            })
        })
    }

    /// Removes the lists for which `gone` says so, all of them at once. `commit` is called when
    /// nothing can fail any more but itself; if it fails nothing is removed. May sleep.
    pub(super) fn remove(
        &self,
        gone: impl Fn(&List) -> bool,
        commit: impl FnOnce() -> Result,
    ) -> Result<(), Reason> {
        self.change(|writer| writer.remove(&self.current, gone, || Ok(commit()?)))
    }

    /// Lets `change` work as the only writer, and makes known what it did.
    fn change(&self, change: impl FnOnce(&mut Writer) -> Result<(), Reason>) -> Result<(), Reason> {
        let mut writer = self.writer.lock();
        change(&mut writer)?;
        self.digests.store(writer.digests(), Relaxed);
        // INVARIANT: `change` replaced the snapshot, and the lock is held.
        self.next_generation();
        Ok(())
    }
}
