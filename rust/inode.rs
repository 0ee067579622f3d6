// SPDX-License-Identifier: GPL-2.0

//! Inodes: their identity and the signs that their content changed.

use super::bindings;
use core::marker::PhantomData;
use digest_logic::cache::{
    Inode,
    Signs, //
};
use kernel::bindings as c;

/// The identity of an inode in memory. It stays the inode's own until the inode is freed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct InodeKey(usize);

impl InodeKey {
    pub(super) fn from_raw(inode: *const c::inode) -> Self {
        Self(inode as usize)
    }

    pub(super) fn as_ptr(self) -> *const c::inode {
        // CAST: The key is the address.
        self.0 as *const c::inode
    }

    /// The key as a number that is not 0.
    pub(crate) fn word(self) -> u64 {
        // CAST: An address.
        self.0 as u64
    }

    /// A number that spreads inodes over any range.
    pub(crate) fn hash(self) -> usize {
        // Fibonacci hashing; inodes are at least 64 bytes apart. CAST: The upper half is kept.
        ((self.0 as u64 >> 6).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
    }
}

/// An inode that is kept in memory for `'a`.
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

    /// What a change of content alters, given that [`super::file::File::arm_change_tracking`] went before. Takes no lock,
    /// never sleeps.
    pub(crate) fn signs(self) -> Signs {
        self.now().signs
    }

    /// The inode as it is. Takes no lock, never sleeps.
    pub(crate) fn now(self) -> Inode {
        let mut raw = bindings::diglist_inode_state::default();
        // SAFETY: The inode is valid by the requirement of `from_raw()`, `raw` is valid for writes.
        unsafe { bindings::diglist_inode_state(self.ptr, &mut raw) };
        Inode {
            signs: signs_of(&raw.signs),
            writers: raw.writers,
            readers: raw.readers,
            cached: raw.cached != 0,
        }
    }
}

/// The signs of change in `raw`.
#[inline(always)]
pub(super) fn signs_of(raw: &bindings::diglist_signs) -> Signs {
    Signs::new(
        raw.version,
        raw.ctime_sec,
        raw.ctime_nsec,
        raw.size,
        raw.generation,
    )
}
