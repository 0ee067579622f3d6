// SPDX-License-Identifier: GPL-2.0

//! Which ids belong to which list: the directory of the digest table.
//!
//! The directory holds, for every granule of ids, the number of an arena or [`NONE`]. These functions change
//! a directory that no reader sees yet; the caller allocates it, grows it and publishes it.

use super::{
    GRANULE,
    NONE, //
};
use crate::{
    error::{
        Error,
        Result, //
    },
    list::MAX_ENTRIES, //
};

/// The number of granules that `entries` ids take.
pub const fn granules_for(entries: u32) -> u32 {
    entries.div_ceil(GRANULE)
}

/// The base id of the first free run of `granules` granules; `None` if the directory has to grow to
/// [`grown_len`].
pub fn allocate(directory: &[u32], granules: u32) -> Option<u32> {
    let mut start = 0u32;
    let mut free = 0u32;
    for arena in directory {
        if free >= granules {
            break;
        }
        if *arena == NONE {
            free = free.wrapping_add(1);
        } else {
            start = start.wrapping_add(free).wrapping_add(1);
            free = 0;
        }
    }
    if free < granules {
        return None;
    }
    start.checked_mul(GRANULE)
}

/// The length to which the caller grows the directory (with [`NONE`]) so that [`allocate`] finds `granules`
/// granules.
///
/// # Errors
///
/// [`Error::TooManyEntries`] if ids of 24 bits do not suffice.
pub fn grown_len(directory: &[u32], granules: u32) -> Result<usize> {
    let free = directory
        .iter()
        .rev()
        .take_while(|arena| **arena == NONE)
        .count();
    usize::try_from(granules)
        .ok()
        .and_then(|granules| directory.len().saturating_sub(free).checked_add(granules))
        .filter(|len| *len <= (MAX_ENTRIES / GRANULE) as usize)
        .ok_or(Error::TooManyEntries)
}

/// Gives the granules of `entries` ids from `base` to the arena number `arena`.
///
/// # Errors
///
/// [`Error::BadLength`] if they do not lie within the directory or one of them is taken; nothing is changed
/// then.
pub fn claim(directory: &mut [u32], base: u32, entries: u32, arena: u32) -> Result {
    let granules = granules_of(directory, base, entries)?;
    if arena == NONE || granules.iter().any(|owner| *owner != NONE) {
        return Err(Error::BadLength);
    }
    granules.fill(arena);
    Ok(())
}

/// Frees the granules of `entries` ids from `base`.
///
/// # Errors
///
/// [`Error::BadLength`] if they do not lie within the directory.
pub fn release(directory: &mut [u32], base: u32, entries: u32) -> Result {
    granules_of(directory, base, entries)?.fill(NONE);
    Ok(())
}

fn granules_of(directory: &mut [u32], base: u32, entries: u32) -> Result<&mut [u32]> {
    let start = base / GRANULE;
    let end = start.saturating_add(granules_for(entries));
    if base % GRANULE != 0 {
        return Err(Error::BadLength);
    }
    usize::try_from(start)
        .ok()
        .zip(usize::try_from(end).ok())
        .and_then(|(start, end)| directory.get_mut(start..end))
        .ok_or(Error::BadLength)
}
