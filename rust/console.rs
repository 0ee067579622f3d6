// SPDX-License-Identifier: GPL-2.0

//! Values of foreign crates in messages of the kernel log.

use core::fmt;

/// Makes a `core::fmt` value printable by the kernel's `pr_*!` macros.
pub(crate) struct Show<T>(pub(crate) T);

impl<T: fmt::Display> kernel::fmt::Display for Show<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
