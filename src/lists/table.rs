// SPDX-License-Identifier: GPL-2.0

//! The digest tables in the kernel: `digest_logic::table` with the kernel's memory, snapshots under
//! RCU, one writer at a time, and a limit.

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

pub(super) type Snapshot = table::Snapshot<Kernel>;

/// Readers hold a snapshot during an RCU read-side section.
impl Current<Kernel> for RcuCell<Snapshot> {
    fn load(&self) -> Arc<Snapshot> {
        self.load()
    }

    fn replace(&self, next: Arc<Snapshot>) -> Arc<Snapshot> {
        self.replace_expedited(next)
    }
}

/// # Invariants
///
/// - Only the holder of `writer` replaces `current`.
/// - `generation` changes after each replacement, before the lock is released. A lookup before that
///   change may have used an earlier snapshot.
#[pin_data]
pub(super) struct Table {
    current: RcuCell<Snapshot>,
    generation: Atomic<u64>,
    digests: Atomic<u64>,
    /// The most bytes that all of it may take.
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

    /// What the lists say of `digest`, for an access. Takes no lock, does not sleep.
    pub(super) fn verdict(&self, digest: &Digest) -> Option<Verdict> {
        let guard = rcu::read_lock();
        self.current.read(&guard).verdict(digest)
    }

    /// The same for another reason. It is not evidence of use.
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

    /// Changes the generation.
    pub(super) fn next_generation(&self) {
        self.generation.fetch_add(1, Release);
    }

    /// The number of distinct digests of all algorithms.
    pub(super) fn digests(&self) -> u64 {
        self.digests.load(Relaxed)
    }

    /// What readers see now. Its lists may be walked. Digests must not be looked up in it, since
    /// ids are reused.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load()
    }

    /// The loaded list with this digest, unless only its revocations are left.
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

    pub(super) fn memory(&self) -> usize {
        let now = self.current.load();
        let mut sum = now.footprint();
        let mut last: Option<&Arc<List>> = None;
        // Lists that share memory are next to each other.
        for list in now.lists() {
            if last.is_none_or(|last| !Arc::ptr_eq(&last.memory, &list.memory)) {
                sum = sum.saturating_add(list.memory.footprint());
            }
            last = Some(list);
            sum = sum.saturating_add(list.footprint());
        }
        sum
    }

    /// Checks `more` bytes of digests and lists, with `entries` digests, against the limit. `used`
    /// is from [`Self::memory`]. May sleep.
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

    /// Adds all of `lists` and `changed` at once, or none. `lists` are new; `changed` replace
    /// loaded lists with the same digests. May sleep.
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

    /// Whether a revoked digest would no longer be revoked without the lists for which `gone` is
    /// true. May sleep.
    pub(super) fn unrevokes(&self, gone: impl Fn(&List) -> bool) -> bool {
        let _writer = self.writer.lock();
        self.current.load().unrevokes(gone)
    }

    /// Takes out damaged lists, all at once. Intact revocations stay. If revocations are damaged,
    /// every digest counts as revoked until the list is loaded again. May sleep.
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

    /// Removes the lists for which `gone` is true, all at once. `commit` is called last, when
    /// nothing else can fail. If it fails, nothing is removed. May sleep.
    pub(super) fn remove(
        &self,
        gone: impl Fn(&List) -> bool,
        commit: impl FnOnce() -> Result,
    ) -> Result<(), Reason> {
        self.change(|writer| writer.remove(&self.current, gone, || Ok(commit()?)))
    }

    /// Runs `change` as the only writer, and publishes the result.
    fn change(&self, change: impl FnOnce(&mut Writer) -> Result<(), Reason>) -> Result<(), Reason> {
        let mut writer = self.writer.lock();
        change(&mut writer)?;
        self.digests.store(writer.digests(), Relaxed);
        // INVARIANT: `change` replaced the snapshot, and the lock is held.
        self.next_generation();
        Ok(())
    }
}
