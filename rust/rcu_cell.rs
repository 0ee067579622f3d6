// SPDX-License-Identifier: GPL-2.0

//! A pointer to an immutable snapshot, read under RCU and replaced as a whole.

use super::{
    atomic::Inline as _,
    kernel_crate::synchronize_rcu, //
};
use core::marker::PhantomData;
use kernel::sync::{
    atomic::{
        Atomic,
        Full, //
    },
    rcu,
    Arc, //
};

/// An [`Arc`] that readers get without a lock.
///
/// The cell is in one of two states:
/// - it points to snapshot A;
/// - a writer has put in B. The writer keeps A until each reader that may have seen A has left its
///   read-side section.
///
/// # Invariants
///
/// `ptr` came from `Arc::into_raw()`, and the cell owns that reference. A reference leaves the cell
/// only through [`RcuCell::replace`], which waits for a grace period first, and through `drop`,
/// which has no readers.
pub(crate) struct RcuCell<T> {
    ptr: Atomic<*mut T>,
    _owns: PhantomData<Arc<T>>,
}

// SAFETY: The cell hands out `&T` and `Arc<T>` to any thread, as `Arc<T>` does.
unsafe impl<T: Send + Sync> Send for RcuCell<T> {}
// SAFETY: As above.
unsafe impl<T: Send + Sync> Sync for RcuCell<T> {}

impl<T> RcuCell<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        // INVARIANT: From `into_raw()`, and ours.
        Self {
            ptr: Atomic::new(Arc::into_raw(value).cast_mut()),
            _owns: PhantomData,
        }
    }

    /// The current snapshot, as long as the read-side section lasts.
    pub(crate) fn read<'a>(&'a self, _guard: &'a rcu::Guard) -> &'a T {
        // SAFETY: By the type invariants the pointer is valid, and a writer waits for the end of
        // this section.
        unsafe { &*self.ptr.read_acquire() }
    }

    /// The current snapshot, to keep.
    pub(crate) fn load(&self) -> Arc<T> {
        let _guard = rcu::read_lock();
        let ptr = self.ptr.read_acquire();
        // SAFETY: By the type invariants `ptr` came from `into_raw()` and the cell's reference is
        // alive at least to the end of this read-side section. The borrow is never dropped as an
        // owner.
        let borrow = unsafe { core::mem::ManuallyDrop::new(Arc::from_raw(ptr)) };
        Arc::clone(&borrow)
    }

    /// Replaces the snapshot by `value`. Returns the former one when no reader can see it. May
    /// sleep.
    pub(crate) fn replace(&self, value: Arc<T>) -> Arc<T> {
        self.replace_after(value, synchronize_rcu)
    }

    /// As [`RcuCell::replace`], but interrupts all processors, so that it takes microseconds
    /// instead of a scheduling period. May sleep.
    pub(crate) fn replace_expedited(&self, value: Arc<T>) -> Arc<T> {
        self.replace_after(value, || {
            // SAFETY: Called in process context, since the caller may sleep.
            unsafe { kernel::bindings::synchronize_rcu_expedited() }
        })
    }

    /// Puts in `value`, runs `grace_period`, and returns the former snapshot.
    fn replace_after(&self, value: Arc<T>, grace_period: impl FnOnce()) -> Arc<T> {
        let old = self.ptr.xchg(Arc::into_raw(value).cast_mut(), Full);
        grace_period();
        // SAFETY: By the type invariants the cell owned a reference to `old`, which is taken only
        // here.
        unsafe { Arc::from_raw(old) }
    }
}

impl<T> Drop for RcuCell<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the cell owns this reference. A cell that is dropped has
        // no readers.
        drop(unsafe { Arc::from_raw(*self.ptr.get_mut()) });
    }
}
