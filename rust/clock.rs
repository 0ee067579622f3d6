// SPDX-License-Identifier: GPL-2.0

//! The wall clock.

/// Seconds since 1970, as the system believes.
pub(crate) fn seconds() -> i64 {
    // SAFETY: Callable in any context.
    unsafe { kernel::bindings::ktime_get_real_seconds() }
}
