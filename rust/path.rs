// SPDX-License-Identifier: GPL-2.0

//! Paths and directory entries from hooks.
//!
//! C headers: [`include/linux/path.h`](srctree/include/linux/path.h),
//! [`include/linux/dcache.h`](srctree/include/linux/dcache.h)

use super::{
    bindings,
    cred,
    file::{
        File,
        OwnedFile,
        UNASKED, //
    },
    inode::InodeRef, //
};
use core::ops::Deref;
use kernel::{
    bindings as c,
    error::from_err_ptr,
    prelude::*,
    str::CStr,
    types::Opaque, //
};

/// A `struct path` with an inode, held as long as the reference lives.
#[repr(transparent)]
pub(crate) struct Path(Opaque<c::path>);

impl Path {
    /// Borrows a path from the kernel.
    ///
    /// # Safety
    ///
    /// `ptr` is a path to an existing file, which the caller holds for `'a`.
    pub(super) unsafe fn from_raw<'a>(ptr: *const c::path) -> &'a Self {
        // CAST: `Path` is a transparent wrapper.
        // SAFETY: By the requirement on the caller.
        unsafe { &*ptr.cast() }
    }

    /// The inode that a change through this path alters: the upmost of a stack that stores
    /// anything. Does not sleep.
    pub(crate) fn upmost_inode(&self) -> InodeRef<'_> {
        // SAFETY: The path is held, and with it at least one inode.
        unsafe {
            let dentry = (*self.0.get()).dentry;
            InodeRef::upmost(dentry).unwrap_or(InodeRef::from_raw((*dentry).d_inode))
        }
    }

    /// Whether its file system keeps the content in files of another one. Does not sleep.
    pub(crate) fn is_stacked(&self) -> bool {
        // SAFETY: The path is held.
        unsafe { bindings::diglist_dentry_is_stacked((*self.0.get()).dentry) }
    }

    /// Opens it for reading with the current credentials, but no check of permission bits. May
    /// sleep, but does not wait for the owner of a lease.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EAGAIN` if the file has a lease that the open breaks, and those of the file
    /// system and the LSMs.
    pub(crate) fn open(&self) -> Result<OwnedFile> {
        self.open_with(0)
    }

    /// The same, [`UNASKED`].
    pub(crate) fn open_unasked(&self) -> Result<OwnedFile> {
        self.open_with(UNASKED)
    }

    fn open_with(&self, more: u32) -> Result<OwnedFile> {
        let flags = c::O_RDONLY | c::O_LARGEFILE | c::O_NONBLOCK | more;
        // SAFETY: The path is held. CAST: A set of bits.
        let ptr = from_err_ptr(unsafe {
            c::dentry_open(self.0.get(), flags as i32, cred::current_cred())
        })?;
        // SAFETY: `dentry_open()` gave us a reference.
        unsafe { OwnedFile::from_reference(ptr) }.ok_or(EINVAL)
    }
}

/// A path that the module holds itself.
///
/// # Invariants
///
/// Owns a reference to the mount and one to the directory entry.
pub(crate) struct OwnedPath(c::path);

// SAFETY: The references may be dropped by any task.
unsafe impl Send for OwnedPath {}

impl OwnedPath {
    /// The path by which `file` was opened.
    pub(super) fn of(file: &File) -> Self {
        // SAFETY: The file is open, so its path is there and does not change.
        let path = unsafe { (*file.as_ptr()).__bindgen_anon_1.f_path };
        // SAFETY: As above.
        unsafe { c::path_get(&path) };
        // INVARIANT: The references were just taken.
        Self(path)
    }
}

impl Deref for OwnedPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        // SAFETY: By the type invariants the path is held as long as `self` lives. The files here
        // are regular and open, so they have an inode.
        unsafe { Path::from_raw(&self.0) }
    }
}

impl Drop for OwnedPath {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there are references to give back. The task may sleep.
        unsafe { c::path_put(&self.0) };
    }
}

/// A `struct dentry` with an inode, held as long as the reference lives.
#[repr(transparent)]
pub(crate) struct Dentry(Opaque<c::dentry>);

impl Dentry {
    /// Borrows a directory entry from the kernel.
    ///
    /// # Safety
    ///
    /// `ptr` is a directory entry with an inode, which the caller holds for `'a`.
    pub(super) unsafe fn from_raw<'a>(ptr: *mut c::dentry) -> &'a Self {
        // CAST: `Dentry` is a transparent wrapper.
        // SAFETY: By the requirement on the caller.
        unsafe { &*ptr.cast() }
    }

    pub(super) fn inode(&self) -> InodeRef<'_> {
        // SAFETY: The directory entry is held, and with it its inode.
        unsafe { InodeRef::from_raw((*self.0.get()).d_inode) }
    }

    /// Writes the path within the file system into `buf`; the mount is not known. Takes
    /// `rename_lock` for reading.
    ///
    /// # Errors
    ///
    /// `ENAMETOOLONG` if `buf` is too small.
    pub(crate) fn path<'b>(&self, buf: &'b mut [u8]) -> Result<&'b CStr> {
        let len = i32::try_from(buf.len()).map_err(|_| EINVAL)?;
        // SAFETY: The directory entry is held; `buf` is valid for writes of `len` bytes.
        let ptr = from_err_ptr(unsafe {
            c::dentry_path_raw(self.0.get(), buf.as_mut_ptr().cast(), len)
        })?;
        // SAFETY: `dentry_path_raw()` returns a NUL-terminated string in `buf`.
        Ok(unsafe { CStr::from_char_ptr(ptr) })
    }
}
