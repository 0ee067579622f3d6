// SPDX-License-Identifier: GPL-2.0

//! The count of closes: it tells that a writer came and went, where the content shows no other
//! sign.
//!
//! A writer that stores through a mapping, and closes the file before anything looks at the inode
//! again, may leave the change counter and the time of change as they were. So each close of a file
//! that was open for writing is counted, by a hash of the inode. Inodes that share a counter only
//! make each other look changed when they are not.

use crate::sys::inode::InodeKey;
use core::sync::atomic::{
    AtomicU64,
    Ordering, //
};

/// How many counters there are.
const SHARES: usize = 256;

/// The counters of closes.
///
/// # Invariants
///
/// A counter only grows. It has grown for a close before the file stops to count as a writer of its
/// inode.
///
/// These are `core`'s atomics, as the shortcut table's: each access to a file asks for a counter,
/// and the kernel crate's atomics are calls of functions. Both compile to what `READ_ONCE()` and
/// `atomic64_fetch_add()` are on x86-64.
pub(super) struct Epochs([AtomicU64; SHARES]);

impl Epochs {
    /// No close.
    pub(super) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; SHARES])
    }

    /// The count for `key`. What the caller reads afterwards is not older.
    #[inline(always)]
    pub(super) fn now(&self, key: InodeKey) -> u64 {
        self.counter(key)
            .map_or(0, |count| count.load(Ordering::Acquire))
    }

    /// Counts a close of `key`, or something else that no sign of the inode shows, and returns the
    /// count with it. A full barrier.
    pub(super) fn advance(&self, key: InodeKey) -> u64 {
        self.counter(key).map_or(0, |count| {
            count.fetch_add(1, Ordering::SeqCst).wrapping_add(1)
        })
    }

    fn counter(&self, key: InodeKey) -> Option<&AtomicU64> {
        self.0.get(key.hash() % SHARES)
    }
}
