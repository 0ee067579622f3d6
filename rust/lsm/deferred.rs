// SPDX-License-Identifier: GPL-2.0

//! Work that a hook may not do where it is called: it is done before the task returns to user
//! space.
//!
//! C header: [`include/linux/task_work.h`](srctree/include/linux/task_work.h)

use super::handler::{
    enter,
    Handler, //
};
use crate::sys::{
    file::{
        File,
        OwnedFile, //
    },
    path::OwnedPath,
    task, //
};
use kernel::{
    bindings as c,
    error::to_result,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    },
    task::Task,
    time::{
        delay::fsleep,
        Delta, //
    },
};

/// What is to be done.
enum Work<T> {
    /// A mapping of the file became executable.
    MadeExec(OwnedFile, T),
    /// What is at the path was closed by a writer. It is opened when its turn comes: until then the
    /// module would count as its reader.
    Left(OwnedPath),
}

/// Work that is queued. The callback's head comes first, so that a pointer to it is one to the
/// whole.
#[repr(C)]
struct Deferred<T> {
    head: c::callback_head,
    work: Work<T>,
}

/// How many are queued or running. The module's code must stay until there are none.
static PENDING: Atomic<usize> = Atomic::new(0);

/// Calls [`Handler::mapping_made_exec`] for `file`, with `token`, before the current task returns
/// to user space. To be called inside [`enter`], since it may sleep; callable with the address
/// space locked.
///
/// # Errors
///
/// `ENOMEM`; `ESRCH` if the task will not return to user space. Nothing will be called, so the
/// mapping must not be made: others may share the address space.
pub(super) fn queue<H: Handler>(file: &File, token: H::Token) -> Result {
    add::<H>(Work::MadeExec(file.to_owned(), token))
}

/// Calls [`Handler::left_by_writer`] for `file`, which is being closed, before the current task
/// returns to user space; unless the task does not, or there is no memory. To be called inside
/// [`enter`], since it may sleep.
pub(super) fn queue_left<H: Handler>(file: &File) {
    if task::returns_to_user() {
        // Without it the reference value is left to the next look, as in IMA.
        let _ = add::<H>(Work::Left(OwnedPath::of(file)));
    }
}

fn add<H: Handler>(work: Work<H::Token>) -> Result {
    let work = KBox::new(
        Deferred {
            head: c::callback_head {
                next: core::ptr::null_mut(),
                func: Some(run::<H>),
            },
            work,
        },
        GFP_KERNEL,
    )?;
    PENDING.add(1, Relaxed);
    let work = KBox::into_raw(work);
    // SAFETY: The current task exists; `work` is ours and stays until `run()` frees it.
    let rc = unsafe {
        c::task_work_add(
            Task::current_raw(),
            work.cast(),
            c::task_work_notify_mode_TWA_RESUME,
        )
    };
    if rc != 0 {
        // SAFETY: The kernel did not take it.
        drop(unsafe { KBox::from_raw(work) });
        PENDING.fetch_sub(1, Release);
    }
    to_result(rc)
}

/// # Safety
///
/// Called by the kernel with what `add()` gave it, once.
unsafe extern "C" fn run<H: Handler>(head: *mut c::callback_head) {
    // SAFETY: `head` is the first field of a `Deferred<H::Token>` from `KBox::into_raw()`.
    let work = unsafe { KBox::from_raw(head.cast::<Deferred<H::Token>>()) };
    let Deferred { work, .. } = KBox::into_inner(work);
    enter((), |h: &H| match work {
        Work::MadeExec(file, token) => h.mapping_made_exec(&file, token),
        Work::Left(path) => h.left_by_writer(&path),
    });
    PENDING.fetch_sub(1, Release);
}

/// Waits until nothing is queued or running. Nothing new is queued any more. May sleep.
pub(super) fn drain() {
    while PENDING.load(Acquire) > 0 {
        fsleep(Delta::from_millis(1));
    }
}
