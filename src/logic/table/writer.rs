// SPDX-License-Identifier: GPL-2.0

//! Whole lists into and out of the index: what the writer does per list, with the number of distinct digests.
//!
//! Memory, growth of index and directory, and publication stay with the caller; [`super`] gives the order.

use super::{
    arena::{
        Arena,
        ArenaView,
        View, //
    },
    index::{
        Entry,
        Index,
        Inserted,
        Removed, //
    },
    sizes::Occupancy,
    GRANULE, //
};
use crate::{
    error::Result,
    hash_algo::HashAlgo,
    list::Kind, //
};

/// Inserts every digest of `arena`, or none, and returns how many of them were in no list before.
///
/// `resolve` knows every id that is in the index and those of `arena`. `pause` is called every [`GRANULE`]
/// digests, so that a caller in the kernel can yield the processor.
///
/// # Errors
///
/// Those of [`Index::insert`]; what was inserted is removed again.
pub fn insert_arena<'d>(
    index: &Index<'_>,
    occupancy: &mut Occupancy,
    arena: &ArenaView<'_>,
    algo: HashAlgo,
    resolve: impl Fn(u32) -> Option<(Kind, &'d [u8])>,
    mut pause: impl FnMut(),
) -> Result<u32> {
    let mut new = 0u32;
    for (id, kind, digest) in arena.entries(algo) {
        let entry = Entry {
            id,
            kind,
            digest,
            list: arena.ids(),
        };
        match index.insert(occupancy, &entry, &resolve) {
            Ok(Inserted::New) => new = new.saturating_add(1),
            Ok(Inserted::Known | Inserted::Repeated) => (),
            Err(error) => {
                remove_arena(index, occupancy, arena, algo, resolve, pause);
                return Err(error);
            }
        }
        if id % GRANULE == 0 {
            pause();
        }
    }
    Ok(new)
}

/// Removes every digest of `arena` and returns how many of them are in no list any more.
///
/// The conditions of [`Index::remove`] hold; `resolve` and `pause` are as in [`insert_arena`].
pub fn remove_arena<'d>(
    index: &Index<'_>,
    occupancy: &mut Occupancy,
    arena: &ArenaView<'_>,
    algo: HashAlgo,
    resolve: impl Fn(u32) -> Option<(Kind, &'d [u8])>,
    mut pause: impl FnMut(),
) -> u32 {
    let mut gone = 0u32;
    for (id, _, digest) in arena.entries(algo) {
        if index.remove(occupancy, id, digest, &resolve) == Removed::Last {
            gone = gone.saturating_add(1);
        }
        if id % GRANULE == 0 {
            pause();
        }
    }
    gone
}

/// Fills a larger `index`, which is empty and not published, with every list of `view`, and returns how full
/// it is.
///
/// `view` knows the lists that are in its own index, no more and no less; that index is not looked at.
/// Tombstones stay behind. `pause` is as in [`insert_arena`].
///
/// # Errors
///
/// Those of [`Index::insert`]; the index is of no use then.
pub fn refill<A: Arena>(
    index: &Index<'_>,
    view: &View<'_, A>,
    mut pause: impl FnMut(),
) -> Result<Occupancy> {
    let mut occupancy = Occupancy::default();
    for arena in view.arenas.iter().filter_map(Arena::arena) {
        for (id, kind, digest) in arena.entries(view.algo) {
            let entry = Entry {
                id,
                kind,
                digest,
                list: arena.ids(),
            };
            index.insert_again(&mut occupancy, &entry, |id| view.resolve(id))?;
            if id % GRANULE == 0 {
                pause();
            }
        }
    }
    Ok(occupancy)
}
