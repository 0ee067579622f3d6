// SPDX-License-Identifier: GPL-2.0

//! Compact lists (type 0): blocks of digests behind a packed header of 10 bytes, little endian.
//!
//! | bytes | field |
//! |-------|-------|
//! | 2     | entry id: 0 immutable, 1 mutable, 2 revoked, 4 immutable and 5 revoked in fs-verity |
//! | 4     | number of digests, at least one |
//! | 4     | size of the digests together |
//! | ...   | the digests |
//!
//! Ten SHA-256 digests are the header `0, 10, 320` and 320 bytes. The size of a digest gives its
//! algorithm; all blocks of a list have the same. An edition ([`crate::edition`], entry id 3) may
//! precede the blocks. fs-verity digests are digests of descriptors, and identify files by their
//! fs-verity digest only ([`crate::verity`]). The digest of empty content is skipped and counted.
//! The format is that of "ima: digest list feature" v2 (2017); the entry ids from 2 on are
//! additions of this project.

use crate::{
    blocks::{
        self,
        Block,
        Layout, //
    },
    cursor::{
        Cursor,
        Sink, //
    },
    edition::{
        self,
        Edition, //
    },
    hash_algo::HashAlgo,
    list::Kind,
    refusal::{
        Cause,
        Result, //
    },
};

/// A checked compact list.
pub type List<'a> = blocks::List<'a, Compact>;

/// The digests of a checked compact list.
pub type Entries<'a> = blocks::Entries<'a, Compact>;

/// The layout of compact lists.
#[derive(Clone, Copy, Debug)]
pub enum Compact {}

impl Layout for Compact {
    fn read_edition<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Edition<'a>>> {
        Edition::read(cursor)
    }

    fn read_block<'a>(cursor: &mut Cursor<'a>) -> Result<Block<'a>> {
        let (kind, verity) = kind_from_id(cursor.u16_le()?)?;
        let count = cursor.u32_le()?;
        let len = cursor.u32_le()?;
        if count == 0 {
            return Err(Cause::Empty);
        }
        let algo = algo_of(count, len)?.strong()?;
        let block = Block::read(kind, algo, count, len, cursor)?;
        Ok(if verity { block.of_verity() } else { block })
    }
}

/// The algorithm whose digests take `len` bytes if there are `count`.
fn algo_of(count: u32, len: u32) -> Result<HashAlgo> {
    HashAlgo::ALL
        .into_iter()
        .find(|algo| blocks::len_of(*algo, count) == Some(len))
        .ok_or(Cause::BadDigestSize)
}

/// Writes one block.
///
/// The digest of empty content may be written; readers skip it.
///
/// # Errors
///
/// [`Cause::Empty`] without digests, [`Cause::WeakAlgorithm`], [`Cause::BadDigestSize`] if a digest
/// is not of `algo`, [`Cause::TooManyEntries`], [`Cause::BadLength`] if `digests` does not have the
/// length it reports, and those of `sink`. The output of a failed call is incomplete and must be
/// discarded.
pub fn write_block<'d>(
    kind: Kind,
    algo: HashAlgo,
    digests: impl ExactSizeIterator<Item = &'d [u8]>,
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    write_with_id(kind_id(kind), algo, digests, sink)
}

/// Writes one block of fs-verity digests, immutable or revoked. The errors are those of
/// [`write_block`], and [`Cause::UnknownEntryId`] for mutable ones: files with fs-verity do not
/// change.
pub fn write_verity_block<'d>(
    kind: Kind,
    algo: HashAlgo,
    digests: impl ExactSizeIterator<Item = &'d [u8]>,
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    let id = match kind {
        Kind::Immutable => 4,
        Kind::Revoked => 5,
        Kind::Mutable => return Err(Cause::UnknownEntryId),
    };
    write_with_id(id, algo, digests, sink)
}

fn write_with_id<'d>(
    id: u16,
    algo: HashAlgo,
    digests: impl ExactSizeIterator<Item = &'d [u8]>,
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    let (count, len) = blocks::size_of_block(algo, digests.len())?;
    sink.put(&id.to_le_bytes())?;
    sink.put(&count.to_le_bytes())?;
    sink.put(&len.to_le_bytes())?;
    blocks::write_digests(algo, digests, sink)
}

/// The kind of digests, and whether they are those of fs-verity.
const fn kind_from_id(id: u16) -> Result<(Kind, bool)> {
    match id {
        0 => Ok((Kind::Immutable, false)),
        1 => Ok((Kind::Mutable, false)),
        2 => Ok((Kind::Revoked, false)),
        // Only before the first block.
        edition::ENTRY_ID => Err(Cause::UnexpectedField),
        4 => Ok((Kind::Immutable, true)),
        5 => Ok((Kind::Revoked, true)),
        _ => Err(Cause::UnknownEntryId),
    }
}

const fn kind_id(kind: Kind) -> u16 {
    match kind {
        Kind::Immutable => 0,
        Kind::Mutable => 1,
        Kind::Revoked => 2,
    }
}
