// SPDX-License-Identifier: GPL-2.0

//! The current task: its identity, its credentials and what it may do.

use super::{
    bindings,
    witness::Cred, //
};
use core::sync::atomic::{
    AtomicUsize,
    Ordering, //
};
use kernel::{
    bindings as c,
    ffi,
    task::Task, //
};

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

    /// The ids of the current task itself, where it may have taken over the credentials of another: overlayfs calls the
    /// file system below, and the hooks on the way, with those of the mounter. Callable in any task context.
    pub(crate) fn of_task() -> Self {
        // SAFETY: The current task's own credentials are always there, and only the task itself replaces them.
        Self::of(unsafe { Cred::from_raw((*Task::current_raw()).real_cred) })
    }

    /// The ids in `cred`.
    pub(super) fn of(cred: Cred<'_>) -> Self {
        // SAFETY: The credentials are alive, and never change once they are in use. The kernel's own numbers are those of
        // the initial user namespace. LSMs are not asked for capabilities: they would have to be told that nothing is done
        // with them.
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

/// The credentials with which the current task acts. They are alive until it replaces them.
pub(super) fn current_cred() -> *const c::cred {
    // SAFETY: The current task exists, and only itself replaces its credentials.
    unsafe { (*Task::current_raw()).cred }
}

/// Whether the current task acts by its own credentials, and has not taken over others.
pub(super) fn has_own_cred() -> bool {
    // SAFETY: As for `current_cred()`.
    core::ptr::eq(current_cred(), unsafe { (*Task::current_raw()).real_cred })
}

/// Whether paths can be told: they begin at the task's root, which a task that exits gives up before its other work.
pub(super) fn has_root() -> bool {
    // SAFETY: As for `current_cred()`.
    unsafe { !(*Task::current_raw()).fs.is_null() }
}

/// Whether the current task runs what it has put off (`task_work_add()`) before it returns to user space.
pub(super) fn returns_to_user() -> bool {
    // SAFETY: The current task exists. Other tasks change none of its flags.
    let flags = unsafe { (*Task::current_raw()).flags };
    // SAFETY: Callable in any context.
    flags & (c::PF_KTHREAD | c::PF_USER_WORKER) == 0 && !unsafe { bindings::diglist_in_interrupt() }
}

/// Names a task, as long as it lives.
///
/// # Invariants
///
/// The address of a task structure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token(usize);

impl Token {
    /// The current task's.
    pub(crate) fn current() -> Self {
        // INVARIANT: That of the current task.
        Self(Task::current_raw() as usize)
    }
}

/// A place that names one task, or none.
///
/// # Invariants
///
/// 0, or the number of a [`Token`].
pub(crate) struct OneTask(AtomicUsize);

impl OneTask {
    /// No task.
    pub(crate) const fn none() -> Self {
        // INVARIANT: None.
        Self(AtomicUsize::new(0))
    }

    /// From now on the current task.
    pub(crate) fn set_current(&self) {
        // INVARIANT: A token's number.
        self.0.store(Token::current().0, Ordering::Relaxed);
    }

    /// Whether it is the current task. Where there is none, a single load.
    pub(crate) fn is_current(&self) -> bool {
        let named = self.0.load(Ordering::Relaxed);
        named != 0 && Token(named) == Token::current()
    }

    /// No task any longer. Returns whether there was one.
    pub(crate) fn clear(&self) -> bool {
        self.0.swap(0, Ordering::Relaxed) != 0
    }
}

/// Whether the current task has `CAP_SYS_ADMIN` in the initial user namespace. A refusal is audited by the kernel.
pub(crate) fn may_configure() -> bool {
    // SAFETY: Called in task context, where the current credentials exist.
    unsafe { c::capable(c::CAP_SYS_ADMIN as i32) }
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
        unsafe { c::schedule_timeout_idle(ffi::c_long::MAX) };
    }
}
