// SPDX-License-Identifier: GPL-2.0

//! Inodes: their identity and the signs that their content changed.

use super::bindings;
use core::marker::PhantomData;
use digest_logic::cache::{
    Inode,
    Signs, //
};
use kernel::{
    bindings as c,
    prelude::*,
    str::CStr, //
};

/// The identity of an inode in memory, unique until the inode is freed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InodeKey(usize);

impl InodeKey {
    #[inline(always)]
    pub(super) fn from_raw(inode: *const c::inode) -> Self {
        // CAST: The key is the address.
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

    /// A hash of the inode.
    pub(crate) fn hash(self) -> usize {
        // Fibonacci hashing; inodes are at least 64 bytes apart. CAST: The upper half is kept.
        ((self.0 as u64 >> 6).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
    }
}

/// An inode that is kept in memory for `'a`.
///
/// # Invariants
///
/// `ptr` is a valid inode for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct InodeRef<'a> {
    ptr: *const c::inode,
    _kept: PhantomData<&'a ()>,
}

impl<'a> InodeRef<'a> {
    /// # Safety
    ///
    /// `ptr` is a valid inode and stays so for the lifetime of the result.
    #[inline(always)]
    pub(super) unsafe fn from_raw(ptr: *const c::inode) -> Self {
        // INVARIANT: By the requirement on the caller.
        Self {
            ptr,
            _kept: PhantomData,
        }
    }

    /// The inode that a change through `dentry` alters: the upmost of a stack that stores anything.
    /// None if there is none yet. Does not sleep.
    ///
    /// # Safety
    ///
    /// `dentry` is held for the lifetime of the result.
    pub(super) unsafe fn upmost(dentry: *mut c::dentry) -> Option<Self> {
        // SAFETY: By the requirement on the caller. A held dentry keeps its inodes.
        unsafe {
            let ptr = bindings::diglist_dentry_upmost_inode(dentry);
            (!ptr.is_null()).then(|| Self::from_raw(ptr))
        }
    }

    /// The inode that stores the content of `inode`, a new file without a name. May sleep.
    ///
    /// # Safety
    ///
    /// `inode` is valid, and stays so for the lifetime of the result, with what it is stacked on.
    pub(super) unsafe fn of_unnamed(inode: *mut c::inode) -> Self {
        // SAFETY: By the requirement on the caller; the reference to the alias is given back.
        unsafe {
            let alias = c::d_find_any_alias(inode);
            if alias.is_null() {
                return Self::from_raw(inode);
            }
            let upmost = Self::upmost(alias).map_or(inode.cast_const(), |upmost| upmost.ptr);
            c::dput(alias);
            Self::from_raw(upmost)
        }
    }

    /// Its identity. (`d_real()` found the inode and may have slept; this function does not.)
    #[inline(always)]
    pub(crate) fn key(self) -> InodeKey {
        InodeKey::from_raw(self.ptr)
    }

    pub(super) fn as_ptr(self) -> *mut c::inode {
        self.ptr.cast_mut()
    }

    /// Whether this is a regular file.
    #[inline(always)]
    pub(crate) fn is_regular(self) -> bool {
        // SAFETY: The inode is valid by the type invariants. chmod(2) changes other bits, so the
        // read is one of the whole.
        let mode = unsafe { core::ptr::read_volatile(&raw const (*self.ptr).i_mode) };
        u32::from(mode) & c::S_IFMT == c::S_IFREG
    }

    /// The signs that change with the content, after [`super::file::File::arm_change_tracking`].
    /// Takes no lock, never sleeps.
    pub(crate) fn signs(self) -> Signs {
        let mut raw = bindings::diglist_signs::default();
        // SAFETY: The inode is valid by the type invariants, `raw` is valid for writes.
        unsafe { bindings::diglist_inode_signs(self.ptr, &mut raw) };
        signs_of(&raw)
    }

    pub(crate) fn size(self) -> u64 {
        // SAFETY: The inode is valid by the type invariants.
        let size = unsafe { bindings::diglist_inode_size(self.ptr) };
        u64::try_from(size).unwrap_or(0)
    }

    /// The name of its file system's device, and its number there.
    pub(super) fn place(self) -> (&'a [u8], u64) {
        // SAFETY: The inode is valid by the type invariants, and keeps its file system, which has a
        // NUL-terminated name that is set at mount.
        unsafe {
            let name = &raw const (*(*self.ptr).i_sb).s_id;
            let name = CStr::from_char_ptr(name.cast());
            (name.to_bytes(), (*self.ptr).i_ino)
        }
    }

    /// How many files are open for writing; negative while it is executed.
    #[inline(always)]
    pub(crate) fn writers(self) -> i32 {
        // SAFETY: The inode is valid by the type invariants; the kernel changes the whole word at
        // once.
        unsafe { core::ptr::read_volatile(&raw const (*self.ptr).i_writecount.counter) }
    }

    /// Keeps others from opening it for writing until the result is dropped: they get `ETXTBSY`, as
    /// while it is executed. None if it is open for writing. Does not sleep.
    pub(crate) fn deny_writers(self) -> Option<WritersDenied<'a>> {
        // SAFETY: The inode is valid by the type invariants.
        // INVARIANT: The count was just lowered.
        unsafe { bindings::diglist_inode_deny_writers(self.as_ptr()) }
            .then_some(WritersDenied(self))
    }

    /// How many files are open for reading only; 1 if the kernel does not count them.
    pub(crate) fn readers(self) -> i32 {
        #[cfg(CONFIG_IMA)]
        // SAFETY: As for `writers()`.
        return unsafe { core::ptr::read_volatile(&raw const (*self.ptr).i_readcount.counter) };
        #[cfg(not(CONFIG_IMA))]
        return 1;
    }

    /// The inode as it is. Takes no lock, never sleeps.
    pub(crate) fn now(self) -> Inode {
        // SAFETY: The inode is valid by the type invariants, and has a mapping; the kernel changes
        // the whole word at once.
        let pages =
            unsafe { core::ptr::read_volatile(&raw const (*(*self.ptr).i_mapping).nrpages) };
        Inode {
            signs: self.signs(),
            writers: self.writers(),
            readers: self.readers(),
            cached: pages != 0,
        }
    }
}

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

/// An inode that cannot be opened for writing meanwhile.
///
/// # Invariants
///
/// Its count of writers is lowered by one.
pub(crate) struct WritersDenied<'a>(InodeRef<'a>);

impl Drop for WritersDenied<'_> {
    fn drop(&mut self) {
        // SAFETY: The inode is valid by its type invariants, and by ours the count is lowered.
        unsafe { bindings::diglist_inode_allow_writers(self.0.as_ptr()) };
    }
}
