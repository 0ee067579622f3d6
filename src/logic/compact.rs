// SPDX-License-Identifier: GPL-2.0

//! Compact lists (type 0): blocks of digests behind a packed header of 10 bytes, little endian.
//!
//! | bytes | field |
//! |-------|-------|
//! | 2     | entry id: 0 immutable, 1 mutable, 2 revoked |
//! | 4     | number of digests, at least one |
//! | 4     | size of the digests together |
//! | ...   | the digests |
//!
//! Ten SHA-256 digests are the header `0, 10, 320` and 320 bytes. The size of a digest says its algorithm;
//! all blocks of a list have the same. The format is that of "ima: digest list feature" v2 (2017); entry id 2
//! is an addition of this project. The digest of empty content is skipped and counted, never an entry.

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
    error::{
        Error,
        Result, //
    },
    hash_algo::HashAlgo,
    list::Kind, //
};

/// A checked compact list.
pub type List<'a> = blocks::List<'a, Compact>;

/// The digests of a checked compact list.
pub type Entries<'a> = blocks::Entries<'a, Compact>;

/// The layout of compact lists.
#[derive(Clone, Copy, Debug)]
pub enum Compact {}

impl Layout for Compact {
    fn read_block<'a>(cursor: &mut Cursor<'a>) -> Result<Block<'a>> {
        let kind = kind_from_id(cursor.u16_le()?)?;
        let count = cursor.u32_le()?;
        let len = cursor.u32_le()?;
        if count == 0 {
            return Err(Error::Empty);
        }
        let algo = algo_of(count, len)?.strong()?;
        Block::read(kind, algo, count, len, cursor)
    }
}

/// The algorithm of which `count` digests are `len` bytes.
fn algo_of(count: u32, len: u32) -> Result<HashAlgo> {
    HashAlgo::ALL
        .into_iter()
        .find(|algo| blocks::len_of(*algo, count) == Some(len))
        .ok_or(Error::BadDigestSize)
}

/// Writes one block.
///
/// The digest of empty content may be written; readers skip it.
///
/// # Errors
///
/// [`Error::Empty`] without digests, [`Error::WeakAlgorithm`], [`Error::BadDigestSize`] if a digest is not
/// one of `algo`, [`Error::TooManyEntries`], [`Error::BadLength`] if `digests` is not as long as it says, and
/// those of `sink`. The output of a failed call is incomplete and must be discarded.
pub fn write_block<'d>(
    kind: Kind,
    algo: HashAlgo,
    digests: impl ExactSizeIterator<Item = &'d [u8]>,
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    let (count, len) = blocks::size_of_block(algo, digests.len())?;
    sink.put(&kind_id(kind).to_le_bytes())?;
    sink.put(&count.to_le_bytes())?;
    sink.put(&len.to_le_bytes())?;
    blocks::write_digests(algo, digests, sink)
}

const fn kind_from_id(id: u16) -> Result<Kind> {
    match id {
        0 => Ok(Kind::Immutable),
        1 => Ok(Kind::Mutable),
        2 => Ok(Kind::Revoked),
        _ => Err(Error::UnknownEntryId),
    }
}

const fn kind_id(kind: Kind) -> u16 {
    match kind {
        Kind::Immutable => 0,
        Kind::Mutable => 1,
        Kind::Revoked => 2,
    }
}
