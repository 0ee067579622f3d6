// SPDX-License-Identifier: GPL-2.0

//! Compact lists with a header of 16 bytes (type 2): the format of openEuler and DIGLIM, little
//! endian.
//!
//! | bytes | field |
//! |-------|-------|
//! | 1     | version, 1 |
//! | 1     | reserved, 0 |
//! | 2     | type of the block: 2, digests of files |
//! | 2     | modifiers: bit 0 immutable, the others 0 |
//! | 2     | hash algorithm, numbered as in `include/uapi/linux/hash_info.h` |
//! | 4     | number of digests, at least one |
//! | 4     | size of the digests together |
//! | ...   | the digests |
//!
//! Blocks of other types (keys, parsers, metadata of files, digest lists) are refused: their
//! digests are not of the content of files. All blocks of a list have the same algorithm; none can
//! revoke.

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
    hash_algo::HashAlgo,
    list::Kind,
    refusal::{
        Cause,
        Result, //
    },
};

const VERSION: u8 = 1;
/// The type of a block of digests of files (`COMPACT_FILE`).
const FILE: u16 = 2;
/// The modifier of immutable files (`1 << COMPACT_MOD_IMMUTABLE`).
const IMMUTABLE: u16 = 1;

/// A checked compact list with 16-byte headers.
pub type List<'a> = blocks::List<'a, Compact16>;

/// The digests of a checked compact list with 16-byte headers.
pub type Entries<'a> = blocks::Entries<'a, Compact16>;

/// The layout of compact lists with 16-byte headers.
#[derive(Clone, Copy, Debug)]
pub enum Compact16 {}

impl Layout for Compact16 {
    fn read_block<'a>(cursor: &mut Cursor<'a>) -> Result<Block<'a>> {
        if cursor.u8()? != VERSION {
            return Err(Cause::BadVersion);
        }
        if cursor.u8()? != 0 {
            return Err(Cause::ReservedNotZero);
        }
        if cursor.u16_le()? != FILE {
            return Err(Cause::UnsupportedBlockType);
        }
        let kind = match cursor.u16_le()? {
            0 => Kind::Mutable,
            IMMUTABLE => Kind::Immutable,
            _ => return Err(Cause::ReservedNotZero),
        };
        let algo = HashAlgo::from_id(cursor.u16_le()?)?;
        let count = cursor.u32_le()?;
        let len = cursor.u32_le()?;
        Block::read(kind, algo, count, len, cursor)
    }
}

/// Writes one block.
///
/// # Errors
///
/// Those of [`crate::compact::write_block`], and [`Cause::UnknownEntryId`] for [`Kind::Revoked`].
pub fn write_block<'d>(
    kind: Kind,
    algo: HashAlgo,
    digests: impl ExactSizeIterator<Item = &'d [u8]>,
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    let modifiers = match kind {
        Kind::Immutable => IMMUTABLE,
        Kind::Mutable => 0,
        Kind::Revoked => return Err(Cause::UnknownEntryId),
    };
    let (count, len) = blocks::size_of_block(algo, digests.len())?;
    sink.put(&[VERSION, 0])?;
    sink.put(&FILE.to_le_bytes())?;
    sink.put(&modifiers.to_le_bytes())?;
    sink.put(&algo.id().to_le_bytes())?;
    sink.put(&count.to_le_bytes())?;
    sink.put(&len.to_le_bytes())?;
    blocks::write_digests(algo, digests, sink)
}
