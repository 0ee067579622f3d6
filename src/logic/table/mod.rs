// SPDX-License-Identifier: GPL-2.0

//! The digest table: finds the loaded lists that have a digest, without blocking.
//!
//! There is one table per hash algorithm. It consists of
//!
//! - *arenas*, one per list: its digests one after another, grouped immutable, mutable, revoked
//!   ([`List::digests`]);
//! - a *directory*: every digest has a number (*id*) below 2^24. A list owns whole granules of
//!   [`GRANULE`] consecutive ids, and `directory[id / GRANULE]` gives the list ([`ids`]);
//! - an *index*: an open-addressed hash table of 32-bit slots, each with 8 bits of hash and 24 bits
//!   of id ([`index`]).
//!
//! A [`Snapshot`] has the lists and the tables of all algorithms. Readers call
//! [`Snapshot::verdict`]. One [`Writer`] makes each snapshot from the one before. All memory comes
//! through [`Memory`], so the kernel and the host tests use the same code. A SHA-256 digest takes
//! 32 bytes in the arena, at most 4 * 1.3 / 0.8 = 6.5 in the index and 4 / 64 in the directory.
//!
//! # Concurrency
//!
//! There is one writer at a time, and readers at any time, without locks. Readers work on a
//! snapshot, which the writer replaces as a whole by one pointer ([`Current`]). Between two growths
//! all snapshots share one index, whose slots change under the readers. The directories and lists
//! of a snapshot never change.
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
//! This order has the following consequences:
//!
//! - *A reader sees a write as a whole or not at all.* It skips ids that its snapshot does not
//!   resolve. So the ids of step 2 of loading mean nothing to a reader until it holds the snapshot
//!   of step 3. Taking that snapshot (`Acquire`) makes every slot stored before visible. An id that
//!   a reader's snapshot resolves is in the index as long as the reader holds the snapshot. So no
//!   revocation is missed between two snapshots.
//! - *An id means one digest per snapshot.* Ids are reused only after the grace period, so no
//!   reader resolves an id to a list that had it earlier.
//! - *A probe sequence is never cut short.* A removed slot becomes a tombstone, which readers skip.
//!   It becomes empty only if the next slot is empty, so nothing is stored after it in that
//!   sequence. A later insertion there belongs to a snapshot that the reader does not hold, or sees
//!   completely.
//! - *Reusing a tombstone for another id is harmless.* A reader that loads the slot gets the
//!   tombstone or the new id. It may skip both: the new id is not resolved, or its digest is
//!   compared in full.
//! - *Growth does not block.* The writer fills a larger index and publishes it with the next
//!   snapshot. The old one is freed after a grace period. Damaged lists are taken out in the same
//!   way: their entries cannot be found, so the index is rebuilt.
//!
//! # Bounds
//!
//! The hash is keyed ([`crate::siphash`]), so the author of a list cannot make unequal digests
//! collide. Equal digests of one list and kind are indexed once. Equal digests of different lists
//! each take a slot in one run, and a lookup of any digest in that run reads all of it: 4 bytes per
//! list.

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

/// The smallest number of consecutive ids of a list.
pub const GRANULE: u32 = 64;

/// The directory's mark of a free granule.
pub const NONE: u32 = u32::MAX;
