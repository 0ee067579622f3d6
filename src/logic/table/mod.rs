// SPDX-License-Identifier: GPL-2.0

//! The digest table: finds, without blocking, which loaded lists hold a digest.
//!
//! There is one table per hash algorithm. It consists of
//!
//! - *arenas*, one per list: the digests of the list side by side, grouped immutable, mutable,
//!   revoked ([`List::digests`]);
//! - a *directory*: every digest has a number (*id*) below 2^24; a list owns whole granules of
//!   [`GRANULE`] consecutive ids, and `directory[id / GRANULE]` says which list they belong to
//!   ([`ids`]);
//! - an *index*: an open-addressed hash table of 32-bit slots, each 8 bits of hash and 24 bits of
//!   id ([`index`]).
//!
//! A [`Snapshot`] has the tables of all algorithms and the lists; readers ask it by
//! [`Snapshot::verdict`], and one [`Writer`] makes each snapshot from the one before. All memory
//! comes through [`Memory`]: the kernel and the host tests use the same code with memory of their
//! own. A table of SHA-256 digests takes 32 bytes per digest for the arena, at most 4 * 1.3 / 0.8 =
//! 6.5 for the index and 4 / 64 for the directory.
//!
//! # Concurrency
//!
//! One writer at a time; readers at any time, without locks. Readers work on a snapshot, which the
//! writer replaces as a whole by swapping one pointer ([`Current`]). All snapshots between two
//! growths share one index, whose slots change under the readers; directories and lists of a
//! snapshot never change.
//!
//! Loading lists:
//!
//! 1. the writer builds a snapshot with the lists and a directory that resolves them, aside;
//! 2. it inserts their ids into the shared index (`Release` stores);
//! 3. it publishes that snapshot.
//!
//! If a step before the last fails, what was inserted is removed again: no reader resolves it.
//!
//! Removing lists:
//!
//! 1. the writer publishes a snapshot that does not resolve their ids;
//! 2. it waits until no reader holds an older snapshot (a grace period);
//! 3. it removes the ids from the index; only then may ids be given to other lists and the lists be
//!    freed.
//!
//! What follows from that order:
//!
//! - *A reader sees a write as a whole or not at all.* An id that its snapshot does not resolve is
//!   skipped, so the ids of step 2 of loading mean nothing until it holds the snapshot of step 3,
//!   and taking that snapshot (`Acquire`) makes every slot stored before visible. Conversely an id
//!   that a reader's snapshot resolves is in the index for as long as the reader holds the
//!   snapshot. So a revocation is never missed between two snapshots.
//! - *An id means one digest per snapshot.* Ids are reused only after the grace period; no reader
//!   can resolve an id to a list that had it earlier.
//! - *A probe sequence is never cut short.* A removed slot becomes a tombstone, which readers walk
//!   over. It becomes empty only where the next slot is empty, so nothing is stored behind it in
//!   that sequence; what a later insertion puts there belongs to a snapshot that the reader does
//!   not hold, or sees completely.
//! - *Reusing a tombstone for another id is harmless.* A reader that loads the slot gets either the
//!   tombstone or the new id, both of which it may skip: the new id is not resolved, or its digest
//!   is compared in full.
//! - *Growth blocks nobody.* The writer fills a larger index aside and publishes it with the next
//!   snapshot; the old one is freed after a grace period. Lists whose digests have changed in
//!   memory are taken out in the same way: their entries cannot be found, so the index is made
//!   anew.
//!
//! # Bounds
//!
//! The hash is keyed ([`crate::siphash`]), so no author of lists can make unequal digests collide
//! on purpose. Equal digests of one list and kind are indexed once. Equal digests of different
//! lists each take a slot in one run, which a lookup of a digest in that run walks over: 4 bytes
//! per list that holds the digest.

pub mod ids;
pub mod index;
pub mod memory;
pub mod sizes;

mod change;
mod lists;
mod per_algo;
mod slot;
mod snapshot;
mod view;

pub use change::{
    Damaged,
    Writer, //
};
pub use index::{
    Entry,
    Index,
    Inserted,
    Removed, //
};
pub use lists::Usage;
pub use memory::{
    Current,
    List,
    Memory, //
};
pub use per_algo::PerAlgo;
pub use sizes::Occupancy;
pub use snapshot::Snapshot;
pub use view::{
    Placed,
    View, //
};

/// The number of consecutive ids that belong to one list at least.
pub const GRANULE: u32 = 64;

/// The directory's mark of a granule that belongs to no list.
pub const NONE: u32 = u32::MAX;
