// SPDX-License-Identifier: GPL-2.0

//! The requests that root makes through the files of [`crate::securityfs`]. Each is one function,
//! which records a change before it makes it.

pub(crate) mod checkpoint;
pub(crate) mod keys;
pub(crate) mod load;
mod own_file;
pub(crate) mod policy;
pub(crate) mod remove;
pub(crate) mod scrub;
pub(crate) mod start;

/// What was written, without a newline at its end.
pub(crate) fn line_of(data: &[u8]) -> &[u8] {
    data.strip_suffix(b"\n").unwrap_or(data)
}
