// SPDX-License-Identifier: GPL-2.0

//! Entries of a header: a tag, and typed values in the header's data.

use crate::{
    cursor::Cursor,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// The size of an entry in the index.
pub const ENTRY_LEN: usize = 16;

/// The type of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Characters (1) and 8-bit integers (2).
    Int8,
    /// 16-bit integers (3).
    Int16,
    /// 32-bit integers (4).
    Int32,
    /// 64-bit integers (5).
    Int64,
    /// One string (6).
    String,
    /// Bytes (7).
    Binary,
    /// Strings (8).
    StringArray,
    /// A string in several languages (9).
    I18nString,
}

impl Type {
    const fn from_id(id: u32) -> Result<Self> {
        match id {
            1 | 2 => Ok(Self::Int8),
            3 => Ok(Self::Int16),
            4 => Ok(Self::Int32),
            5 => Ok(Self::Int64),
            6 => Ok(Self::String),
            7 => Ok(Self::Binary),
            8 => Ok(Self::StringArray),
            9 => Ok(Self::I18nString),
            _ => Err(Cause::BadHeaderEntry),
        }
    }

    /// The size of a value in bytes, which is also its alignment; `None` for strings.
    const fn size(self) -> Option<u32> {
        match self {
            Self::Int8 | Self::Binary => Some(1),
            Self::Int16 => Some(2),
            Self::Int32 => Some(4),
            Self::Int64 => Some(8),
            Self::String | Self::StringArray | Self::I18nString => None,
        }
    }
}

/// An entry as the index has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawEntry {
    pub(super) tag: u32,
    pub(super) kind: u32,
    pub(super) offset: u32,
    pub(super) count: u32,
}

impl RawEntry {
    pub(super) fn read(index: &mut Cursor<'_>) -> Result<Self> {
        Ok(Self {
            tag: index.u32_be()?,
            kind: index.u32_be()?,
            offset: index.u32_be()?,
            count: index.u32_be()?,
        })
    }

    /// The entry with its values, which lie in `store`.
    ///
    /// The time depends on the size of the values, not on the stated count.
    ///
    /// # Errors
    ///
    /// [`Cause::BadHeaderEntry`], [`Cause::MissingNul`].
    pub(super) fn values<'a>(&self, store: &'a [u8]) -> Result<Entry<'a>> {
        let kind = Type::from_id(self.kind)?;
        let start = usize::try_from(self.offset).map_err(|_| Cause::BadHeaderEntry)?;
        let rest = store.get(start..).ok_or(Cause::BadHeaderEntry)?;
        let len = match kind.size() {
            Some(size) => {
                // A power of two.
                if self.offset & size.wrapping_sub(1) != 0 {
                    return Err(Cause::BadHeaderEntry);
                }
                self.count
                    .checked_mul(size)
                    .and_then(|len| usize::try_from(len).ok())
                    .ok_or(Cause::BadHeaderEntry)?
            }
            None => strings_len(kind, self.count, rest)?,
        };
        if len == 0 {
            return Err(Cause::BadHeaderEntry);
        }
        Ok(Entry {
            kind,
            count: self.count,
            data: rest.get(..len).ok_or(Cause::BadHeaderEntry)?,
        })
    }
}

/// The size of `count` strings at the beginning of `data`, NULs included.
fn strings_len(kind: Type, count: u32, data: &[u8]) -> Result<usize> {
    if kind == Type::String && count != 1 {
        return Err(Cause::BadHeaderEntry);
    }
    let mut strings = Strings(data);
    for _ in 0..count {
        strings.next().ok_or(Cause::MissingNul)?;
    }
    Ok(data.len().saturating_sub(strings.0.len()))
}

/// The values of an entry.
///
/// # Invariants
///
/// `data` is `count` values of type `kind`, at least one; each string among them ends with NUL.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    kind: Type,
    count: u32,
    data: &'a [u8],
}

impl<'a> Entry<'a> {
    /// The number of values.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The size of the values in bytes.
    pub(super) const fn len(&self) -> usize {
        self.data.len()
    }

    /// The strings.
    ///
    /// # Errors
    ///
    /// [`Cause::BadHeaderEntry`] if the values are of another type.
    pub const fn strings(&self) -> Result<Strings<'a>> {
        match self.kind {
            Type::StringArray => Ok(Strings(self.data)),
            _ => Err(Cause::BadHeaderEntry),
        }
    }

    /// The one string, without NUL.
    ///
    /// # Errors
    ///
    /// [`Cause::BadHeaderEntry`] if the value is of another type.
    pub fn string(&self) -> Result<&'a [u8]> {
        match self.kind {
            Type::String => Strings(self.data).next().ok_or(Cause::MissingNul),
            _ => Err(Cause::BadHeaderEntry),
        }
    }

    /// The bytes.
    ///
    /// # Errors
    ///
    /// [`Cause::BadHeaderEntry`] if the values are of another type.
    pub const fn binary(&self) -> Result<&'a [u8]> {
        match self.kind {
            Type::Binary => Ok(self.data),
            _ => Err(Cause::BadHeaderEntry),
        }
    }

    /// The 16-bit integers.
    ///
    /// # Errors
    ///
    /// [`Cause::BadHeaderEntry`] if the values are of another type.
    pub const fn int16(&self) -> Result<Integers<'a, 2>> {
        match self.kind {
            Type::Int16 => Ok(Integers(self.data)),
            _ => Err(Cause::BadHeaderEntry),
        }
    }

    /// The 32-bit integers.
    ///
    /// # Errors
    ///
    /// [`Cause::BadHeaderEntry`] if the values are of another type.
    pub const fn int32(&self) -> Result<Integers<'a, 4>> {
        match self.kind {
            Type::Int32 => Ok(Integers(self.data)),
            _ => Err(Cause::BadHeaderEntry),
        }
    }

    /// The 64-bit integers.
    ///
    /// # Errors
    ///
    /// [`Cause::BadHeaderEntry`] if the values are of another type.
    pub const fn int64(&self) -> Result<Integers<'a, 8>> {
        match self.kind {
            Type::Int64 => Ok(Integers(self.data)),
            _ => Err(Cause::BadHeaderEntry),
        }
    }
}

/// Strings that end with NUL, without it.
#[derive(Clone, Debug)]
pub struct Strings<'a>(&'a [u8]);

impl<'a> Iterator for Strings<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let (string, rest) = self.0.split_at_checked(end)?;
        let (_, rest) = rest.split_first()?;
        self.0 = rest;
        Some(string)
    }
}

/// Integers of `N` bytes.
#[derive(Clone, Debug)]
pub struct Integers<'a, const N: usize>(&'a [u8]);

impl<const N: usize> Iterator for Integers<'_, N> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let (value, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(
            value
                .iter()
                .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        )
    }
}
