// SPDX-License-Identifier: GPL-2.0

//! Checked reading and writing of bytes: every parser reads through [`Cursor`], every writer writes
//! through [`Sink`].
//!
//! Neither knows any format, and neither allocates.

use crate::refusal::{
    Cause,
    Result, //
};

/// Reads fields one after another. Missing bytes are [`Cause::Truncated`].
///
/// # Invariants
///
/// `offset` is the number of bytes taken so far, so `offset + rest.len()` is the length of the
/// input.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `data`.
    pub const fn new(data: &'a [u8]) -> Self {
        Self {
            rest: data,
            offset: 0,
        }
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Cause::Truncated)?;
        // INVARIANT: The bytes move from `rest` to `offset`. The sum is the length of a slice and
        // cannot wrap.
        self.rest = rest;
        self.offset = self.offset.wrapping_add(len);
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Cause::Truncated)?;
        // INVARIANT: As in `take`.
        self.rest = rest;
        self.offset = self.offset.wrapping_add(N);
        Ok(*taken)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// The next little-endian `u16`.
    pub fn u16_le(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// The next little-endian `u32`.
    pub fn u32_le(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next big-endian `u16`.
    pub fn u16_be(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next big-endian `u32`.
    pub fn u32_be(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A field that starts with its own length as a little-endian `u32`.
    pub fn prefixed_le(&mut self) -> Result<&'a [u8]> {
        let len = self.u32_le()?;
        self.take(usize::try_from(len).map_err(|_| Cause::Truncated)?)
    }

    /// How many bytes were read.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What was not read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything was read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Ends the reading; anything left is [`Cause::TrailingBytes`].
    pub const fn finish(self) -> Result {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Cause::TrailingBytes)
        }
    }
}

/// Where a writer puts its bytes: a buffer, a file, a hash.
///
/// What was put before an error stays; a caller that needs all or nothing discards the output.
pub trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]) -> Result;
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn put(&mut self, bytes: &[u8]) -> Result {
        (**self).put(bytes)
    }
}

/// Writes `bytes` after their length as a little-endian `u32`; [`Cursor::prefixed_le`] reads them.
pub fn put_prefixed_le(sink: &mut (impl Sink + ?Sized), bytes: &[u8]) -> Result {
    let len = u32::try_from(bytes.len()).map_err(|_| Cause::BadLength)?;
    sink.put(&len.to_le_bytes())?;
    sink.put(bytes)
}

/// Writes into a buffer of fixed size. Bytes that do not fit are [`Cause::BufferTooSmall`].
///
/// # Invariants
///
/// The first `used` bytes of `buffer` were put, and `used <= buffer.len()`.
#[derive(Debug)]
pub struct SliceSink<'a> {
    buffer: &'a mut [u8],
    used: usize,
}

impl<'a> SliceSink<'a> {
    /// Writes from the beginning of `buffer`.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        // INVARIANT: Nothing was put yet.
        Self { buffer, used: 0 }
    }

    /// How many bytes were put.
    pub const fn len(&self) -> usize {
        self.used
    }

    /// Whether nothing was put.
    pub const fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// What was put.
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.used).unwrap_or_default()
    }
}

impl Sink for SliceSink<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result {
        let end = self
            .used
            .checked_add(bytes.len())
            .ok_or(Cause::BufferTooSmall)?;
        let room = self
            .buffer
            .get_mut(self.used..end)
            .ok_or(Cause::BufferTooSmall)?;
        copy(room, bytes);
        // INVARIANT: `end` lies within the buffer, or `get_mut` had failed.
        self.used = end;
        Ok(())
    }
}

/// Counts bytes, to size a buffer.
#[derive(Clone, Copy, Debug, Default)]
pub struct LengthSink(usize);

impl LengthSink {
    /// Starts at zero.
    pub const fn new() -> Self {
        Self(0)
    }

    /// How many bytes were put.
    pub const fn len(&self) -> usize {
        self.0
    }

    /// Whether nothing was put.
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }
}

impl Sink for LengthSink {
    fn put(&mut self, bytes: &[u8]) -> Result {
        self.0 = self.0.checked_add(bytes.len()).ok_or(Cause::BadLength)?;
        Ok(())
    }
}

/// Copies as much of `from` as fits `to`. Unlike `copy_from_slice` it cannot panic.
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
