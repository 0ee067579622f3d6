// SPDX-License-Identifier: GPL-2.0

//! What the module remembers of an inode, and how that changes. It guarantees that the content that
//! was looked at is the content that is used.
//!
//! There are three kinds of facts:
//! - [`signs`]: all signs that the content changed. A look begins with a [`Stamp`] of them.
//! - The *result* of a look, in [`Entry`]. It holds while the signs are the same, and may be lost
//!   at any time.
//! - [`marks`]: they outlive a result, and are not lost while they matter.
//!
//! [`shortcut`] tells which accesses need none of these.
//!
//! [`entry`] has the transitions, as pure functions of the former entry and the inode. The module
//! calls them under the lock of its map with an inode read under that lock. The host tests call
//! them in random order, beside a model of files, writers and page references.

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
