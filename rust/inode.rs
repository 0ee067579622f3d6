// SPDX-License-Identifier: GPL-2.0

//! Inodes: their identity and the signs that their content changed.

use super::{
    bindings,
    storage, //
};
use core::marker::PhantomData;
use digest_logic::storage::{
    shows_changes,
    tracks_changes, //
};
use kernel::bindings as c;

/// The identity of an inode in memory. It stays the inode's own until the inode is freed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct InodeKey(usize);

impl InodeKey {
    pub(super) fn from_raw(inode: *const c::inode) -> Self {
        Self(inode as usize)
    }

    /// A number that spreads inodes over any range.
    pub(crate) fn hash(self) -> usize {
        // Fibonacci hashing; inodes are at least 64 bytes apart. CAST: The upper half is kept.
        ((self.0 as u64 >> 6).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
    }
}

/// Fields that a change of content alters, given that [`super::file::File::arm_change_tracking`] went before.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct InodeState {
    /// Change counter.
    version: u64,
    /// Time of the last change: seconds in the upper 34 bits, nanoseconds in the lower 30.
    ctime: u64,
    /// Size in bytes, and the inode's generation folded in.
    size: u64,
}

/// An inode that somebody keeps in memory for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct InodeRef<'a> {
    ptr: *const c::inode,
    _kept: PhantomData<&'a ()>,
}

impl InodeRef<'_> {
    /// # Safety
    ///
    /// `ptr` is a valid inode and stays so for the lifetime of the result.
    pub(super) unsafe fn from_raw(ptr: *const c::inode) -> Self {
        Self {
            ptr,
            _kept: PhantomData,
        }
    }

    /// Its identity. (The inode was found by `d_real()`, which may have slept; from here on nothing sleeps.)
    pub(crate) fn key(self) -> InodeKey {
        InodeKey::from_raw(self.ptr)
    }

    pub(super) fn as_ptr(self) -> *mut c::inode {
        self.ptr.cast_mut()
    }

    /// Whether every change of content shows in [`InodeRef::state`]: the file system counts changes, and nobody else changes
    /// the storage below it. May sleep, and takes a lock of the disk; see [`storage`].
    pub(crate) fn tracks_changes(self) -> bool {
        shows_changes(&storage::facts(self)) && {
            let (facts, below) = storage::facts_and_kinds(self);
            tracks_changes(&facts, below)
        }
    }

    /// A snapshot of the fields that a change alters. Takes no lock, never sleeps.
    pub(crate) fn state(self) -> InodeState {
        let mut raw = bindings::diglist_inode_state::default();
        // SAFETY: The inode is valid by the requirement of `from_raw()`, `raw` is valid for writes.
        unsafe { bindings::diglist_inode_state(self.ptr, &mut raw) };
        // CAST: Bit patterns are compared, not values.
        InodeState {
            version: raw.version,
            ctime: (raw.ctime_sec as u64) << 30 | u64::from(raw.ctime_nsec),
            size: (raw.size as u64) ^ u64::from(raw.generation) << 32,
        }
    }
}
