// SPDX-License-Identifier: GPL-2.0

//! The index of the digest table: from a digest to the ids under which lists hold it.
//!
//! Open addressing with linear probing over 32-bit slots. Readers and one writer work at the same
//! time; [`super`] has the proof. The caller's function `resolve` gives the kind and the digest of
//! an id, or `None` if the id belongs to no list that the caller can see.

use core::{
    ops::Range,
    sync::atomic::{
        AtomicU32,
        Ordering, //
    }, //
};

use super::{
    sizes::Occupancy,
    slot::{
        entry as entry_value,
        id_with_tag,
        tag,
        Probe,
        EMPTY,
        TOMBSTONE, //
    }, //
};
use crate::{
    list::{
        Kind,
        MAX_ENTRIES, //
    },
    refusal::{
        Cause,
        Result, //
    },
    siphash::Key, //
};

/// The slots of a table's index and the key that orders them.
///
/// # Invariants
///
/// - A slot is `EMPTY`, `TOMBSTONE` or an entry: `tag << 24 | (id + 1)` with `id < MAX_ENTRIES`.
/// - Between the home slot of an entry's digest and the entry there is no empty slot.
/// - A tombstone is not followed by an empty slot.
#[derive(Clone, Copy, Debug)]
pub struct Index<'i> {
    slots: &'i [AtomicU32],
    key: &'i Key,
}

/// An entry to insert.
#[derive(Clone, Debug)]
pub struct Entry<'d> {
    /// The id.
    pub id: u32,
    /// What the list says about the digest.
    pub kind: Kind,
    /// The digest.
    pub digest: &'d [u8],
    /// The ids of the list to which [`Self::id`] belongs.
    pub list: Range<u32>,
}

/// The result of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The digest was not in the index before.
    New,
    /// The digest was there under another id, and is now there under both.
    Known,
    /// The same list holds the same digest already, with the same kind: nothing was inserted.
    Repeated,
}

/// The result of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// The digest is no longer in the index.
    Last,
    /// The digest is still there under another id.
    StillKnown,
    /// The id was not in the index: it was [`Inserted::Repeated`], or never inserted.
    Absent,
}

impl<'i> Index<'i> {
    /// An index over `slots`, which are all zero or were filled through an `Index` of the same
    /// length and key.
    pub const fn new(slots: &'i [AtomicU32], key: &'i Key) -> Self {
        Self { slots, key }
    }

    /// The ids that `digest` may have: those with its tag in its probe sequence. The caller
    /// compares digests.
    ///
    /// For readers. Takes no lock and does not sleep.
    #[inline]
    pub fn candidates(&self, digest: &[u8]) -> impl Iterator<Item = u32> + use<'i> {
        let (mut probe, tag) = self.probe(digest);
        core::iter::from_fn(move || loop {
            let value = probe.next()?.1.load(Ordering::Acquire);
            if value == EMPTY {
                return None;
            }
            if let Some(id) = id_with_tag(value, tag) {
                return Some(id);
            }
        })
    }

    /// Inserts an entry. For the writer only.
    ///
    /// `resolve` knows all ids in the index, also those of unpublished lists.
    ///
    /// # Errors
    ///
    /// [`Cause::TooManyEntries`] for an id that is too large, [`Cause::IndexFull`] if the index has
    /// to grow first.
    pub fn insert<'d>(
        &self,
        occupancy: &mut Occupancy,
        entry: &Entry<'_>,
        resolve: impl Fn(u32) -> Option<(Kind, &'d [u8])>,
    ) -> Result<Inserted> {
        self.place(occupancy, entry, Inserted::New, resolve)
    }

    /// As [`Self::insert`]. With [`Inserted::Known`] as `assumed` it does not check whether the
    /// digest is new, and compares only digests of the same list. This fills a larger index several
    /// times as fast.
    pub(super) fn place<'d>(
        &self,
        occupancy: &mut Occupancy,
        entry: &Entry<'_>,
        assumed: Inserted,
        resolve: impl Fn(u32) -> Option<(Kind, &'d [u8])>,
    ) -> Result<Inserted> {
        if entry.id >= MAX_ENTRIES {
            return Err(Cause::TooManyEntries);
        }
        let (probe, tag) = self.probe(entry.digest);
        let mut inserted = assumed;
        let mut tombstone = None;
        let mut empty = None;
        for (_, slot) in probe {
            let value = slot.load(Ordering::Relaxed);
            if value == EMPTY {
                empty = Some(slot);
                break;
            }
            if value == TOMBSTONE {
                tombstone = tombstone.or(Some(slot));
                continue;
            }
            let Some(id) = id_with_tag(value, tag) else {
                continue;
            };
            // Once the digest was found, only entries of the same list matter, so that a digest of
            // many lists is not compared with each of them.
            let sibling = entry.list.contains(&id);
            if inserted == Inserted::Known && !sibling {
                continue;
            }
            let Some((kind, digest)) = resolve(id) else {
                continue;
            };
            if digest == entry.digest {
                if sibling && kind == entry.kind {
                    return Ok(Inserted::Repeated);
                }
                inserted = Inserted::Known;
            }
        }

        let value = entry_value(tag, entry.id);
        if let Some(slot) = tombstone {
            // INVARIANT: An entry replaces a tombstone. No slot becomes empty or stops being empty.
            slot.store(value, Ordering::Release);
            occupancy.tombstones = occupancy.tombstones.saturating_sub(1);
        } else {
            let slot = empty
                .filter(|_| occupancy.has_room(self.slots.len(), 1))
                .ok_or(Cause::IndexFull)?;
            // INVARIANT: This is the first empty slot of the probe sequence.
            slot.store(value, Ordering::Release);
        }
        occupancy.live = occupancy.live.saturating_add(1);
        Ok(inserted)
    }

    /// Removes the entry `id` of `digest`. For the writer only.
    ///
    /// No reader may hold a snapshot that resolves `id`, or the id was never published. `resolve`
    /// knows all ids in the index, also those being removed.
    pub fn remove<'d>(
        &self,
        occupancy: &mut Occupancy,
        id: u32,
        digest: &[u8],
        resolve: impl Fn(u32) -> Option<(Kind, &'d [u8])>,
    ) -> Removed {
        let (probe, tag) = self.probe(digest);
        let mut position = None;
        let mut known = false;
        for (at, slot) in probe {
            let value = slot.load(Ordering::Relaxed);
            if value == EMPTY || (known && position.is_some()) {
                break;
            }
            match id_with_tag(value, tag) {
                Some(other) if other == id => position = Some(at),
                Some(other) if !known => {
                    known = resolve(other).is_some_and(|(_, other)| other == digest);
                }
                _ => (),
            }
        }
        let Some(position) = position else {
            return Removed::Absent;
        };
        self.clear(occupancy, position);
        if known {
            Removed::StillKnown
        } else {
            Removed::Last
        }
    }

    /// Takes the entry out of a slot.
    fn clear(&self, occupancy: &mut Occupancy, position: usize) {
        occupancy.live = occupancy.live.saturating_sub(1);
        if !self.holds(self.next(position), EMPTY) {
            // INVARIANT: The next slot is not empty.
            self.store(position, TOMBSTONE);
            occupancy.tombstones = occupancy.tombstones.saturating_add(1);
            return;
        }
        // INVARIANT: Nothing is stored after this slot, so it may end probe sequences. A tombstone
        // before it would be followed by an empty slot, so it becomes empty too.
        self.store(position, EMPTY);
        let mut before = self.previous(position);
        while self.holds(before, TOMBSTONE) {
            self.store(before, EMPTY);
            occupancy.tombstones = occupancy.tombstones.saturating_sub(1);
            before = self.previous(before);
        }
    }

    /// The slots where `digest` may be, in order and each once, and the tag of its entries.
    #[inline]
    fn probe(&self, digest: &[u8]) -> (Probe<'i>, u32) {
        let hash = self.key.hash(digest);
        // The upper bits choose the home slot: hash * len / 2^64 needs no division and allows any
        // length. CAST: The shifted product is less than the length.
        let home = ((u128::from(hash)).wrapping_mul(self.slots.len() as u128) >> 64) as usize;
        (Probe::new(self.slots, home), tag(hash))
    }

    fn holds(&self, position: usize, value: u32) -> bool {
        self.slots
            .get(position)
            .is_some_and(|slot| slot.load(Ordering::Relaxed) == value)
    }

    fn store(&self, position: usize, value: u32) {
        if let Some(slot) = self.slots.get(position) {
            slot.store(value, Ordering::Release);
        }
    }

    fn next(&self, position: usize) -> usize {
        let next = position.wrapping_add(1);
        if next < self.slots.len() {
            next
        } else {
            0
        }
    }

    fn previous(&self, position: usize) -> usize {
        position
            .checked_sub(1)
            .unwrap_or_else(|| self.slots.len().saturating_sub(1))
    }
}
