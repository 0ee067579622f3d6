// SPDX-License-Identifier: GPL-2.0

//! A map from inodes to small values, read under RCU.
//!
//! A module has no room in an inode's security blob. So it keeps its data about inodes here, and
//! removes them when the kernel frees the inode.

use super::{
    atomic::Inline as _,
    bindings,
    inode::{
        InodeKey,
        InodeRef, //
    },
    kernel_crate::KvfreeRcuHead, //
};
use core::{
    mem::MaybeUninit,
    ptr, //
};
use digest_logic::cache::Inode;
use kernel::{
    bindings as c,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed,
            Release, //
        },
        new_spinlock,
        rcu,
        SpinLock, //
    },
    types::Opaque, //
};

/// One value. It does not change while it is in a chain; only `next` does.
///
/// # Invariants
///
/// `next` is null, or an entry of the same map that is not freed before this one has left its chain
/// for a grace period.
struct Entry<T> {
    next: Atomic<*mut Entry<T>>,
    rcu: Opaque<KvfreeRcuHead>,
    key: InodeKey,
    value: T,
}

/// A hash table with a fixed number of chains.
///
/// # Invariants
///
/// Every chain consists of entries from `KBox::into_raw()` that the map owns. Only the holder of
/// `writer` changes chains. An entry that leaves its chain keeps its `next` and is freed after a
/// grace period, so a reader at this entry still finds the rest of the chain.
///
/// Unless `retired` is set, the inode of each entry in a chain is in memory. The inserter holds the
/// inode, and the hook `inode_free_security` (`lsm::Handler::inode_freed`) removes the entry before
/// the inode is freed.
#[pin_data(PinnedDrop)]
pub(crate) struct InodeMap<T: Copy> {
    chains: KVVec<Atomic<*mut Entry<T>>>,
    len: Atomic<usize>,
    /// The chain at which the next eviction begins.
    hand: Atomic<usize>,
    /// Whether inodes may be freed without notice. Set under `writer`.
    retired: Atomic<bool>,
    #[pin]
    writer: SpinLock<()>,
}

// SAFETY: Values are copied in and out; the pointers are the map's own.
unsafe impl<T: Copy + Send> Send for InodeMap<T> {}
// SAFETY: Readers are covered by RCU, writers by the lock.
unsafe impl<T: Copy + Send + Sync> Sync for InodeMap<T> {}

impl<T: Copy> InodeMap<T> {
    /// The bytes that one value takes, beside what the kernel needs to free it: 8 bytes, and 16
    /// before Linux 7.3.
    pub(crate) const ENTRY_SIZE: usize =
        core::mem::size_of::<Entry<T>>() - core::mem::size_of::<KvfreeRcuHead>();

    /// An empty map with `count` chains, a power of two. May sleep.
    pub(crate) fn new(count: usize) -> impl PinInit<Self, Error> {
        let make = move || {
            if !count.is_power_of_two() {
                return Err(EINVAL);
            }
            let mut chains = KVVec::with_capacity(count, GFP_KERNEL)?;
            for _ in 0..count {
                chains.push(Atomic::new(ptr::null_mut()), GFP_KERNEL)?;
            }
            Ok::<_, Error>(chains)
        };
        try_pin_init!(Self {
            chains: make()?,
            len: Atomic::new(0),
            hand: Atomic::new(0),
            retired: Atomic::new(false),
            writer <- new_spinlock!(()),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    fn chain(&self, key: InodeKey) -> Option<&Atomic<*mut Entry<T>>> {
        let mask = self.chains.len().wrapping_sub(1);
        self.chains.get(key.hash() & mask)
    }

    /// The link in `chain` that points to `key`'s entry.
    ///
    /// # Safety
    ///
    /// The caller is in an RCU read-side section, or holds `writer`, as long as it uses the result.
    unsafe fn find<'a>(
        mut link: &'a Atomic<*mut Entry<T>>,
        key: InodeKey,
    ) -> Option<(&'a Atomic<*mut Entry<T>>, &'a Entry<T>)> {
        loop {
            // SAFETY: By the type invariants a non-null link is an entry, not freed before the
            // caller is done.
            let entry = unsafe { link.read_acquire().as_ref() }?;
            if entry.key == key {
                return Some((link, entry));
            }
            link = &entry.next;
        }
    }

    /// The value of `key`. Takes no lock; callable in any context in which RCU is watching.
    pub(crate) fn get(&self, key: InodeKey) -> Option<T> {
        let _guard = rcu::read_lock();
        // SAFETY: In a read-side section.
        unsafe { Self::find(self.chain(key)?, key) }.map(|(_, entry)| entry.value)
    }

    /// As [`InodeMap::get`], but without a value it waits for an update in progress. Does not
    /// sleep.
    pub(crate) fn get_settled(&self, key: InodeKey) -> Option<T> {
        self.get(key).or_else(|| {
            drop(self.writer.lock());
            self.get(key)
        })
    }

    /// As [`InodeMap::get`], but waits for an update or an eviction in progress. Does not sleep.
    pub(crate) fn get_locked(&self, key: InodeKey) -> Option<T> {
        let _lock = self.writer.lock();
        self.get(key)
    }

    /// Replaces the value of `inode` by the result of `f`, which gets the value and the state of
    /// the inode. `None` means no value. `f` runs under a spinlock. May sleep to get memory.
    pub(crate) fn update(
        &self,
        inode: InodeRef<'_>,
        f: impl FnOnce(Option<T>, &Inode) -> Option<T>,
    ) {
        let key = inode.key();
        let Some(head) = self.chain(key) else {
            return;
        };
        let room = Self::room();
        let _lock = self.writer.lock();
        // SAFETY: `writer` is held.
        let found = unsafe { Self::find(head, key) };
        let Some(value) = f(found.map(|(_, entry)| entry.value), &inode.now()) else {
            self.unlink(head, key);
            return;
        };
        let (link, rest) = match found {
            Some((link, old)) => (link, old.next.load(Relaxed)),
            None => (head, head.load(Relaxed)),
        };
        let new = KBox::write(
            room,
            Entry {
                next: Atomic::new(rest),
                rcu: Opaque::uninit(),
                key,
                value,
            },
        );
        // INVARIANT: Release makes the entry whole before it can be seen. The entry takes the place
        // of the old one, whose `next` stays. So a reader in the chain finds one of the two; at
        // another place it might find neither. `inode` is in memory, and is freed only after
        // `remove()`, which waits for the lock.
        link.store(KBox::into_raw(new), Release);
        match found {
            Some((_, old)) => Self::free(old),
            None => {
                self.len.add(1, Relaxed);
            }
        }
    }

    /// Memory for one value. Values must not get lost, and an entry is small enough for an
    /// allocation that cannot fail. May sleep.
    fn room() -> KBox<MaybeUninit<Entry<T>>> {
        const { assert!(Self::ENTRY_SIZE <= 56 && align_of::<Entry<T>>() <= 8) };
        // SAFETY: Callable in task context. The result is memory from `kmalloc()` of that size,
        // aligned to at least 8 bytes, and ours; it is never null.
        unsafe { KBox::from_raw(bindings::diglist_alloc_nofail(size_of::<Entry<T>>()).cast()) }
    }

    /// Removes up to `count` values for which `f` is true, in no particular order. Visits at most a
    /// few times as many. Returns how many were removed. `f` gets the state of the inode and runs
    /// under a spinlock. It runs twice for each removed value, so that the second call sees users
    /// from before the first. Neither sleeps nor allocates.
    pub(crate) fn evict(&self, count: usize, f: impl Fn(InodeKey, T, &Inode) -> bool) -> usize {
        let limit = count.saturating_mul(4);
        let (mut seen, mut evicted) = (0usize, 0usize);
        for _ in 0..self.chains.len() {
            let at = self.hand.fetch_add(1, Relaxed) & self.chains.len().wrapping_sub(1);
            let Some(head) = self.chains.get(at) else {
                break;
            };
            // Most chains are empty. What is put into one meanwhile is left for the next time.
            if head.load(Relaxed).is_null() {
                continue;
            }
            let _lock = self.writer.lock();
            if self.retired.load(Relaxed) {
                break;
            }
            let mut link = head;
            // SAFETY: `writer` is held.
            while let Some(entry) = unsafe { link.load(Relaxed).as_ref() } {
                seen = seen.wrapping_add(1);
                // SAFETY: By the type invariants the inode is in memory as long as `writer` is
                // held, since the map is not retired.
                let inode = unsafe { InodeRef::from_raw(entry.key.as_ptr()) };
                let goes = || f(entry.key, entry.value, &inode.now());
                if goes() && goes() {
                    self.unlink(head, entry.key);
                    evicted = evicted.wrapping_add(1);
                } else {
                    link = &entry.next;
                }
            }
            if evicted >= count || seen >= limit {
                break;
            }
        }
        evicted
    }

    /// From here on inodes are freed without [`InodeMap::remove`], and nothing is evicted. Does not
    /// sleep.
    pub(crate) fn retire(&self) {
        let _lock = self.writer.lock();
        // INVARIANT: Under the lock, so no eviction is running.
        self.retired.store(true, Relaxed);
    }

    /// Removes the value of `key`, if any. Does not sleep. Takes no lock if there is none.
    pub(crate) fn remove(&self, key: InodeKey) {
        if self.get(key).is_none() {
            return;
        }
        if let Some(head) = self.chain(key) {
            let _lock = self.writer.lock();
            self.unlink(head, key);
        }
    }

    /// Takes the entry of `key` out of the chain `head`. The caller holds `writer`.
    fn unlink(&self, head: &Atomic<*mut Entry<T>>, key: InodeKey) {
        // SAFETY: The caller holds `writer`.
        if let Some((link, entry)) = unsafe { Self::find(head, key) } {
            // INVARIANT: The entry keeps its own `next` for readers at this entry.
            link.store(entry.next.load(Relaxed), Release);
            self.len.fetch_sub(1, Relaxed);
            Self::free(entry);
        }
    }

    /// Frees an entry that has left its chain, after a grace period. The caller holds `writer`.
    fn free(entry: &Entry<T>) {
        let entry = ptr::from_ref(entry).cast_mut();
        // SAFETY: The entry is out of its chain and was allocated by kmalloc. Only the holder of
        // `writer` takes entries out, so it is freed once.
        unsafe { c::kvfree_call_rcu((*entry).rcu.get(), entry.cast()) };
    }
}

#[pinned_drop]
impl<T: Copy> PinnedDrop for InodeMap<T> {
    fn drop(self: Pin<&mut Self>) {
        let _lock = self.writer.lock();
        for head in self.chains.iter() {
            // SAFETY: `writer` is held.
            while let Some(entry) = unsafe { head.load(Relaxed).as_ref() } {
                self.unlink(head, entry.key);
            }
        }
    }
}
