// SPDX-License-Identifier: GPL-2.0

//! Operations on the kernel's atomics without a call.
//!
//! The kernel crate makes a call to a helper of the kernel for each operation of
//! `kernel::sync::atomic`, and for each barrier. Those that every access to a file needs are here
//! once more: as the instructions that the kernel's macros are on x86-64, the only machine that the
//! module is for. Everything else uses the kernel crate's.
//!
//! This is the only file outside `src/logic` that names the atomics of `core`, but for
//! `src/lists/table.rs`, which hands `src/logic` its memory. Those of `src/logic` are `core`'s, so
//! that the host can run it.

use core::sync::atomic::{
    fence,
    AtomicBool,
    AtomicPtr,
    AtomicU32,
    AtomicU64,
    AtomicUsize,
    Ordering, //
};
use kernel::sync::atomic::Atomic;

const _: () = assert!(cfg!(target_arch = "x86_64"));

/// Loads of an atomic without a call.
pub(crate) trait Inline {
    /// What it holds.
    type Value;

    /// As `READ_ONCE()`, which [`Atomic::load`] is with `Relaxed`.
    fn read_once(&self) -> Self::Value;

    /// As `smp_load_acquire()`, which [`Atomic::load`] is with `Acquire`.
    fn read_acquire(&self) -> Self::Value;
}

macro_rules! inline {
    ($($value:ty => $core:ty $(, $param:ident)?;)*) => {
        $(impl $(<$param>)? Inline for Atomic<$value> {
            type Value = $value;

            #[inline(always)]
            fn read_once(&self) -> $value {
                // SAFETY: The place is valid and aligned as long as `self` is, and all accesses to
                // it are atomic: those of the kernel crate, and these.
                unsafe { <$core>::from_ptr(self.as_ptr()) }.load(Ordering::Relaxed)
            }

            #[inline(always)]
            fn read_acquire(&self) -> $value {
                // SAFETY: As above.
                unsafe { <$core>::from_ptr(self.as_ptr()) }.load(Ordering::Acquire)
            }
        })*
    };
}

inline! {
    bool => AtomicBool;
    u32 => AtomicU32;
    u64 => AtomicU64;
    usize => AtomicUsize;
    *mut T => AtomicPtr<T>, T;
}

/// As `atomic64_add()`, which [`Atomic::add`] is. Orders nothing.
#[inline(always)]
pub(crate) fn add(to: &Atomic<u64>, n: u64) {
    // SAFETY: As in `Inline::read_once()`.
    unsafe { AtomicU64::from_ptr(to.as_ptr()) }.fetch_add(n, Ordering::Relaxed);
}

/// As `smp_rmb()`: loads before it are not done after those behind it. x86-64 keeps loads in their
/// order, so this only keeps the compiler from changing it.
#[inline(always)]
pub(crate) fn smp_rmb() {
    fence(Ordering::Acquire);
}
