// SPDX-License-Identifier: GPL-2.0

//! Opens by the module of a file that a hook passes.

use super::{
    File,
    OwnedFile, //
};
use crate::sys::{
    bindings::{
        self,
        diglist_flags_DIGLIST_O_UNASKED as O_UNASKED, //
    },
    cred,
};
use core::ptr::NonNull;
use kernel::{
    bindings as c,
    error::from_err_ptr,
    prelude::*, //
};

/// Flags of the former open that are dropped when a file is opened again to read through the page
/// cache.
const NOT_REOPENED: u32 = c::O_ACCMODE
    | c::O_APPEND
    | c::O_TRUNC
    | c::O_CREAT
    | c::O_NOCTTY
    | c::O_EXCL
    | c::O_DIRECT
    | UNASKED;

/// A flag of an open: no listener of fanotify is asked about it, nor about reads. The hook
/// `file_open`, which comes before fanotify, sees to it ([`File::hide_if_unasked`]). System calls
/// of users do not let the flag through, save `XFS_IOC_OPEN_BY_HANDLE`: so it counts only where the
/// task acts with other credentials, as the module does.
///
/// Needed while the caller keeps the file system from being frozen: a listener that writes there
/// would wait for the freezer, the freezer for the caller, and the caller for the listener.
pub(in crate::sys) const UNASKED: u32 = O_UNASKED;

impl File {
    /// Opens the same file for reading through the page cache with its opener's credentials.
    /// Permission bits are not checked: an executable file need not be readable. May sleep, but
    /// does not wait for the owner of a lease, who may be the task itself, or let a policy wait.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if the file has a lease that the open breaks; those of the file system.
    pub(crate) fn reopen(&self) -> Result<OwnedFile> {
        self.reopen_with(0)
    }

    /// The same, [`UNASKED`].
    pub(crate) fn reopen_unasked(&self) -> Result<OwnedFile> {
        self.reopen_with(UNASKED)
    }

    fn reopen_with(&self, more: u32) -> Result<OwnedFile> {
        let flags = self.flags() & !NOT_REOPENED | c::O_RDONLY | c::O_NONBLOCK | more;
        // SAFETY: The file is open. CAST: A set of bits.
        let ptr = unsafe { bindings::diglist_file_reopen(self.as_ptr(), flags as i32) };
        let ptr = from_err_ptr(ptr)?;
        // INVARIANT: `dentry_open()` gave us a reference.
        NonNull::new(ptr).map(OwnedFile).ok_or(EINVAL)
    }

    /// Keeps a file that is being opened [`UNASKED`] from fanotify. Returns whether it is one.
    #[inline(always)]
    pub(in crate::sys) fn hide_if_unasked(&self) -> bool {
        let unasked = self.flags() & UNASKED != 0 && !cred::has_own_cred();
        if unasked {
            // SAFETY: The file is being opened, by this task, and nobody else has it.
            unsafe { bindings::diglist_file_hide(self.as_ptr()) };
        }
        unasked
    }
}
