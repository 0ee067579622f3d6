// SPDX-License-Identifier: GPL-2.0

//! Open files, from hooks or opened by the module.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

mod attrs;
mod open;
mod read;
mod xattr;

pub(super) use open::UNASKED;
pub(crate) use xattr::{
    EvmStatus,
    WhenFrozen, //
};

use super::{
    bindings::{
        self,
        diglist_flags_DIGLIST_FMODE_CREATED as FMODE_CREATED,
        diglist_flags_DIGLIST_FMODE_EXEC as FMODE_EXEC,
        diglist_flags_DIGLIST_FMODE_OPENED as FMODE_OPENED,
        diglist_flags_DIGLIST_FMODE_READ as FMODE_READ,
        diglist_flags_DIGLIST_FMODE_WRITE as FMODE_WRITE,
        diglist_flags_DIGLIST_SB_I_VERSION as SB_I_VERSION, //
    },
    inode::InodeRef,
    kernel_crate::ENODATA,
    storage,
    task, //
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};
use digest_logic::{
    cache::shortcut::{
        Opened,
        Way, //
    },
    hook::maps_another_content,
    storage::{
        is_others,
        is_stable,
        Facts, //
    },
};
use kernel::{
    bindings as c,
    error::{
        from_err_ptr,
        Result, //
    },
    prelude::*,
    str::CStr,
    types::Opaque, //
};

/// The length that a kernel function returned, or its error.
fn length_of(n: isize) -> Result<usize> {
    usize::try_from(n).map_err(|_| Error::from_errno(i32::try_from(n).unwrap_or(i32::MIN)))
}

/// A `struct file` that stays open as long as the reference lives.
#[repr(transparent)]
pub(crate) struct File(Opaque<c::file>);

// SAFETY: All functions here may be called from any task.
unsafe impl Send for File {}
// SAFETY: As above; the kernel serialises where needed.
unsafe impl Sync for File {}

impl File {
    /// Borrows a file from the kernel.
    ///
    /// # Safety
    ///
    /// `ptr` is an open file and stays so for `'a`.
    pub(super) unsafe fn from_raw<'a>(ptr: *mut c::file) -> &'a Self {
        // CAST: `File` is a transparent wrapper.
        // SAFETY: By the requirement on the caller.
        unsafe { &*ptr.cast() }
    }

    pub(super) fn as_ptr(&self) -> *mut c::file {
        self.0.get()
    }

    pub(crate) fn is_regular(&self) -> bool {
        self.own_inode().is_regular()
    }

    /// Its `FMODE_*` bits. Read in Rust, because every open and close needs them.
    #[inline(always)]
    fn mode(&self) -> u32 {
        // SAFETY: The file is open. posix_fadvise(2) changes other bits under a lock that is not
        // held here. As with `READ_ONCE()`, the whole word is read.
        unsafe { core::ptr::read_volatile(&raw const (*self.as_ptr()).f_mode) }
    }

    /// Whether it is open for writing.
    #[inline(always)]
    pub(crate) fn is_writable(&self) -> bool {
        self.mode() & FMODE_WRITE != 0
    }

    /// The accesses it is opened for, as the bits `MAY_READ` and `MAY_WRITE`.
    pub(crate) fn accesses(&self) -> u32 {
        let mode = self.mode();
        let bit = |is_set: bool, bit| if is_set { bit } else { 0 };
        bit(mode & FMODE_READ != 0, c::MAY_READ) | bit(mode & FMODE_WRITE != 0, c::MAY_WRITE)
    }

    /// Whether its file system keeps the content in files of another one, and opens those too
    /// (overlayfs).
    pub(crate) fn is_stacked(&self) -> bool {
        // SAFETY: The file is open, or has its path already.
        unsafe { bindings::diglist_file_is_stacked(self.as_ptr()) }
    }

    /// Whether this open created it.
    pub(crate) fn is_created(&self) -> bool {
        self.mode() & FMODE_CREATED != 0
    }

    /// Its `O_*` flags.
    #[inline(always)]
    fn flags(&self) -> u32 {
        // SAFETY: The file is open. fcntl(2) changes some under a lock that is not held here, so
        // the whole word is read.
        unsafe { core::ptr::read_volatile(&raw const (*self.as_ptr()).f_flags) }
    }

    /// Whether it is open for direct I/O.
    #[inline(always)]
    pub(crate) fn is_direct(&self) -> bool {
        self.flags() & c::O_DIRECT != 0
    }

    /// Whether the kernel opened it to execute it or as an interpreter (`do_open_execat()`). The
    /// kernel then reads the headers before it calls the hook.
    pub(crate) fn is_opened_to_execute(&self) -> bool {
        self.flags() & FMODE_EXEC != 0
    }

    /// What the file itself tells of whether an access can have a witness. Does not sleep.
    #[inline(always)]
    pub(super) fn opened(&self) -> Opened {
        let inode = self.own_inode();
        Opened {
            is_regular: inode.is_regular(),
            is_writable: self.is_writable(),
            is_direct: self.is_direct(),
            has_writers: inode.writers() > 0,
        }
    }

    /// Whether [`File::read_at`] can read its content: it is open for reading through the page
    /// cache, not only being opened (`file_open`).
    pub(crate) fn is_readable(&self) -> bool {
        let both = FMODE_READ | FMODE_OPENED;
        self.mode() & both == both && !self.is_direct()
    }

    /// How accesses reach its content. Does not sleep.
    #[inline(always)]
    pub(super) fn way(&self) -> Way {
        let inode = self.own_inode().as_ptr();
        // SAFETY: The file is open, so its path, inode and file system exist. The flags of a
        // dentry, an inode and a file system change under locks that are not held here, and a mount
        // gets its idmap once. As with `READ_ONCE()`, whole words are read.
        unsafe {
            let path = (*self.as_ptr()).__bindgen_anon_1.f_path;
            let flags = core::ptr::read_volatile(&raw const (*path.dentry).d_flags);
            let idmap = core::ptr::read_volatile(&raw const (*path.mnt).mnt_idmap);
            let operations = core::ptr::read_volatile(&raw const (*inode).i_opflags);
            let sb = (*inode).i_sb;
            let options = core::ptr::read_volatile(&raw const (*sb).s_flags);
            Way {
                is_stacked: flags & c::dentry_flags_DCACHE_OP_REAL != 0,
                is_idmapped: idmap != &raw mut c::nop_mnt_idmap,
                storage: Facts {
                    // CAST: Of the same width.
                    magic: (*sb).s_magic as u64,
                    // CAST: The flag is one of the lower 32.
                    counts_changes: options as u32 & SB_I_VERSION != 0,
                    fine_times: u32::from(operations) & c::IOP_MGTIME != 0,
                    ..Facts::default()
                },
            }
        }
    }

    /// The size in bytes of what a read sees. On overlayfs it is that of the layer, since the upper
    /// inode may be out of date.
    pub(crate) fn size(&self) -> u64 {
        self.real_inode().size()
    }

    /// The inode that holds the content. On a stacked file system it is in the layer below.
    pub(crate) fn real_inode(&self) -> InodeRef<'_> {
        // SAFETY: The file is open and keeps its inodes.
        unsafe { InodeRef::from_raw(bindings::diglist_file_real_inode(self.as_ptr())) }
    }

    /// Keeps the file open beyond the reference.
    pub(crate) fn to_owned(&self) -> OwnedFile {
        // SAFETY: The file is open, so its count is not zero.
        unsafe { c::get_file(self.as_ptr()) };
        // INVARIANT: We have just taken a reference.
        OwnedFile(NonNull::from(self).cast())
    }

    /// Whether any open of the file is for reading only, through its own inode or the one that
    /// holds the content: on overlayfs, tasks hold the former and mappings the latter.
    pub(crate) fn has_readers(&self) -> bool {
        self.own_inode().readers() > 0 || self.real_inode().readers() > 0
    }

    /// The fs-verity digest of the file and its algorithm (`hash_info.h`). Does not sleep.
    ///
    /// # Errors
    ///
    /// `ENODATA` if fs-verity is not enabled for the file.
    pub(crate) fn verity_digest(&self, out: &mut [u8; 64]) -> Result<(usize, u16)> {
        let mut algo = 0u8;
        // SAFETY: The file is open; `out` has `FS_VERITY_MAX_DIGEST_SIZE` bytes.
        let size = unsafe {
            bindings::diglist_file_verity_digest(self.as_ptr(), out.as_mut_ptr(), &mut algo)
        };
        match usize::try_from(size) {
            Ok(size) if size > 0 => Ok((size, u16::from(algo))),
            _ => Err(ENODATA),
        }
    }

    /// The inode of the file itself. On a stacked file system it is the upper one.
    #[inline(always)]
    pub(super) fn own_inode(&self) -> InodeRef<'_> {
        // SAFETY: The file is open and keeps its inodes.
        unsafe { InodeRef::from_raw((*self.as_ptr()).f_inode) }
    }

    /// Whether a mapping of this file, made by a stacked file system for `user`, has another
    /// content than a read of `user`. May sleep.
    pub(super) fn is_another_content_than(&self, user: &File) -> bool {
        let (own, real) = (user.own_inode().key(), user.real_inode().key());
        maps_another_content(own, real, || self.real_inode().key())
    }

    /// Whether the next reader reads the same, as long as the file is not opened for writing and no
    /// page is referenced from a shared writable mapping. May sleep, and takes a lock of the disk;
    /// see [`storage`].
    pub(crate) fn content_is_stable(&self) -> bool {
        if is_others(&storage::facts(self.own_inode())) {
            return false;
        }
        let (facts, below) = storage::facts_and_kinds(self.real_inode());
        is_stable(&facts, below)
    }

    /// Whether others than this kernel decide what a read of it returns, whatever storage is below.
    /// Does not sleep.
    pub(crate) fn is_served(&self) -> bool {
        is_others(&storage::facts(self.own_inode()))
            || is_others(&storage::facts(self.real_inode()))
    }

    /// Whether seals keep the content, given that it is stable: memory of the kernel's own mounts
    /// that can no longer be written. Does not sleep.
    pub(crate) fn is_sealed(&self) -> bool {
        storage::facts(self.real_inode()).kernel_mount
    }

    /// Whether the content is open for writing, through this file or another.
    pub(crate) fn has_writers(&self) -> bool {
        self.own_inode().writers() > 0 || self.real_inode().writers() > 0
    }

    /// Whether the content is open for writing through another file.
    pub(crate) fn has_other_writers(&self) -> bool {
        self.has_writers() && !(self.is_writable() && self.real_inode().writers() == 1)
    }

    /// Asks the file system to make the next change visible in [`InodeRef::signs`]. May sleep.
    pub(crate) fn arm_change_tracking(&self) -> Result {
        // SAFETY: The file is open.
        kernel::error::to_result(unsafe {
            bindings::diglist_file_arm_change_tracking(self.as_ptr())
        })
    }

    /// Writes the path, as seen from the current task's root, into `buf`. For a file below a
    /// stacked file system it is that of the upper file, which user space opened. Takes
    /// `rename_lock` for reading.
    ///
    /// # Errors
    ///
    /// `ENAMETOOLONG` if `buf` is too small, `ESRCH` if the task is exiting and no longer has a
    /// root.
    pub(crate) fn path<'b>(&self, buf: &'b mut [u8]) -> Result<&'b CStr> {
        if !task::has_root() {
            return Err(ESRCH);
        }
        let len = i32::try_from(buf.len()).map_err(|_| EINVAL)?;
        // SAFETY: The file is open, so its path is; `buf` is valid for writes of `len` bytes; the
        // task has a root, which only itself gives up.
        let ptr = from_err_ptr(unsafe {
            c::d_path(
                bindings::diglist_file_user_path(self.as_ptr()),
                buf.as_mut_ptr().cast(),
                len,
            )
        })?;
        // SAFETY: `d_path()` returns a NUL-terminated string, in `buf` or (for pseudo files) a
        // constant one.
        Ok(unsafe { CStr::from_char_ptr(ptr) })
    }
}

/// A file that the module itself holds open.
///
/// # Invariants
///
/// Owns one reference to the file.
pub(crate) struct OwnedFile(NonNull<c::file>);

// SAFETY: A reference to a file may be dropped by any task.
unsafe impl Send for OwnedFile {}

impl OwnedFile {
    /// Takes over a reference; nothing for null.
    ///
    /// # Safety
    ///
    /// `ptr` is null, or an open file with a reference for the caller.
    pub(super) unsafe fn from_reference(ptr: *mut c::file) -> Option<Self> {
        // INVARIANT: The reference is ours by the requirement on the caller.
        NonNull::new(ptr).map(Self)
    }

    /// Opens the file at `path`, absolute and in the current task's mount namespace, for reading.
    /// May sleep.
    pub(crate) fn open(path: &CStr) -> Result<Self> {
        // A FIFO must not block the caller, and a terminal must not become its controlling
        // terminal.
        let flags = c::O_RDONLY | c::O_LARGEFILE | c::O_NONBLOCK | c::O_NOCTTY;
        // CAST: Flags of few bits. SAFETY: `path` is NUL-terminated.
        let ptr = from_err_ptr(unsafe { c::filp_open(path.as_char_ptr(), flags as i32, 0) })?;
        // INVARIANT: `filp_open()` gave us a reference.
        NonNull::new(ptr).map(Self).ok_or(EINVAL)
    }
}

impl Deref for OwnedFile {
    type Target = File;

    fn deref(&self) -> &File {
        // SAFETY: By the type invariants the file is open for as long as `self` lives.
        unsafe { File::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for OwnedFile {
    fn drop(&mut self) {
        // At once, not when the task returns to user space. Until then IMA would count the module
        // as a reader, and report a violation if the access being checked is for writing.
        //
        // SAFETY: By the type invariants there is one reference to give back. Where the module
        // drops a file, it is not the last reference, or no lock is held that the file's release
        // takes.
        unsafe { bindings::__fput_sync(self.0.as_ptr()) };
    }
}
