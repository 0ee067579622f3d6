// SPDX-License-Identifier: GPL-2.0

//! The directory of the digest table: which ids belong to which list.
//!
//! It has the number of a list, or [`NONE`], for each granule of ids. Granules beyond its end are
//! free. The functions here work on a directory that no reader has yet. The caller allocates, grows
//! and publishes it.

use super::{
    GRANULE,
    NONE, //
};
use crate::{
    list::MAX_ENTRIES,
    num::u32_as_usize,
    refusal::{
        Cause,
        Result, //
    },
};

/// The number of granules that `entries` ids take.
pub const fn granules_for(entries: u32) -> u32 {
    entries.div_ceil(GRANULE)
}

/// The base id of the first free run of `granules` granules.
///
/// # Errors
///
/// [`Cause::TooManyEntries`] if ids of 24 bits do not suffice.
pub fn allocate(directory: &[u32], granules: u32) -> Result<u32> {
    let mut start = 0u32;
    let mut free = 0u32;
    for list in directory {
        if free >= granules {
            break;
        }
        if *list == NONE {
            free = free.wrapping_add(1);
        } else {
            start = start.wrapping_add(free).wrapping_add(1);
            free = 0;
        }
    }
    start
        .checked_add(granules)
        .filter(|end| *end <= MAX_ENTRIES / GRANULE)
        .and_then(|_| start.checked_mul(GRANULE))
        .ok_or(Cause::TooManyEntries)
}

/// The length that a directory needs for [`claim`] of `entries` ids from `base`.
pub const fn length_for(base: u32, entries: u32) -> usize {
    u32_as_usize((base / GRANULE).saturating_add(granules_for(entries)))
}

/// Gives the granules of `entries` ids from `base` to the list number `list`.
///
/// # Errors
///
/// [`Cause::BadLength`] if they are not within the directory or one of them is taken. Nothing is
/// changed then.
pub fn claim(directory: &mut [u32], base: u32, entries: u32, list: u32) -> Result {
    let start = u32_as_usize(base / GRANULE);
    let granules = directory
        .get_mut(start..length_for(base, entries))
        .filter(|granules| granules.iter().all(|owner| *owner == NONE))
        .filter(|_| base % GRANULE == 0 && list != NONE)
        .ok_or(Cause::BadLength)?;
    granules.fill(list);
    Ok(())
}
