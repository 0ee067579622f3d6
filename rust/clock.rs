// SPDX-License-Identifier: GPL-2.0

//! The time.

/// Seconds since 1970 by the system's clock.
pub(crate) fn seconds() -> i64 {
    // SAFETY: Callable in any context.
    unsafe { kernel::bindings::ktime_get_real_seconds() }
}

/// Seconds since the system started, including suspend, as in `/proc/uptime`.
pub(crate) fn seconds_since_boot() -> u64 {
    // SAFETY: Callable in any context.
    let nanoseconds = unsafe { kernel::bindings::ktime_get_boottime() };
    u64::try_from(nanoseconds / 1_000_000_000).unwrap_or(0)
}

/// Monotonic time in nanoseconds.
pub(crate) fn nanoseconds() -> u64 {
    // SAFETY: Callable in any context.
    let now = unsafe { kernel::bindings::ktime_get() };
    // CAST: Never negative.
    now as u64
}
