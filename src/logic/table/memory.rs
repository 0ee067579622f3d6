// SPDX-License-Identifier: GPL-2.0

//! What the table needs: memory, lists, and the place of the snapshot in force. In the kernel these
//! are allocators and RCU, in the host tests the standard library.

use core::{
    ops::{
        Deref,
        DerefMut, //
    },
    sync::atomic::AtomicU32, //
};

use super::Snapshot;
use crate::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::Counts,
    refusal::Cause, //
};

/// A loaded list. Its digests, algorithm and counts never change.
pub trait List {
    /// The digest of the list file. After [`Damaged`](super::Damaged), the rest of a list keeps it.
    fn digest(&self) -> &Digest;

    /// The algorithm of its digests.
    fn algo(&self) -> HashAlgo;

    /// How many digests of each kind it has.
    fn counts(&self) -> Counts;

    /// Its digests one after another: immutable, mutable, revoked.
    fn digests(&self) -> &[u8];

    /// Whether it counts for appraisal as well as for measurement.
    fn counts_for_appraisal(&self) -> bool;

    /// Digest number `position` of [`List::digests`] was found for an access. Called by readers:
    /// takes no lock and does not sleep.
    fn found(&self, position: u32);
}

/// The memory of the tables. Readers call nothing here. A function that fails lacks memory, and
/// drops the value passed to it.
pub trait Memory: Sized {
    /// The error without memory.
    type Error: From<Cause>;

    /// A list.
    type List: List;

    /// A value with several owners. It is dropped with the last one.
    type Shared<T>: Clone + Deref<Target = T>;

    /// An array of values.
    type Array<T>: DerefMut<Target = [T]>;

    /// The slots of an index.
    type Slots: Deref<Target = [AtomicU32]>;

    /// Makes a value shared.
    fn share<T>(value: T) -> Result<Self::Shared<T>, Self::Error>;

    /// An empty array with room for `capacity` values.
    fn array<T>(capacity: usize) -> Result<Self::Array<T>, Self::Error>;

    /// Appends a value. Does not fail while there is room.
    fn push<T>(array: &mut Self::Array<T>, value: T) -> Result<(), Self::Error>;

    /// `count` slots, all zero.
    fn slots(count: usize) -> Result<Self::Shared<Self::Slots>, Self::Error>;

    /// Lets other tasks run. Called every few digests. May sleep.
    fn pause();
}

/// The place of the snapshot in force.
pub trait Current<M: Memory> {
    /// The snapshot that is in force.
    fn load(&self) -> M::Shared<Snapshot<M>>;

    /// Puts `next` in force. Returns the former snapshot when no reader holds it or an earlier one.
    /// May sleep.
    fn replace(&self, next: M::Shared<Snapshot<M>>) -> M::Shared<Snapshot<M>>;

    /// Puts `next` in force. The former snapshot is dropped when no reader holds it. May sleep.
    fn publish(&self, next: M::Shared<Snapshot<M>>) {
        drop(self.replace(next));
    }
}
