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

/// How many chains the map of entries has on a machine with `memory` bytes: one per 64 KiB, so that
/// with inodes in half of the memory a chain has some 32 entries. A power of two; the least take
/// 128 KiB, the most 32 MiB.
pub fn chains(memory: u64) -> usize {
    let wanted = (memory >> 16).clamp(1 << 14, 1 << 22);
    // CAST: At most 1 << 22.
    wanted.next_power_of_two() as usize
}
