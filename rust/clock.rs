// SPDX-License-Identifier: GPL-2.0

//! What time it is.

/// Seconds since 1970, as the system believes.
pub(crate) fn seconds() -> i64 {
    // SAFETY: Callable in any context.
    unsafe { kernel::bindings::ktime_get_real_seconds() }
}

/// Seconds since the system started, those in which it was suspended included, as `/proc/uptime` counts.
pub(crate) fn seconds_since_boot() -> u64 {
    // SAFETY: Callable in any context.
    unsafe { super::bindings::diglist_seconds_since_boot() }
}
