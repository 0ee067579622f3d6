// SPDX-License-Identifier: GPL-2.0

//! What the module remembers of an inode, and how that changes: one claim carries all of it, *what
//! was looked at is what is used*.
//!
//! Three kinds of facts are kept apart:
//!
//! - [`signs`]: every sign by which content shows a change. A look at content begins with a
//!   [`Stamp`] of them.
//! - The *result* of a look, in [`Entry`]: it holds while the signs are what they were, and may be
//!   lost at any time.
//! - [`marks`]: what outlives a result. None of them is ever lost while it could matter.
//!
//! [`shortcut`] says which accesses need no look at any of them.
//!
//! [`entry`] has the transitions, as functions of the former entry, of the inode and of nothing
//! else. The module calls them under the lock of its map, with an inode that is read under that
//! lock; the host tests call the same functions in random order, beside a model of files, writers
//! and page references.

mod bits;
pub mod entry;
pub mod left;
pub mod marks;
pub mod shortcut;
pub mod signs;

pub use entry::{
    Entry,
    Inode,
    Outcome,
    Stamp, //
};
pub use left::Left;
pub use marks::{
    Mark,
    Marks, //
};
pub use signs::Signs;
