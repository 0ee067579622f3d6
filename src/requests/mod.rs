// SPDX-License-Identifier: GPL-2.0

//! The path of a request: what root asks for by the files of [`crate::securityfs`]. Each request is
//! one function, which records what is to change before the store changes.

pub(crate) mod checkpoint;
pub(crate) mod keys;
pub(crate) mod load;
mod own_file;
pub(crate) mod policy;
pub(crate) mod remove;
pub(crate) mod scrub;
pub(crate) mod start;

/// What was written, without the newline that a shell puts at its end.
pub(crate) fn line_of(data: &[u8]) -> &[u8] {
    data.strip_suffix(b"\n").unwrap_or(data)
}
