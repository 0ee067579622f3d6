// SPDX-License-Identifier: GPL-2.0

//! The path of an access: what a task does with a file, from the hook to the answer.
//!
//! [`hooks`] (called by the kernel) → [`evaluate`] (the decision) → [`file_access`] (what is left
//! to be done) → [`content`] (the file's digest) → [`known`] (what the lists say) → [`appraise`]
//! (whether that suffices). [`mapping`] serves two functions with one access, [`late`] handles what
//! cannot be refused, [`loaded`] bytes without a file. [`exempt`] and [`unpacking`] skip accesses.

pub(crate) mod appraise;
pub(crate) mod content;
pub(crate) mod evaluate;
mod exempt;
mod file_access;
mod hooks;
mod known;
mod late;
mod loaded;
mod mapping;
mod monitor;
mod unpacking;

pub(crate) use exempt::Exempt;
pub(crate) use file_access::Access;
pub(crate) use monitor::Monitor;
