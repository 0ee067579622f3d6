// SPDX-License-Identifier: GPL-2.0

//! Metadata: the list files to load, with digests and signatures, as written to `digest_lists`.
//!
//! A buffer holds one or more records, all little endian:
//!
//! | bytes | field |
//! |-------|-------|
//! | 4     | length of what follows: 20 + digest + signature + path + reference |
//! | 2     | hash algorithm of the digest, numbered as in `include/uapi/linux/hash_info.h` |
//! | 4 + n | digest of the list file |
//! | 4 + n | signature of the list file, may be empty |
//! | 4 + n | absolute path of the list file, `n` counts its NUL |
//! | 4 + n | reference by which a verifier finds the list, opaque, at most 4096 bytes |
//! | 2     | [`ListType`] |
//!
//! The format is that of "ima: digest list feature" v2 (2017). [`Metadata::parse`] checks the whole
//! buffer once, so its result can be walked without errors. Files are not opened, hashed or
//! verified here.

use crate::{
    cursor::{
        put_prefixed_le,
        Cursor,
        Sink, //
    },
    hash_algo::HashAlgo,
    list::ListType,
    refusal::{
        Cause,
        Result, //
    },
};

/// The longest path in bytes, its NUL included (`PATH_MAX`).
pub const MAX_PATH: usize = 4096;

/// The longest reference in bytes, which is kept in memory while its list is loaded.
pub const MAX_REF_ID: usize = 4096;

/// The bytes of a record without its variable fields: algorithm, four lengths and type.
const FIXED_LEN: usize = 20;

/// A checked buffer of metadata records.
///
/// # Invariants
///
/// `data` is a sequence of one or more records that `Record::read` accepts, without a remainder;
/// `count` of them.
#[derive(Clone, Copy, Debug)]
pub struct Metadata<'a> {
    data: &'a [u8],
    count: usize,
}

/// One record: a list file to load.
///
/// Fields are public for writers. [`Record::write`] refuses what [`Metadata::parse`] would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The algorithm of [`Self::digest`].
    pub algo: HashAlgo,
    /// The digest of the list file.
    pub digest: &'a [u8],
    /// The signature of the list file; empty if there is none.
    pub signature: &'a [u8],
    /// The absolute path of the list file, without NUL.
    pub path: &'a [u8],
    /// The reference by which a verifier finds the list.
    pub ref_id: &'a [u8],
    /// The format of the list file.
    pub list_type: ListType,
}

impl<'a> Metadata<'a> {
    /// Checks the whole of `data`.
    ///
    /// # Errors
    ///
    /// [`Cause::Empty`] without records; otherwise the error of the first bad record.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let mut count = 0usize;
        while !cursor.is_empty() {
            Record::read(&mut cursor)?;
            count = count.wrapping_add(1);
        }
        if count == 0 {
            return Err(Cause::Empty);
        }
        // INVARIANT: The loop has read `count >= 1` records up to the end.
        Ok(Self { data, count })
    }

    /// The records in the order they were written.
    pub fn records(&self) -> Records<'a> {
        Records {
            cursor: Cursor::new(self.data),
        }
    }

    /// The number of records; at least one.
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// The checked bytes.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.data
    }
}

/// The records of a checked buffer; see [`Metadata::records`].
#[derive(Clone, Debug)]
pub struct Records<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        // By the invariant of `Metadata` this fails only at the end.
        Record::read(&mut self.cursor).ok()
    }
}

impl<'a> Record<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self> {
        let mut body = Cursor::new(cursor.prefixed_le()?);
        // A field that reaches over the end of its record is a wrong length, not a short buffer.
        let record = Self::read_body(&mut body).map_err(|error| match error {
            Cause::Truncated => Cause::BadLength,
            error => error,
        })?;
        body.finish().map_err(|_| Cause::BadLength)?;
        record.check()?;
        Ok(record)
    }

    fn read_body(body: &mut Cursor<'a>) -> Result<Self> {
        let algo = HashAlgo::from_id(body.u16_le()?)?;
        let digest = body.prefixed_le()?;
        let signature = body.prefixed_le()?;
        let (nul, path) = body.prefixed_le()?.split_last().ok_or(Cause::BadPath)?;
        if *nul != 0 {
            return Err(Cause::MissingNul);
        }
        let ref_id = body.prefixed_le()?;
        let list_type = ListType::from_id(body.u16_le()?)?;
        Ok(Self {
            algo,
            digest,
            signature,
            path,
            ref_id,
            list_type,
        })
    }

    fn check(&self) -> Result {
        if self.digest.len() != self.algo.strong()?.digest_size() {
            return Err(Cause::BadDigestSize);
        }
        if self.path.len() >= MAX_PATH {
            return Err(Cause::NameTooLong);
        }
        if self.ref_id.len() > MAX_REF_ID {
            return Err(Cause::LongReference);
        }
        if self.path.first() != Some(&b'/') || self.path.iter().any(|byte| *byte == 0) {
            return Err(Cause::BadPath);
        }
        Ok(())
    }

    /// Writes the record.
    ///
    /// # Errors
    ///
    /// Those of [`Metadata::parse`] for a field that it would refuse, [`Cause::BadLength`] for a
    /// record of 4 GiB or more, and those of `sink`.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized)) -> Result {
        self.check()?;
        let path_len = self.path.len().wrapping_add(1);
        let len = [
            self.digest.len(),
            self.signature.len(),
            path_len,
            self.ref_id.len(),
        ]
        .iter()
        .try_fold(FIXED_LEN, |sum, len| sum.checked_add(*len))
        .and_then(|sum| u32::try_from(sum).ok())
        .ok_or(Cause::BadLength)?;
        let path_len = u32::try_from(path_len).map_err(|_| Cause::BadLength)?;

        sink.put(&len.to_le_bytes())?;
        sink.put(&self.algo.id().to_le_bytes())?;
        put_prefixed_le(sink, self.digest)?;
        put_prefixed_le(sink, self.signature)?;
        sink.put(&path_len.to_le_bytes())?;
        sink.put(self.path)?;
        sink.put(&[0])?;
        put_prefixed_le(sink, self.ref_id)?;
        sink.put(&self.list_type.id().to_le_bytes())
    }
}
