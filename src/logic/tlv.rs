// SPDX-License-Identifier: GPL-2.0

//! TLV lists (type 3): the format of the Integrity Digest Cache, version 6 of its patches, big
//! endian.
//!
//! A list is a sequence of fields, each `field u16 | length u32 | data`:
//!
//! | field | data |
//! |-------|------|
//! | 0     | hash algorithm, u16, numbered as in `include/uapi/linux/hash_info.h` |
//! | 1     | number of entries, u32, at least one |
//! | 2     | an entry: the field 0, its digest, and maybe the field 1, its path with a NUL |
//!
//! The algorithm comes first, then the number, then exactly this number of entries. The format has
//! neither mutable files nor revocations, so its digests are loaded as immutable. Paths are only
//! checked. Unlike in the original, unknown fields are refused, because a list must be understood
//! as a whole.

use crate::{
    cursor::{
        Cursor,
        Sink, //
    },
    digest::Digest,
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind, //
    },
    refusal::{
        Cause,
        Result, //
    },
};

const ALGO: u16 = 0;
const NUM_ENTRIES: u16 = 1;
const ENTRY: u16 = 2;
const ENTRY_DIGEST: u16 = 0;
const ENTRY_PATH: u16 = 1;

/// The kind of every digest.
const KIND: Kind = Kind::Immutable;

/// A checked TLV list.
///
/// # Invariants
///
/// `entries` is a sequence of fields that `Entry::read` accepts for `algo`, without a remainder.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    entries: &'a [u8],
    algo: HashAlgo,
    counts: Counts,
    skipped_empty: u32,
}

impl<'a> List<'a> {
    /// Checks the whole of `data`.
    ///
    /// # Errors
    ///
    /// [`Cause::Empty`], [`Cause::Truncated`], [`Cause::TrailingBytes`],
    /// [`Cause::UnexpectedField`], [`Cause::BadLength`], [`Cause::UnknownAlgorithm`],
    /// [`Cause::WeakAlgorithm`], [`Cause::BadDigestSize`], [`Cause::BadPath`],
    /// [`Cause::MissingNul`], [`Cause::TooManyEntries`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        if data.is_empty() {
            return Err(Cause::Empty);
        }
        let mut cursor = Cursor::new(data);
        let algo = u16::from_be_bytes(fixed(read_field(&mut cursor, ALGO)?)?);
        let algo = HashAlgo::from_id(algo)?.strong()?;
        let count = u32::from_be_bytes(fixed(read_field(&mut cursor, NUM_ENTRIES)?)?);
        if count == 0 {
            return Err(Cause::Empty);
        }
        let mut list = Self {
            entries: cursor.rest(),
            algo,
            counts: Counts::default(),
            skipped_empty: 0,
        };
        // The count may be wrong: missing data end the loop.
        for _ in 0..count {
            let entry = Entry::read(&mut cursor, algo)?;
            if entry.digest == algo.empty_digest() {
                list.skipped_empty = list.skipped_empty.saturating_add(1);
            } else {
                list.counts.add(KIND, 1)?;
            }
        }
        cursor.finish()?;
        // INVARIANT: The loop has read entries up to the end.
        Ok(list)
    }

    /// The algorithm of every digest.
    pub const fn algo(&self) -> HashAlgo {
        self.algo
    }

    /// How many digests of each kind there are, without skipped ones.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// How many digests of empty content were skipped.
    pub const fn skipped_empty(&self) -> u32 {
        self.skipped_empty
    }

    /// The digests of `kind`, or of all kinds, in the order of the file, without skipped ones.
    pub fn entries(&self, kind: Option<Kind>) -> Entries<'a> {
        Entries {
            entries: match kind {
                None | Some(KIND) => Cursor::new(self.entries),
                Some(_) => Cursor::new(&[]),
            },
            algo: self.algo,
        }
    }
}

/// The digests of a checked list; see [`List::entries`].
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    entries: Cursor<'a>,
    algo: HashAlgo,
}

impl Iterator for Entries<'_> {
    type Item = (Kind, Digest);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // By the invariant of `List` this fails only at the end.
            let entry = Entry::read(&mut self.entries, self.algo).ok()?;
            if entry.digest != self.algo.empty_digest() {
                // Checked lists have digests of no other size.
                return Some((KIND, Digest::new(self.algo, entry.digest).ok()?));
            }
        }
    }
}

/// One digest of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The digest.
    pub digest: &'a [u8],
    /// The path of the file, without NUL, if there is one.
    pub path: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    fn read(cursor: &mut Cursor<'a>, algo: HashAlgo) -> Result<Self> {
        let mut fields = Cursor::new(read_field(cursor, ENTRY)?);
        // A field that reaches over the end of its entry is a wrong length, not a short list.
        let entry = Self::read_fields(&mut fields).map_err(|error| match error {
            Cause::Truncated => Cause::BadLength,
            error => error,
        })?;
        if !fields.is_empty() {
            return Err(Cause::UnexpectedField);
        }
        if entry.digest.len() != algo.digest_size() {
            return Err(Cause::BadDigestSize);
        }
        Ok(entry)
    }

    fn read_fields(fields: &mut Cursor<'a>) -> Result<Self> {
        let digest = read_field(fields, ENTRY_DIGEST)?;
        let path = if fields.is_empty() {
            None
        } else {
            Some(check_path(read_field(fields, ENTRY_PATH)?)?)
        };
        Ok(Self { digest, path })
    }
}

/// A path without its NUL.
fn check_path(data: &[u8]) -> Result<&[u8]> {
    let (nul, path) = data.split_last().ok_or(Cause::BadPath)?;
    if *nul != 0 {
        return Err(Cause::MissingNul);
    }
    if path.is_empty() || path.contains(&0) {
        return Err(Cause::BadPath);
    }
    Ok(path)
}

/// Reads the next field, which must be `expected`.
fn read_field<'a>(cursor: &mut Cursor<'a>, expected: u16) -> Result<&'a [u8]> {
    let field = cursor.u16_be()?;
    let len = cursor.u32_be()?;
    if field != expected {
        return Err(Cause::UnexpectedField);
    }
    cursor.take(usize::try_from(len).map_err(|_| Cause::Truncated)?)
}

fn fixed<const N: usize>(data: &[u8]) -> Result<[u8; N]> {
    <[u8; N]>::try_from(data).map_err(|_| Cause::BadLength)
}

/// Writes a list.
///
/// # Errors
///
/// [`Cause::WeakAlgorithm`], [`Cause::Empty`], [`Cause::TooManyEntries`], [`Cause::BadDigestSize`],
/// [`Cause::BadPath`], [`Cause::BadLength`] if `entries` does not have the length it reports, and
/// those of `sink`. The output of a failed call is incomplete and must be discarded.
pub fn write<'e>(
    algo: HashAlgo,
    entries: impl ExactSizeIterator<Item = Entry<'e>>,
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    let (count, _) = crate::blocks::size_of_block(algo, entries.len())?;
    put_field(ALGO, &algo.id().to_be_bytes(), sink)?;
    put_field(NUM_ENTRIES, &count.to_be_bytes(), sink)?;
    let mut written = 0u32;
    for entry in entries {
        if entry.digest.len() != algo.digest_size() {
            return Err(Cause::BadDigestSize);
        }
        let mut len = FIELD_HEAD.saturating_add(entry.digest.len());
        if let Some(path) = entry.path {
            if path.is_empty() || path.contains(&0) {
                return Err(Cause::BadPath);
            }
            len = len
                .saturating_add(FIELD_HEAD)
                .saturating_add(with_nul(path));
        }
        put_head(ENTRY, len, sink)?;
        put_field(ENTRY_DIGEST, entry.digest, sink)?;
        if let Some(path) = entry.path {
            put_head(ENTRY_PATH, with_nul(path), sink)?;
            sink.put(path)?;
            sink.put(&[0])?;
        }
        written = written.saturating_add(1);
    }
    if written == count {
        Ok(())
    } else {
        Err(Cause::BadLength)
    }
}

/// The bytes of a field before its data.
const FIELD_HEAD: usize = 6;

const fn with_nul(path: &[u8]) -> usize {
    path.len().saturating_add(1)
}

fn put_field(field: u16, data: &[u8], sink: &mut (impl Sink + ?Sized)) -> Result {
    put_head(field, data.len(), sink)?;
    sink.put(data)
}

fn put_head(field: u16, len: usize, sink: &mut (impl Sink + ?Sized)) -> Result {
    let len = u32::try_from(len).map_err(|_| Cause::BadLength)?;
    sink.put(&field.to_be_bytes())?;
    sink.put(&len.to_be_bytes())
}
