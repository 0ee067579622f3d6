// SPDX-License-Identifier: GPL-2.0

//! Credentials: of an access, the ids in them, and the kernel's own.

use super::bindings;
use core::ptr::NonNull;
use kernel::{
    bindings as c,
    cred::Credential,
    prelude::*,
    task::Task,
    types::NotThreadSafe, //
};

/// The credentials of an access; none for those of the current task.
#[derive(Clone, Copy)]
pub(crate) struct Cred<'a>(Option<&'a Credential>);

impl<'a> Cred<'a> {
    /// Those of the current task.
    pub(crate) const CURRENT: Self = Self(None);

    /// Those at `ptr`.
    ///
    /// # Safety
    ///
    /// They are alive for `'a`.
    pub(super) unsafe fn from_raw(ptr: *const c::cred) -> Self {
        // SAFETY: By the requirement on the caller.
        Self(Some(unsafe { Credential::from_ptr(ptr) }))
    }

    /// They are alive for `'a`, or until the current task replaces its own.
    pub(super) fn as_ptr(self) -> *const c::cred {
        self.0.map_or_else(current_cred, Credential::as_ptr)
    }

    /// The same, given the credentials `current` of the current task.
    #[inline(always)]
    pub(super) fn or(self, current: *const c::cred) -> *const c::cred {
        self.0.map_or(current, Credential::as_ptr)
    }
}

/// User and group ids of a task in the initial user namespace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ids {
    /// Real user id.
    pub(crate) uid: u32,
    /// Effective user id.
    pub(crate) euid: u32,
    /// Saved user id.
    pub(crate) suid: u32,
    /// Real group id.
    pub(crate) gid: u32,
    /// Effective group id.
    pub(crate) egid: u32,
    /// Saved group id.
    pub(crate) sgid: u32,
    /// Whether the task has `CAP_SETUID` in the initial user namespace.
    pub(crate) cap_setuid: bool,
    /// Whether the task has `CAP_SETGID` in the initial user namespace.
    pub(crate) cap_setgid: bool,
}

impl Ids {
    /// The ids of the current task. Callable in any task context.
    pub(crate) fn current() -> Self {
        Self::of(Cred::CURRENT)
    }

    /// The ids of the current task itself. It may have taken over other credentials: overlayfs
    /// calls the file system below, and so the hooks, with the mounter's. Callable in any task
    /// context.
    pub(crate) fn of_task() -> Self {
        // SAFETY: The current task's own credentials are always there, and only the task itself
        // replaces them.
        Self::of(unsafe { Cred::from_raw((*Task::current_raw()).real_cred) })
    }

    /// The ids in `cred`.
    pub(super) fn of(cred: Cred<'_>) -> Self {
        // SAFETY: The credentials are alive and do not change once in use. Ids are numbers of the
        // initial user namespace. Capabilities are read without the LSMs, which would take that for
        // a use.
        unsafe {
            let cred = &*cred.as_ptr();
            let is_initial = core::ptr::eq(cred.user_ns, &raw const c::init_user_ns);
            let has = |capability: u32| is_initial && cred.cap_effective.val >> capability & 1 != 0;
            Self {
                uid: cred.uid.val,
                euid: cred.euid.val,
                suid: cred.suid.val,
                gid: cred.gid.val,
                egid: cred.egid.val,
                sgid: cred.sgid.val,
                cap_setuid: has(c::CAP_SETUID),
                cap_setgid: has(c::CAP_SETGID),
            }
        }
    }
}

/// The credentials with which the current task acts. Alive until it replaces them.
pub(super) fn current_cred() -> *const c::cred {
    // SAFETY: The current task exists, and only itself replaces its credentials.
    unsafe { (*Task::current_raw()).cred }
}

/// Whether the current task acts with its own credentials.
pub(super) fn has_own_cred() -> bool {
    // SAFETY: As for `current_cred()`.
    core::ptr::eq(current_cred(), unsafe { (*Task::current_raw()).real_cred })
}

/// Credentials of the kernel: every capability, and no LSM confines them.
///
/// # Invariants
///
/// Owns one reference to the credentials.
pub(crate) struct KernelCred(NonNull<c::cred>);

// SAFETY: Credentials are immutable once made and counted atomically.
unsafe impl Send for KernelCred {}
// SAFETY: As above.
unsafe impl Sync for KernelCred {}

/// Restores the current task's former credentials when dropped.
///
/// # Invariants
///
/// `former` came from `override_creds()` in the current task, and what it overrode is still in
/// place.
struct Overridden {
    former: *const c::cred,
    _not_send: NotThreadSafe,
}

impl KernelCred {
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: Callable in task context, with a task that is always there.
        let cred = unsafe { c::prepare_kernel_cred(&raw mut c::init_task) };
        // INVARIANT: `prepare_kernel_cred()` gives a reference with the credentials.
        NonNull::new(cred).map(Self).ok_or(ENOMEM)
    }

    /// Runs `f` with these credentials, because the module reads for itself: what the current task
    /// may read does not matter.
    pub(crate) fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        // SAFETY: The credentials are alive by the type invariants, and longer than they are
        // overridden.
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
