// SPDX-License-Identifier: GPL-2.0

//! What the table is given: memory, lists, and the place where readers find it. The kernel has
//! these by its allocators and RCU, the host tests by the standard library.

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

/// A loaded list, as the table needs it.
///
/// Digests, algorithm and counts never change.
pub trait List {
    /// The digest of the list file. What is left of a list after [`Damaged`](super::Damaged) has
    /// that of the whole.
    fn digest(&self) -> &Digest;

    /// The algorithm of its digests.
    fn algo(&self) -> HashAlgo;

    /// How many digests of each kind it has.
    fn counts(&self) -> Counts;

    /// Its digests side by side: immutable, mutable, revoked.
    fn digests(&self) -> &[u8];

    /// Whether it counts for appraisal, beside measurement.
    fn counts_for_appraisal(&self) -> bool;

    /// The digest number `position` of [`List::digests`] was looked up for an access, and found.
    /// Called by readers: takes no lock and does not sleep.
    fn found(&self, position: u32);
}

/// Where the memory of the tables comes from. Nothing here is called by readers. What returns an
/// error does so without memory, and drops the value that it was given.
pub trait Memory: Sized {
    /// Why memory is refused.
    type Error: From<Cause>;

    /// A list.
    type List: List;

    /// A value that has several owners and goes with the last.
    type Shared<T>: Clone + Deref<Target = T>;

    /// Values side by side.
    type Array<T>: DerefMut<Target = [T]>;

    /// The slots of an index.
    type Slots: Deref<Target = [AtomicU32]>;

    /// Gives a value owners.
    fn share<T>(value: T) -> Result<Self::Shared<T>, Self::Error>;

    /// An empty array with room for `capacity` values.
    fn array<T>(capacity: usize) -> Result<Self::Array<T>, Self::Error>;

    /// Appends a value. Does not fail while there is room.
    fn push<T>(array: &mut Self::Array<T>, value: T) -> Result<(), Self::Error>;

    /// As many slots, all zero.
    fn slots(count: usize) -> Result<Self::Shared<Self::Slots>, Self::Error>;

    /// Lets others run; called after every few digests. May sleep.
    fn pause();
}

/// The place where readers find the snapshot that is in force.
pub trait Current<M: Memory> {
    /// The snapshot that is in force.
    fn load(&self) -> M::Shared<Snapshot<M>>;

    /// Puts `next` in force, and returns the one before when no reader holds it or an earlier one.
    /// May sleep.
    fn replace(&self, next: M::Shared<Snapshot<M>>) -> M::Shared<Snapshot<M>>;

    /// Puts `next` in force; the one before goes when no reader holds it. May sleep.
    fn publish(&self, next: M::Shared<Snapshot<M>>) {
        drop(self.replace(next));
    }
}
