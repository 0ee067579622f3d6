// SPDX-License-Identifier: GPL-2.0

//! What time it is.

/// Seconds since 1970, as the system believes.
pub(crate) fn seconds() -> i64 {
    // SAFETY: Callable in any context.
    unsafe { kernel::bindings::ktime_get_real_seconds() }
}

/// Seconds since the system started, those in which it was suspended included, as `/proc/uptime`
/// counts.
pub(crate) fn seconds_since_boot() -> u64 {
    // SAFETY: Callable in any context.
    let nanoseconds = unsafe { kernel::bindings::ktime_get_boottime() };
    u64::try_from(nanoseconds / 1_000_000_000).unwrap_or(0)
}
