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

/// Gives the current task its former credentials back when dropped.
///
/// # Invariants
///
/// `former` came from `override_creds()` in the current task, and what it overrode is still in place.
struct Overridden {
    former: *const c::cred,
    _not_send: NotThreadSafe,
}

impl KernelCred {
    /// Makes the credentials. May sleep.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: Callable in task context, with a task that is always there.
        let cred = unsafe { c::prepare_kernel_cred(&raw mut c::init_task) };
        // INVARIANT: `prepare_kernel_cred()` gives a reference with the credentials.
        NonNull::new(cred).map(Self).ok_or(ENOMEM)
    }

    /// Runs `f` with these credentials in place of the current task's: what the module reads, it reads for itself,
    /// whatever the task may read.
    pub(crate) fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        // SAFETY: The credentials are alive by the type invariants, and longer than they are overridden.
        let former = unsafe { bindings::diglist_cred_override(self.0.as_ptr()) };
        // INVARIANT: Overridden just above.
        let _overridden = Overridden {
            former,
            _not_send: NotThreadSafe,
        };
        f()
    }
}

impl Drop for Overridden {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::diglist_cred_revert(self.former) };
    }
}

impl Drop for KernelCred {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is one reference to give back.
        unsafe { c::put_cred(self.0.as_ptr()) };
    }
}
