// SPDX-License-Identifier: GPL-2.0

//! The count of closes: it tells that a writer came and went, even where no other sign of change
//! shows it.
//!
//! If a writer stores through a mapping and closes the file before the inode is looked at again,
//! the change counter and the time of change may stay as they were. So each close of a file that
//! was open for writing is counted, by a hash of the inode. Inodes that share a counter can only
//! look changed when they are not.

use crate::sys::{
    atomic::Inline as _,
    inode::InodeKey, //
};
use kernel::sync::atomic::{
    Atomic,
    Full, //
};

const SHARES: usize = 256;

/// The counters of closes.
///
/// # Invariants
///
/// A counter only grows. A close is counted before the file stops counting as a writer of its
/// inode.
pub(super) struct Epochs([Atomic<u64>; SHARES]);

impl Epochs {
    pub(super) const fn new() -> Self {
        Self([const { Atomic::new(0) }; SHARES])
    }

    /// The count for `key`. What the caller reads afterwards is not older.
    #[inline(always)]
    pub(super) fn now(&self, key: InodeKey) -> u64 {
        self.counter(key).map_or(0, |count| count.read_acquire())
    }

    /// Counts a close of `key`, or another change that no sign of the inode shows. Returns the new
    /// count. A full barrier.
    pub(super) fn advance(&self, key: InodeKey) -> u64 {
        self.counter(key)
            .map_or(0, |count| count.fetch_add(1, Full).wrapping_add(1))
    }

    fn counter(&self, key: InodeKey) -> Option<&Atomic<u64>> {
        self.0.get(key.hash() % SHARES)
    }
}
