// SPDX-License-Identifier: GPL-2.0

//! The slots of the index: what a value means, and the order in which slots are visited.
//!
//! A slot is empty, a tombstone, or an entry: 8 bits of the hash (the tag) and 24 bits of the id
//! plus one.

use core::sync::atomic::AtomicU32;

use crate::list::MAX_ENTRIES;

/// A slot without an entry, which ends probe sequences. Zero, so that zeroed memory is an empty
/// index.
pub(super) const EMPTY: u32 = 0;
/// A slot whose entry was removed. Its lower 24 bits are greater than those of any entry.
pub(super) const TOMBSTONE: u32 = ID_MASK;

const ID_MASK: u32 = 0x00ff_ffff;
const TAG_SHIFT: u32 = 24;

/// The tag of a hash, in its place in a slot.
#[inline]
pub(super) const fn tag(hash: u64) -> u32 {
    // CAST: The lowest byte is the tag.
    ((hash & 0xff) as u32) << TAG_SHIFT
}

/// The value of an entry; `id < MAX_ENTRIES`.
#[inline]
pub(super) const fn entry(tag: u32, id: u32) -> u32 {
    tag | id.wrapping_add(1)
}

/// The id in a slot's value if it is an entry with this tag.
#[inline]
pub(super) const fn id_with_tag(value: u32, tag: u32) -> Option<u32> {
    let id = (value & ID_MASK).wrapping_sub(1);
    if (value ^ tag) & !ID_MASK == 0 && id < MAX_ENTRIES {
        Some(id)
    } else {
        None
    }
}

/// The slots of an index from one position all the way round, each once.
pub(super) struct Probe<'i> {
    slots: &'i [AtomicU32],
    position: usize,
    left: usize,
}

impl<'i> Probe<'i> {
    #[inline]
    pub(super) const fn new(slots: &'i [AtomicU32], home: usize) -> Self {
        Self {
            slots,
            position: home,
            left: slots.len(),
        }
    }
}

impl<'i> Iterator for Probe<'i> {
    type Item = (usize, &'i AtomicU32);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let position = self.position;
        let slot = self.slots.get(position)?;
        let next = position.wrapping_add(1);
        self.position = if next < self.slots.len() { next } else { 0 };
        Some((position, slot))
    }
}
