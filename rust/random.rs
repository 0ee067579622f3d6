// SPDX-License-Identifier: GPL-2.0

//! Random numbers.

/// An unpredictable number. Waits for the generator's first seed early in boot.
pub(crate) fn u64() -> u64 {
    // SAFETY: Callable in task context.
    unsafe { kernel::bindings::get_random_u64() }
}
