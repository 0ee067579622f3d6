// SPDX-License-Identifier: GPL-2.0

//! Work before the system restarts, halts, powers off or starts another kernel (kexec).
//!
//! C header: [`include/linux/reboot.h`](srctree/include/linux/reboot.h)

use super::bindings;
use core::{
    mem::offset_of,
    ptr::NonNull, //
};
use kernel::{
    bindings as c,
    error::to_result,
    ffi,
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// Work to be done before a reboot.
pub(crate) trait AtReboot: Send + Sync + 'static {
    /// Does the work. Devices still work. May sleep. Runs in the task that asked for the reboot.
    fn run(&self);
}

/// The block is the first field, so a pointer to it is a pointer to the whole.
#[repr(C)]
struct Inner<T: AtReboot> {
    block: Opaque<c::notifier_block>,
    target: Arc<T>,
}

/// Calls a `T` at each reboot until dropped.
///
/// # Invariants
///
/// The pointer came from `KBox::into_raw()`, and its block is registered.
pub(crate) struct RebootNotifier<T: AtReboot>(NonNull<Inner<T>>);

// SAFETY: The kernel locks its own structures; the target is `Send` and `Sync`.
unsafe impl<T: AtReboot> Send for RebootNotifier<T> {}
// SAFETY: As above.
unsafe impl<T: AtReboot> Sync for RebootNotifier<T> {}

impl<T: AtReboot> RebootNotifier<T> {
    /// Calls `target` from here on. May sleep.
    pub(crate) fn new(target: Arc<T>) -> Result<Self> {
        const { assert!(offset_of!(Inner<T>, block) == 0) };
        let block = c::notifier_block {
            notifier_call: Some(notify::<T>),
            ..pin_init::zeroed()
        };
        let inner = KBox::new(
            Inner {
                block: Opaque::new(block),
                target,
            },
            GFP_KERNEL,
        )?;
        let ptr = NonNull::from(KBox::leak(inner));
        // SAFETY: The block has its function, and is not moved until it is unregistered.
        let rc = unsafe { bindings::register_reboot_notifier(ptr.cast().as_ptr()) };
        to_result(rc).inspect_err(|_| {
            // SAFETY: Leaked just above, and the kernel has not taken it.
            drop(unsafe { KBox::from_raw(ptr.as_ptr()) });
        })?;
        // INVARIANT: Registered just above; a leaked box is what `into_raw()` gives.
        Ok(Self(ptr))
    }
}

impl<T: AtReboot> Drop for RebootNotifier<T> {
    /// Waits for a call that is running. May sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariants the block is registered. Afterwards the kernel no longer
        // has it, so the box is ours.
        unsafe {
            bindings::unregister_reboot_notifier(self.0.cast().as_ptr());
            drop(KBox::from_raw(self.0.as_ptr()));
        }
    }
}

/// # Safety
///
/// Called by the kernel with the block of a [`RebootNotifier`] of a `T` that was not dropped yet.
unsafe extern "C" fn notify<T: AtReboot>(
    block: *mut c::notifier_block,
    _event: ffi::c_ulong,
    _data: *mut ffi::c_void,
) -> ffi::c_int {
    // SAFETY: The block is the first field of an `Inner`, which stays while this runs.
    unsafe { &*block.cast::<Inner<T>>() }.target.run();
    // CAST: 0. `NOTIFY_DONE`: the other notifiers are called as well.
    c::NOTIFY_DONE as ffi::c_int
}
