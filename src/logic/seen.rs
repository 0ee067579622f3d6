// SPDX-License-Identifier: GPL-2.0

//! Evidence of use: which digests of a list were found, and its text.
//!
//! A list has one bit per digest. Digests are numbered as in the table: immutable ones in the order
//! of the file, then mutable ones, then revoked ones. For a list of one kind this is the order of
//! the file. The digest of empty content has no number. If a list has a digest twice with the same
//! kind, only the first one is ever found.
//!
//! The text has a line for each list, in the order of loading:
//!
//! ```text
//! sha256:<digest of the list file> <number of digests> <bits>
//! ```
//!
//! The bits are hexadecimal digits of bytes. Digest number n is bit `n % 8` of byte `n / 8`; bit 0
//! is the least significant one. Bits after the last digest are zero. A list without digests has no
//! bits, and its line ends with the space.

use core::sync::atomic::{
    AtomicU8,
    Ordering, //
};

use crate::{
    cursor::Sink,
    digest::{
        Digest,
        Hex, //
    },
    hash_algo::HashAlgo,
    num::u32_as_usize,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// The length of `sha256:` and the digits of a digest.
const NAME: usize = 71;

/// The bytes that the bits of `count` digests take.
pub const fn bytes_for(count: u32) -> usize {
    u32_as_usize(count.div_ceil(8))
}

/// Notes that digest number `position` was found. For readers of the table: takes no lock, does not
/// sleep, and writes nothing if it was noted before.
#[inline]
pub fn note(bits: &[AtomicU8], position: u32) {
    if let Some(byte) = bits.get(u32_as_usize(position / 8)) {
        let bit = 1 << (position % 8);
        if byte.load(Ordering::Relaxed) & bit == 0 {
            byte.fetch_or(bit, Ordering::Relaxed);
        }
    }
}

/// What happens to the bits that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// They stay.
    Keep,
    /// They are reset. A bit that is set meanwhile is either taken or stays.
    Reset,
}

/// Takes the bits into `out`, which has the same length. Does not sleep.
pub fn take(bits: &[AtomicU8], how: Take, out: &mut [u8]) {
    for (byte, out) in bits.iter().zip(out) {
        let now = byte.load(Ordering::Relaxed);
        *out = if now != 0 && how == Take::Reset {
            byte.swap(0, Ordering::Relaxed)
        } else {
            now
        };
    }
}

/// Puts bits back that [`take`] took. Does not sleep.
pub fn put_back(bits: &[AtomicU8], taken: &[u8]) {
    for (byte, taken) in bits.iter().zip(taken) {
        if *taken != 0 {
            byte.fetch_or(*taken, Ordering::Relaxed);
        }
    }
}

/// One line of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The SHA-256 of the list file.
    pub list: Digest,
    /// How many digests the list has.
    pub count: u32,
    /// The hexadecimal digits of the bits.
    digits: &'a [u8],
}

/// Writes the line of a list of `count` digests, whose bits are `bits`, with a newline at its end.
///
/// # Errors
///
/// Those of `sink`.
pub fn write_line(
    list: &Digest,
    count: u32,
    bits: &[u8],
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    list.write(sink)?;
    sink.put(b" ")?;
    put_decimal(count.into(), sink)?;
    sink.put(b" ")?;
    Hex(bits).write(sink)?;
    sink.put(b"\n")
}

impl<'a> Line<'a> {
    /// Reads the first line of `text`. Returns it with the rest. Accepts only what [`write_line`]
    /// writes.
    ///
    /// # Errors
    ///
    /// [`Cause::Truncated`], [`Cause::BadHex`], [`Cause::UnknownAlgorithm`],
    /// [`Cause::BadDigestSize`], [`Cause::BadLength`].
    pub fn parse(text: &'a [u8]) -> Result<(Self, &'a [u8])> {
        let (list, rest) = text.split_at_checked(NAME).ok_or(Cause::Truncated)?;
        let list = parse_sha256(list)?;
        let (count, rest) = parse_decimal(behind(rest, b' ')?)?;
        let rest = behind(rest, b' ')?;
        let count = u32::try_from(count).map_err(|_| Cause::BadLength)?;
        // The end of the line is where the count says, and is not looked for.
        let length = bytes_for(count).saturating_mul(2);
        let (digits, rest) = rest.split_at_checked(length).ok_or(Cause::Truncated)?;
        let line = Self {
            list,
            count,
            digits,
        };
        line.check()?;
        let rest = behind(rest, b'\n')?;
        Ok((line, rest))
    }

    /// Whether all digits are some, and there is no bit after the last digest.
    fn check(&self) -> Result {
        // Without a branch for each: the compiler takes many at a time.
        if !self
            .digits
            .iter()
            .fold(true, |all, digit| all & is_digit(*digit))
        {
            // A line that is too short goes on in the next one.
            return Err(match self.digits.contains(&b'\n') {
                true => Cause::BadLength,
                false => Cause::BadHex,
            });
        }
        let behind = self.count..self.count.next_multiple_of(8);
        if { behind }.any(|position| self.bit(position)) {
            return Err(Cause::BadLength);
        }
        Ok(())
    }

    /// Whether digest number `position` was found; false if there is none.
    pub fn is_seen(&self, position: u32) -> bool {
        position < self.count && self.bit(position)
    }

    /// How many digests were found.
    pub fn seen(&self) -> u32 {
        // The sum over a piece has 8 bits.
        let pieces = self.digits.chunks(MOST_ONES);
        pieces.fold(0, |sum, piece| {
            let ones = piece.iter().map(|digit| ones(*digit));
            sum.saturating_add(u32::from(ones.fold(0, u8::wrapping_add)))
        })
    }

    fn bit(&self, position: u32) -> bool {
        let bit = position % 8;
        // The upper half of a byte comes first.
        let digit = u32_as_usize(position / 8)
            .saturating_mul(2)
            .saturating_add(usize::from(bit < 4));
        self.digits
            .get(digit)
            .and_then(|digit| nibble(*digit).ok())
            .is_some_and(|nibble| (nibble >> (bit % 4)) & 1 != 0)
    }
}

/// The lines of a text, in the order of loading; the last one is an error if it is malformed.
///
/// # Errors
///
/// Those of [`Line::parse`].
pub fn lines(text: &[u8]) -> impl Iterator<Item = Result<Line<'_>>> {
    let mut rest = text;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let parsed = Line::parse(rest);
        rest = parsed.map_or(&[], |(_, rest)| rest);
        Some(parsed.map(|(line, _)| line))
    })
}

/// The record of a checkpoint, `digest_lists_checkpoint`, identifies the text. Its data are a line:
///
/// ```text
/// sha256:<digest of the text> <length of the text in bytes>[ reset]
/// ```
///
/// ` reset` means that the bits were reset after the text was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The SHA-256 of the text.
    pub text: Digest,
    /// The length of the text in bytes.
    pub length: u64,
    /// What happened to the bits.
    pub how: Take,
}

const RESET: &[u8] = b" reset";

impl Checkpoint {
    /// The most bytes of the data.
    pub const MAX: usize = NAME + 1 + 20 + RESET.len() + 1;

    /// Writes the data of the record.
    ///
    /// # Errors
    ///
    /// Those of `sink`.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized)) -> Result {
        self.text.write(sink)?;
        sink.put(b" ")?;
        put_decimal(self.length, sink)?;
        if self.how == Take::Reset {
            sink.put(RESET)?;
        }
        sink.put(b"\n")
    }

    /// Reads what [`Self::write`] writes, and nothing else.
    ///
    /// # Errors
    ///
    /// [`Cause::Truncated`], [`Cause::BadHex`], [`Cause::UnknownAlgorithm`],
    /// [`Cause::BadDigestSize`], [`Cause::BadLength`], [`Cause::TrailingBytes`].
    pub fn parse(data: &[u8]) -> Result<Self> {
        let line = data.strip_suffix(b"\n").ok_or(Cause::Truncated)?;
        let (text, line) = line.split_at_checked(NAME).ok_or(Cause::Truncated)?;
        let text = parse_sha256(text)?;
        let line = line.strip_prefix(b" ").ok_or(Cause::BadLength)?;
        let (length, rest) = parse_decimal(line)?;
        let how = match rest {
            b"" => Take::Keep,
            RESET => Take::Reset,
            _ => return Err(Cause::TrailingBytes),
        };
        Ok(Self { text, length, how })
    }
}

/// What comes behind this byte, with which `text` begins.
fn behind(text: &[u8], byte: u8) -> Result<&[u8]> {
    match text.split_first() {
        Some((first, rest)) if *first == byte => Ok(rest),
        Some(_) => Err(Cause::BadLength),
        None => Err(Cause::Truncated),
    }
}

/// Reads `sha256:` and lower-case digits.
fn parse_sha256(text: &[u8]) -> Result<Digest> {
    let digits = text
        .strip_prefix(b"sha256:")
        .ok_or(Cause::UnknownAlgorithm)?;
    for digit in digits {
        nibble(*digit)?;
    }
    Digest::from_hex(HashAlgo::Sha256, digits)
}

/// So many digits have fewer than 256 bits. They fill whole vectors of the processor.
const MOST_ONES: usize = 48;

/// Whether this is a lower-case hexadecimal digit.
const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() | (byte.wrapping_sub(b'a') < 6)
}

/// How many bits a lower-case hexadecimal digit has that are one. No branch and no table: the
/// compiler takes many digits at a time.
const fn ones(digit: u8) -> u8 {
    // Digits are 0x30 to 0x39, letters 0x61 to 0x66.
    let value = (digit & 0xf).wrapping_add((digit >> 6).wrapping_mul(9));
    let pairs = value.wrapping_sub((value >> 1) & 5);
    (pairs & 3).wrapping_add(pairs >> 2)
}

/// The value of a lower-case hexadecimal digit.
const fn nibble(digit: u8) -> Result<u8> {
    match digit {
        b'0'..=b'9' => Ok(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Ok(digit.wrapping_sub(b'a').wrapping_add(10)),
        _ => Err(Cause::BadHex),
    }
}

fn put_decimal(number: u64, sink: &mut (impl Sink + ?Sized)) -> Result {
    let mut digits = [0u8; 20];
    let mut rest = number;
    let mut used = 0usize;
    for digit in digits.iter_mut().rev() {
        // CAST: Less than 10.
        *digit = b'0'.wrapping_add((rest % 10) as u8);
        rest /= 10;
        used = used.wrapping_add(1);
        if rest == 0 {
            break;
        }
    }
    let start = digits.len().saturating_sub(used);
    sink.put(digits.get(start..).unwrap_or_default())
}

/// Reads a number without leading zeros, and returns it with what follows it.
fn parse_decimal(text: &[u8]) -> Result<(u64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    let (digits, rest) = text
        .split_at_checked(end.unwrap_or(text.len()))
        .ok_or(Cause::BadLength)?;
    if digits.is_empty() || digits.starts_with(b"0") && digits != b"0" {
        return Err(Cause::BadLength);
    }
    let number = digits.iter().try_fold(0u64, |sum, digit| {
        sum.checked_mul(10)?
            .checked_add(u64::from(digit.wrapping_sub(b'0')))
    });
    Ok((number.ok_or(Cause::BadLength)?, rest))
}
