// SPDX-License-Identifier: GPL-2.0

//! The kernel's own credentials.

use super::bindings;
use core::ptr::NonNull;
use kernel::{
    bindings as c,
    prelude::*,
    types::NotThreadSafe, //
};

/// Credentials with which the kernel may do anything, and no LSM confines it.
///
/// # Invariants
///
/// Owns one reference to the credentials.
pub(crate) struct KernelCred(NonNull<c::cred>);

// SAFETY: Credentials are immutable once made and counted atomically.
unsafe impl Send for KernelCred {}
// SAFETY: As above.
unsafe impl Sync for KernelCred {}

/// Gives the current task its own credentials back when dropped.
struct Overridden {
    former: *const c::cred,
    _not_send: NotThreadSafe,
}

impl KernelCred {
    /// Makes the credentials. May sleep.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: Callable in task context.
        let cred = unsafe { bindings::diglist_kernel_cred() };
        // INVARIANT: `prepare_kernel_cred()` gives a reference with the credentials.
        NonNull::new(cred.cast_mut()).map(Self).ok_or(ENOMEM)
    }

    /// Runs `f` with these credentials in place of the current task's: what the module reads, it reads for itself,
    /// whatever the task may read.
    pub(crate) fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        // SAFETY: The credentials are alive by the type invariants, and longer than they are overridden.
        let former = unsafe { bindings::diglist_cred_override(self.0.as_ptr()) };
        let _overridden = Overridden {
            former,
            _not_send: NotThreadSafe,
        };
        f()
    }
}

impl Drop for Overridden {
    fn drop(&mut self) {
        // SAFETY: The former credentials came from `override_creds()` in this task.
        unsafe { bindings::diglist_cred_revert(self.former) };
    }
}

impl Drop for KernelCred {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is one reference to give back.
        unsafe { bindings::diglist_cred_put(self.0.as_ptr()) };
    }
}
