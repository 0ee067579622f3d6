// SPDX-License-Identifier: GPL-2.0

//! The path of a request: what root asks for by the files of [`crate::securityfs`]. Each request is
//! one function, which records what is to change before the store changes.

pub(crate) mod keys;
pub(crate) mod load;
mod own_file;
pub(crate) mod policy;
pub(crate) mod remove;
pub(crate) mod scrub;
pub(crate) mod start;
