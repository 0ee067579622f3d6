// SPDX-License-Identifier: GPL-2.0

//! The current task: its identity, its credentials and what it may do.

use super::bindings;
use kernel::{
    ffi,
    task::Task, //
};

/// User and group ids of the current task in the initial user namespace.
#[derive(Clone, Copy)]
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
        let mut ids = bindings::diglist_cred_ids::default();
        // SAFETY: `ids` is valid for writes; the current task's credentials are always there.
        unsafe { bindings::diglist_current_ids(&mut ids) };
        Self::from(ids)
    }

    /// The ids of the current task itself, where it may have taken over the credentials of another: overlayfs calls the
    /// file system below, and the hooks on the way, with those of the mounter. Callable in any task context.
    pub(crate) fn of_task() -> Self {
        // SAFETY: The current task's own credentials are always there, and only the task itself replaces them.
        unsafe { Self::of_raw(bindings::diglist_task_cred()) }
    }

    /// The ids in `cred`.
    ///
    /// # Safety
    ///
    /// `cred` is alive.
    pub(super) unsafe fn of_raw(cred: *const kernel::bindings::cred) -> Self {
        let mut ids = bindings::diglist_cred_ids::default();
        // SAFETY: `ids` is valid for writes; `cred` is alive by the requirement on the caller.
        unsafe { bindings::diglist_cred_ids(cred, &mut ids) };
        Self::from(ids)
    }
}

impl From<bindings::diglist_cred_ids> for Ids {
    fn from(ids: bindings::diglist_cred_ids) -> Self {
        Self {
            uid: ids.uid,
            euid: ids.euid,
            suid: ids.suid,
            gid: ids.gid,
            egid: ids.egid,
            sgid: ids.sgid,
            cap_setuid: ids.cap_setuid != 0,
            cap_setgid: ids.cap_setgid != 0,
        }
    }
}

/// A number that no other task has while the current one lives.
pub(crate) fn current_token() -> usize {
    // The address of the task structure.
    Task::current_raw() as usize
}

/// Whether the current task has `CAP_SYS_ADMIN` in the initial user namespace. A refusal is audited by the kernel.
pub(crate) fn may_configure() -> bool {
    // SAFETY: Called in task context, where the current credentials exist.
    unsafe { bindings::diglist_may_configure() }
}

/// Whether the current task is about to be killed.
pub(crate) fn is_being_killed() -> bool {
    // SAFETY: The current task exists.
    unsafe { bindings::diglist_fatal_signal_pending() }
}

/// Lets another task run if one is waiting. May sleep.
pub(crate) fn yield_now() {
    // SAFETY: Called in task context without spinlocks.
    unsafe { bindings::diglist_cond_resched() };
}

/// Never returns. The task is idle to the kernel: it does not count as hung, and cannot be killed.
pub(crate) fn sleep_forever() -> ! {
    loop {
        // SAFETY: Called in task context without spinlocks.
        unsafe { kernel::bindings::schedule_timeout_idle(ffi::c_long::MAX) };
    }
}
