// SPDX-License-Identifier: GPL-2.0

//! How large an index should be.
//!
//! Sizes form a series that grows by 1.3, so that at most 1 - 0.8 / 1.3 = 39 % of an index is
//! unused right after growth. An index need not be a power of two.

/// The size of the smallest index.
pub const MIN_SLOTS: usize = 256;

/// How many slots of an index may be in use, tombstones included: 80 %.
///
/// Readers need empty slots, at which their search ends.
pub const fn capacity(slots: usize) -> usize {
    // Divided first: no product that could wrap.
    (slots / 5).saturating_mul(4)
}

/// The size of an index for `entries` entries; `usize::MAX` if there is none.
///
/// The load is between 61 % and 80 %, except for tables so small that [`MIN_SLOTS`] serve them.
pub const fn slots_for(entries: usize) -> usize {
    let mut slots = MIN_SLOTS;
    while capacity(slots) < entries {
        let step = (slots / 10).saturating_mul(3);
        match slots.checked_add(step) {
            Some(next) => slots = next,
            None => return usize::MAX,
        }
    }
    slots
}

/// How many slots of an index are in use. The writer keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Slots with an entry.
    pub live: usize,
    /// Slots whose entry was removed.
    pub tombstones: usize,
}

impl Occupancy {
    /// Whether `more` entries fit an index of `slots` slots without growth.
    pub const fn has_room(&self, slots: usize, more: usize) -> bool {
        self.live
            .saturating_add(self.tombstones)
            .saturating_add(more)
            <= capacity(slots)
    }

    /// The size of the new index if [`Self::has_room`] is false.
    pub const fn slots_with(&self, more: usize) -> usize {
        slots_for(self.live.saturating_add(more))
    }
}
