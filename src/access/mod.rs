// SPDX-License-Identifier: GPL-2.0

//! The path of an access: what a task does with a file, from the hook to the answer.
//!
//! [`hooks`] (what the kernel calls) → [`evaluate`] (the decision) → [`file_access`] (what is left
//! to be done) → [`content`] (the file's digest) → [`known`] (what the lists say of it) →
//! [`appraise`] (whether that is enough). [`mapping`] is for accesses that serve two functions,
//! [`late`] for what cannot be refused any more, [`loaded`] for bytes that come from no file.
//! [`exempt`] and [`unpacking`] tell which accesses are passed over.

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
