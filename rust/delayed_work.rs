// SPDX-License-Identifier: GPL-2.0

//! Work that a kernel thread does later, repeated as long as something is left to do.
//!
//! The kernel crate's work items own themselves while queued and cannot be cancelled. These can, so
//! that the module's code is not called after it was unloaded.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use super::bindings;
use core::{
    mem::offset_of,
    ptr::NonNull, //
};
use kernel::{
    bindings as c,
    prelude::*,
    sync::Arc,
    time::msecs_to_jiffies,
    types::Opaque, //
};

/// The longest delay in milliseconds: 24 days. The kernel takes a longer one for none that ends.
// CAST: It is positive.
const MAX_DELAY: u32 = i32::MAX as u32;

/// Something that has work to do later.
pub(crate) trait Work: Send + Sync + 'static {
    /// Does the work. Returns the milliseconds until the next call, if it wants one. May sleep. Not
    /// called while the system is frozen for suspend, and never twice at a time.
    fn run(&self) -> Option<u32>;
}

/// The work is the first field, so a pointer to it is a pointer to the whole.
#[repr(C)]
struct Inner<T: Work> {
    work: Opaque<c::delayed_work>,
    target: Arc<T>,
}

const _: () = assert!(offset_of!(c::delayed_work, work) == 0);

/// The work of a `T`. Dropping it waits for a running call and prevents further ones.
///
/// # Invariants
///
/// The pointer came from `KBox::into_raw()`, and its work is initialised.
pub(crate) struct DelayedWork<T: Work>(NonNull<Inner<T>>);

// SAFETY: The kernel locks its own structures; the target is `Send` and `Sync`.
unsafe impl<T: Work> Send for DelayedWork<T> {}
// SAFETY: As above.
unsafe impl<T: Work> Sync for DelayedWork<T> {}

impl<T: Work> DelayedWork<T> {
    pub(crate) fn new(target: Arc<T>) -> Result<Self> {
        let inner = KBox::new(
            Inner {
                work: Opaque::uninit(),
                target,
            },
            GFP_KERNEL,
        )?;
        let ptr = NonNull::from(KBox::leak(inner));
        // SAFETY: The work is ours, valid for writes, and stays where it is until it is freed.
        unsafe { bindings::diglist_init_delayed_work(ptr.cast().as_ptr(), Some(run::<T>)) };
        // INVARIANT: Initialised just above; a leaked box is what `into_raw()` gives.
        Ok(Self(ptr))
    }

    /// Calls [`Work::run`] after `delay` milliseconds, and [`MAX_DELAY`] at most. Does nothing if
    /// that is going to happen already. Does not sleep.
    pub(crate) fn after(&self, delay: u32) {
        queue(self.0.cast(), delay);
    }
}

impl<T: Work> Drop for DelayedWork<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the work is initialised. Afterwards it is not running and
        // cannot be queued again, so the box is ours.
        unsafe {
            c::disable_delayed_work_sync(self.0.cast().as_ptr());
            drop(KBox::from_raw(self.0.as_ptr()));
        }
    }
}

/// Queues initialised work. The caller keeps it alive meanwhile.
fn queue(work: NonNull<c::delayed_work>, delay: u32) {
    // SAFETY: By the callers. The queue exists as long as the kernel.
    unsafe {
        c::queue_delayed_work_on(
            // CAST: A number of a processor.
            c::wq_misc_consts_WORK_CPU_UNBOUND as i32,
            c::system_freezable_power_efficient_wq,
            work.as_ptr(),
            msecs_to_jiffies(delay.min(MAX_DELAY)),
        )
    };
}

/// # Safety
///
/// Called by the kernel with the work of a [`DelayedWork`] of a `T` that was not dropped yet.
unsafe extern "C" fn run<T: Work>(work: *mut c::work_struct) {
    // SAFETY: The work is the first field of a delayed one, and that of an `Inner`, which stays
    // while this runs.
    let inner = unsafe { &*work.cast::<Inner<T>>() };
    if let Some(delay) = inner.target.run() {
        queue(NonNull::from(inner).cast(), delay);
    }
}
