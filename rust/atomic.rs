// SPDX-License-Identifier: GPL-2.0

//! Operations on the kernel's atomics without a call.
//!
//! In the kernel crate, each operation of `kernel::sync::atomic` and each barrier calls a helper.
//! This file has the operations of the fast path as the instructions that the kernel's macros are
//! on x86-64 and arm64. All other code uses the kernel crate's.
//!
//! Outside `src/logic`, only this file and `src/lists/table.rs`, which gives `src/logic` its
//! memory, name the atomics of `core`. `src/logic` uses them so that the host can run it.

use core::sync::atomic::{
    compiler_fence,
    fence,
    AtomicBool,
    AtomicPtr,
    AtomicU32,
    AtomicU64,
    AtomicUsize,
    Ordering, //
};
use kernel::sync::atomic::Atomic;

const _: () = assert!(cfg!(any(target_arch = "x86_64", target_arch = "aarch64")));

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

/// As `smp_rmb()`: loads before it are done before loads after it. x86-64 keeps the order of loads,
/// so only the compiler must keep it there; on arm64 this is `dmb ishld`, as in the kernel.
#[inline(always)]
pub(crate) fn smp_rmb() {
    fence(Ordering::Acquire);
}

/// As `smp_mb__after_atomic()`: what an atomic operation of the kernel stored is seen by others
/// before loads and stores after this are done. On x86-64 such an operation is a full barrier, so
/// only the compiler must keep the order there; on arm64 this is `dmb ish`, as in the kernel.
#[inline(always)]
pub(crate) fn smp_mb_after_atomic() {
    if cfg!(target_arch = "x86_64") {
        compiler_fence(Ordering::SeqCst);
    } else {
        fence(Ordering::SeqCst);
    }
}
