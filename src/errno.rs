// SPDX-License-Identifier: GPL-2.0

//! Causes of refusal on their way to user space: a line in the kernel log and an errno of their own.

use crate::sys::console::Show;
use digest_logic::error::Error as Cause;
use kernel::prelude::*;

/// Logs why `what` was refused and returns the errno of the cause.
pub(crate) fn refuse(what: impl core::fmt::Display, cause: Cause) -> Error {
    pr_err!("{}: {}\n", Show(what), cause.cause());
    Error::from_errno(cause.errno().wrapping_neg())
}
