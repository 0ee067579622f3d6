// SPDX-License-Identifier: GPL-2.0

//! A map from inodes to small values, read under RCU.
//!
//! A module has no room in an inode's security blob, so what it knows of an inode it keeps here, and drops it when
//! the kernel frees the inode.

use super::inode::InodeKey;
use core::{
    ptr,
    sync::atomic::{
        AtomicPtr,
        AtomicUsize,
        Ordering, //
    },
};
use kernel::{
    bindings as c,
    prelude::*,
    sync::{
        new_spinlock,
        rcu,
        SpinLock, //
    },
    types::Opaque, //
};

/// One value of the map. Never changed once it is in a chain, but for `next`.
struct Entry<T> {
    next: AtomicPtr<Entry<T>>,
    rcu: Opaque<c::kvfree_rcu_head>,
    key: InodeKey,
    value: T,
}

/// A hash table with a fixed number of chains.
///
/// # Invariants
///
/// Every chain consists of entries from `KBox::into_raw()` which the map owns. Chains are changed only by the holder
/// of `writer`. An entry that leaves its chain keeps its `next` and is freed only after a grace period, so a reader
/// who stands on it still finds the rest of the chain.
#[pin_data(PinnedDrop)]
pub(crate) struct InodeMap<T: Copy> {
    chains: KVVec<AtomicPtr<Entry<T>>>,
    len: AtomicUsize,
    /// The chain at which the next eviction begins.
    hand: AtomicUsize,
    #[pin]
    writer: SpinLock<()>,
}

// SAFETY: Values are copied in and out; the pointers are the map's own.
unsafe impl<T: Copy + Send> Send for InodeMap<T> {}
// SAFETY: Readers are covered by RCU, writers by the lock.
unsafe impl<T: Copy + Send + Sync> Sync for InodeMap<T> {}

impl<T: Copy> InodeMap<T> {
    /// The bytes that one value takes.
    pub(crate) const ENTRY_SIZE: usize = core::mem::size_of::<Entry<T>>();

    /// An empty map with `1 << bits` chains.
    pub(crate) fn new(bits: u32) -> impl PinInit<Self, Error> {
        let make = move || {
            let count = 1usize.checked_shl(bits).ok_or(EINVAL)?;
            let mut chains = KVVec::with_capacity(count, GFP_KERNEL)?;
            for _ in 0..count {
                chains.push(AtomicPtr::new(ptr::null_mut()), GFP_KERNEL)?;
            }
            Ok::<_, Error>(chains)
        };
        try_pin_init!(Self {
            chains: make()?,
            len: AtomicUsize::new(0),
            hand: AtomicUsize::new(0),
            writer <- new_spinlock!(()),
        })
    }

    /// How many values are in the map.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    fn chain(&self, key: InodeKey) -> Option<&AtomicPtr<Entry<T>>> {
        let mask = self.chains.len().wrapping_sub(1);
        self.chains.get(key.hash() & mask)
    }

    /// The link in `chain` that points to `key`'s entry.
    ///
    /// # Safety
    ///
    /// The caller is in an RCU read-side section or holds `writer`, to the end of its use of the result.
    unsafe fn find<'a>(
        mut link: &'a AtomicPtr<Entry<T>>,
        key: InodeKey,
    ) -> Option<(&'a AtomicPtr<Entry<T>>, &'a Entry<T>)> {
        loop {
            // SAFETY: By the type invariants a non-null link is an entry, not freed before the caller is done.
            let entry = unsafe { link.load(Ordering::Acquire).as_ref() }?;
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

    /// Replaces the value of `key` by what `f` makes of it; `None` stands for no value, before and after. `f` runs
    /// under a spinlock. May sleep. Without memory the value is removed and `false` returned.
    pub(crate) fn update(&self, key: InodeKey, f: impl FnOnce(Option<T>) -> Option<T>) -> bool {
        let room = KBox::<Entry<T>>::new_uninit(GFP_KERNEL);
        let Some(head) = self.chain(key) else {
            return false;
        };
        let _lock = self.writer.lock();
        // SAFETY: `writer` is held.
        let old = unsafe { Self::find(head, key) }.map(|(_, entry)| entry.value);
        let value = f(old);
        let (Some(value), Ok(room)) = (value, room) else {
            self.unlink(head, key);
            return value.is_none();
        };
        let new = KBox::write(
            room,
            Entry {
                next: AtomicPtr::new(head.load(Ordering::Relaxed)),
                rcu: Opaque::uninit(),
                key,
                value,
            },
        );
        // INVARIANT: Release makes the entry whole before it can be seen. It stands before the old one, so a reader finds
        // one of the two at any time.
        head.store(KBox::into_raw(new), Ordering::Release);
        self.len.fetch_add(1, Ordering::Relaxed);
        if old.is_some() {
            self.unlink_after_first(head, key);
        }
        true
    }

    /// Removes up to `count` values, in no particular order, and returns how many; `gone` is told of each, under a
    /// spinlock. Neither sleeps nor allocates.
    pub(crate) fn evict(&self, count: usize, gone: impl Fn(InodeKey, T)) -> usize {
        let mut evicted = 0usize;
        for _ in 0..self.chains.len() {
            let at = self.hand.fetch_add(1, Ordering::Relaxed) & self.chains.len().wrapping_sub(1);
            let Some(head) = self.chains.get(at) else {
                break;
            };
            let _lock = self.writer.lock();
            while evicted < count {
                // SAFETY: `writer` is held.
                let Some(entry) = (unsafe { head.load(Ordering::Relaxed).as_ref() }) else {
                    break;
                };
                let (key, value) = (entry.key, entry.value);
                gone(key, value);
                self.unlink(head, key);
                evicted = evicted.wrapping_add(1);
            }
            if evicted >= count {
                break;
            }
        }
        evicted
    }

    /// Removes the value of `key`, if any. Does not sleep; costs no lock where there is none.
    pub(crate) fn remove(&self, key: InodeKey) {
        if self.get(key).is_none() {
            return;
        }
        if let Some(head) = self.chain(key) {
            let _lock = self.writer.lock();
            self.unlink(head, key);
        }
    }

    /// Takes `key`'s older entry out of a chain that begins with its newer one. The caller holds `writer`.
    fn unlink_after_first(&self, head: &AtomicPtr<Entry<T>>, key: InodeKey) {
        // SAFETY: The caller holds `writer`, so no entry of the chain is freed.
        if let Some(first) = unsafe { head.load(Ordering::Relaxed).as_ref() } {
            self.unlink(&first.next, key);
        }
    }

    /// Takes the first entry of `key` out of the chain that begins at `head`. The caller holds `writer`.
    fn unlink(&self, head: &AtomicPtr<Entry<T>>, key: InodeKey) {
        // SAFETY: The caller holds `writer`.
        if let Some((link, entry)) = unsafe { Self::find(head, key) } {
            let entry = ptr::from_ref(entry).cast_mut();
            // SAFETY: Still ours: only the holder of `writer` frees.
            let rest = unsafe { (*entry).next.load(Ordering::Relaxed) };
            // INVARIANT: The entry keeps its own `next` for readers that stand on it.
            link.store(rest, Ordering::Release);
            self.len.fetch_sub(1, Ordering::Relaxed);
            // SAFETY: The entry is out of its chain, was allocated by kmalloc, and nobody frees it but this call.
            unsafe { c::kvfree_call_rcu((*entry).rcu.get(), entry.cast()) };
        }
    }
}

#[pinned_drop]
impl<T: Copy> PinnedDrop for InodeMap<T> {
    fn drop(self: Pin<&mut Self>) {
        self.evict(usize::MAX, |_, _| ());
    }
}
