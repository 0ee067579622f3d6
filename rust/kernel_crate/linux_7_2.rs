// SPDX-License-Identifier: GPL-2.0

//! What came into the kernel crate with Linux 7.3, for Linux 7.2, with the same names and meaning.
//!
//! C headers: [`include/linux/srcu.h`](srctree/include/linux/srcu.h),
//! [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use crate::sys::bindings;
use core::num::NonZeroI32;
use kernel::{
    alloc::Flags,
    bindings as c,
    error::to_result,
    ffi,
    prelude::*,
    sync::barrier,
    types::{
        NotThreadSafe,
        Opaque, //
    },
};

/// Makes constants of errnos that the crate has no names for.
macro_rules! errnos {
    ($($name:ident,)*) => {
        $(
            #[doc = concat!("The errno `", stringify!($name), "`.")]
            pub(crate) const $name: Error = errno(c::$name);
        )*
    };
}

errnos! {
    EBADMSG,
    EKEYEXPIRED,
    EKEYREJECTED,
    EKEYREVOKED,
    ENODATA,
    ENOKEY,
    ENOPKG,
    ENOSYS,
    EOPNOTSUPP,
}

const fn errno(number: u32) -> Error {
    assert!(0 < number && number <= c::MAX_ERRNO);
    // CAST: Small, as checked just above.
    let number = (number as i32).wrapping_neg();
    // SAFETY: Not zero, as checked just above.
    let number = unsafe { NonZeroI32::new_unchecked(number) };
    // SAFETY: An `Error` has one field, of this type, and no room for more, since both have the
    // same size. The value is a negative errno.
    unsafe { core::mem::transmute::<NonZeroI32, Error>(number) }
}

/// What the kernel keeps in memory that is to be freed after a grace period.
pub(crate) type KvfreeRcuHead = c::callback_head;

/// Waits until all readers that are in a section of RCU have left it. May sleep.
pub(crate) fn synchronize_rcu() {
    // SAFETY: Called in process context, since the caller may sleep.
    unsafe { c::synchronize_rcu() };
}

/// Reads and writes before it are done before those after it.
pub(crate) struct Full;

/// As [`Full`], for reads.
pub(crate) struct Read;

/// As [`Full`], for writes.
pub(crate) struct Write;

/// An order of accesses to memory, as other processors see them.
pub(crate) trait Order {
    fn run();
}

impl Order for Full {
    #[inline(always)]
    fn run() {
        barrier::smp_mb();
    }
}

impl Order for Read {
    #[inline(always)]
    fn run() {
        barrier::smp_rmb();
    }
}

impl Order for Write {
    #[inline(always)]
    fn run() {
        barrier::smp_wmb();
    }
}

/// A barrier.
#[inline(always)]
pub(crate) fn smp_mb<T: Order>(_: T) {
    T::run();
}

/// `len` bytes, all zero. Sleeps as `flags` say.
pub(crate) fn kvec_zeroed(len: usize, flags: Flags) -> Result<KVec<u8>> {
    Ok(KVec::from_elem(0, len, flags)?)
}

/// As [`kvec_zeroed`], also for many.
pub(crate) fn kvvec_zeroed(len: usize, flags: Flags) -> Result<KVVec<u8>> {
    Ok(KVVec::from_elem(0, len, flags)?)
}

/// RCU whose readers may sleep.
///
/// # Invariants
///
/// `inner` is initialized.
#[pin_data(PinnedDrop)]
pub(crate) struct Srcu {
    #[pin]
    inner: Opaque<c::srcu_struct>,
}

// SAFETY: It belongs to no thread.
unsafe impl Send for Srcu {}
// SAFETY: Made for use by many at a time.
unsafe impl Sync for Srcu {}

/// Initializes an [`Srcu`]. May sleep.
pub(crate) fn new_srcu() -> impl PinInit<Srcu, Error> {
    try_pin_init!(Srcu {
        // INVARIANT: Initialized, where there is no error.
        inner <- Opaque::try_ffi_init(|place| {
            // SAFETY: `place` has room for one, and is not moved afterwards.
            to_result(unsafe { bindings::diglist_srcu_init(place) })
        }),
    }? Error)
}

impl Srcu {
    /// Begins a section of a reader, which ends when the guard goes.
    #[inline]
    pub(crate) fn read_lock(&self) -> Guard<'_> {
        Guard {
            srcu: self,
            // INVARIANT: From here.
            // SAFETY: Initialized, by the type invariants.
            index: unsafe { bindings::diglist_srcu_read_lock(self.inner.get()) },
            _not_send: NotThreadSafe,
        }
    }

    /// Waits until all readers that are in a section have left it. May sleep.
    pub(crate) fn synchronize(&self) {
        // SAFETY: Initialized, by the type invariants.
        unsafe { c::synchronize_srcu(self.inner.get()) };
    }
}

#[pinned_drop]
impl PinnedDrop for Srcu {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Initialized, by the type invariants. A guard borrows it, so no reader is left.
        unsafe { c::cleanup_srcu_struct(self.inner.get()) };
    }
}

/// A section of a reader.
///
/// # Invariants
///
/// `index` came from beginning a section of `srcu`.
#[must_use = "the section ends with it"]
pub(crate) struct Guard<'a> {
    srcu: &'a Srcu,
    index: ffi::c_int,
    _not_send: NotThreadSafe,
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants, and this ends the section once.
        unsafe { bindings::diglist_srcu_read_unlock(self.srcu.inner.get(), self.index) };
    }
}
