// SPDX-License-Identifier: GPL-2.0

//! The path of an access: what a task does with a file, from the hook to the answer.
//!
//! [`hooks`] (what the kernel calls) → [`evaluate`] (the decision) → [`content`] (the file's digest) → [`known`] (what the
//! lists say of it) → [`appraise`] (whether that is enough). [`late`] is for what cannot be refused any more, [`loaded`] for
//! bytes that come from no file. [`exempt`] and [`unpacking`] tell which accesses are passed over.

pub(crate) mod appraise;
pub(crate) mod content;
pub(crate) mod evaluate;
pub(crate) mod exempt;
mod hooks;
pub(crate) mod known;
mod late;
mod loaded;
pub(crate) mod unpacking;
