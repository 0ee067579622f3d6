// SPDX-License-Identifier: GPL-2.0

//! The current task: its identity and what it may do.

use super::{
    atomic::Inline as _,
    bindings, //
};
use kernel::{
    bindings as c,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    task::Task, //
};

/// Whether paths can be computed: they start at the task's root, which an exiting task gives up
/// early.
pub(super) fn has_root() -> bool {
    // SAFETY: The current task exists, and only itself gives up its root.
    unsafe { !(*Task::current_raw()).fs.is_null() }
}

/// Whether what the current task maps readable becomes executable as well (personality(2)).
pub(super) fn reading_implies_executing() -> bool {
    // SAFETY: The current task exists, and only itself changes its personality.
    let personality = unsafe { (*Task::current_raw()).personality };
    personality & bindings::diglist_flags_DIGLIST_READ_IMPLIES_EXEC != 0
}

/// Whether the current task will run deferred work (`task_work_add()`) before it returns to user
/// space.
pub(super) fn returns_to_user() -> bool {
    // SAFETY: The current task exists. Other tasks change none of its flags.
    let flags = unsafe { (*Task::current_raw()).flags };
    // SAFETY: Callable in any context.
    flags & (c::PF_KTHREAD | c::PF_USER_WORKER) == 0 && !unsafe { bindings::diglist_in_interrupt() }
}

/// The identity of a task, valid while the task lives.
///
/// # Invariants
///
/// The address of a task structure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token(usize);

impl Token {
    /// The current task's.
    pub(crate) fn current() -> Self {
        // INVARIANT: That of the current task. CAST: An address.
        Self(Task::current_raw() as usize)
    }
}

/// The identity of one task, or of none.
///
/// # Invariants
///
/// 0, or the number of a [`Token`].
pub(crate) struct OneTask(Atomic<usize>);

impl OneTask {
    /// No task.
    pub(crate) const fn none() -> Self {
        // INVARIANT: None.
        Self(Atomic::new(0))
    }

    /// Stores the current task.
    pub(crate) fn set_current(&self) {
        // INVARIANT: A token's number.
        self.0.store(Token::current().0, Relaxed);
    }

    /// Whether it is the current task. One load if there is none.
    pub(crate) fn is_current(&self) -> bool {
        let named = self.0.read_once();
        named != 0 && Token(named) == Token::current()
    }

    /// Removes the task. Returns whether there was one.
    pub(crate) fn clear(&self) -> bool {
        self.0.xchg(0, Relaxed) != 0
    }
}

/// Whether the current task has `CAP_SYS_ADMIN` in the initial user namespace. The kernel audits a
/// refusal.
pub(crate) fn may_configure() -> bool {
    // CAST: A number of two digits. SAFETY: Called in task context, where the current credentials
    // exist.
    unsafe { c::capable(c::CAP_SYS_ADMIN as i32) }
}

/// Whether the current task is being killed.
pub(crate) fn is_being_killed() -> bool {
    // SAFETY: The current task exists.
    unsafe { bindings::diglist_fatal_signal_pending() }
}

/// Waits until every task that was running has been seen in user space or asleep: those that were
/// between a hook and what it allows have finished that, unless they wait for something. May sleep.
pub(crate) fn finish_hooks() {
    // SAFETY: Called in task context.
    unsafe { c::synchronize_rcu_tasks() };
}

/// Lets another waiting task run. May sleep.
pub(crate) fn yield_now() {
    // SAFETY: Called in task context without spinlocks.
    unsafe { bindings::diglist_cond_resched() };
}

/// Never returns. The kernel sees an idle task: it does not count as hung, cannot be killed, and is
/// frozen for suspend.
pub(crate) fn sleep_forever() -> ! {
    loop {
        // SAFETY: Called in task context without spinlocks.
        unsafe { bindings::diglist_sleep_idle() };
    }
}
