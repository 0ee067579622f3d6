// SPDX-License-Identifier: GPL-2.0

//! One digest with its algorithm, and its text form `sha256:<hex>`.
//!
//! Lists and the digest table use bare bytes. This type is for single digests.

use crate::{
    cursor::{
        copy,
        Sink, //
    },
    hash_algo::{
        HashAlgo,
        MAX_DIGEST_SIZE, //
    },
    refusal::{
        Cause,
        Result, //
    },
};

use core::fmt;

/// A digest and the algorithm it comes from.
///
/// # Invariants
///
/// The bytes behind the first `algo.digest_size()` are zero, so that equality is equality of the
/// digests.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    algo: HashAlgo,
    bytes: [u8; MAX_DIGEST_SIZE],
}

impl Digest {
    /// The digest `bytes` of `algo`.
    ///
    /// # Errors
    ///
    /// [`Cause::BadDigestSize`] if `bytes` is not exactly as long as a digest of `algo`.
    pub fn new(algo: HashAlgo, bytes: &[u8]) -> Result<Self> {
        if bytes.len() != algo.digest_size() {
            return Err(Cause::BadDigestSize);
        }
        let mut digest = Self::zero(algo);
        // INVARIANT: Exactly the first `algo.digest_size()` bytes are written.
        copy(&mut digest.bytes, bytes);
        Ok(digest)
    }

    /// All bits zero: what the measurement list shows for a violation.
    pub const fn zero(algo: HashAlgo) -> Self {
        // INVARIANT: Every byte is zero.
        Self {
            algo,
            bytes: [0; MAX_DIGEST_SIZE],
        }
    }

    /// All bits one: what a PCR is extended with for a violation.
    pub fn ones(algo: HashAlgo) -> Self {
        let mut digest = Self::zero(algo);
        // INVARIANT: Only the first `algo.digest_size()` bytes are written.
        for byte in digest.bytes.iter_mut().take(algo.digest_size()) {
            *byte = 0xff;
        }
        digest
    }

    /// The same with the bits in `mask` flipped.
    #[must_use]
    pub(crate) fn exclusive_or(mut self, mask: &[u8; MAX_DIGEST_SIZE]) -> Self {
        // INVARIANT: Only the first `algo.digest_size()` bytes are changed.
        for (byte, mask) in self
            .bytes
            .iter_mut()
            .zip(mask)
            .take(self.algo.digest_size())
        {
            *byte ^= *mask;
        }
        self
    }

    /// Reads `algorithm:hex`, in either case of the hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`Cause::UnknownAlgorithm`], [`Cause::BadHex`], [`Cause::BadDigestSize`].
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.as_bytes();
        let colon = text
            .iter()
            .position(|byte| *byte == b':')
            .ok_or(Cause::BadHex)?;
        let (name, hex) = text.split_at_checked(colon).ok_or(Cause::BadHex)?;
        let (_, hex) = hex.split_first().ok_or(Cause::BadHex)?;
        let name = core::str::from_utf8(name).map_err(|_| Cause::UnknownAlgorithm)?;
        Self::from_hex(HashAlgo::from_name(name)?, hex)
    }

    /// Reads the hexadecimal digits of a digest of `algo`.
    ///
    /// # Errors
    ///
    /// [`Cause::BadHex`], [`Cause::BadDigestSize`].
    pub fn from_hex(algo: HashAlgo, hex: &[u8]) -> Result<Self> {
        let mut digest = Self::zero(algo);
        // INVARIANT: A text of another length is refused below, so no byte after the digest is
        // written.
        let len = decode_hex(hex, &mut digest.bytes)?;
        if len == algo.digest_size() {
            Ok(digest)
        } else {
            Err(Cause::BadDigestSize)
        }
    }

    /// The algorithm.
    pub const fn algo(&self) -> HashAlgo {
        self.algo
    }

    /// The bytes, as many as the algorithm says.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..self.algo.digest_size())
            .unwrap_or_default()
    }

    /// Writes `algorithm:hex`.
    ///
    /// # Errors
    ///
    /// Those of `sink`.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized)) -> Result {
        sink.put(self.algo.name().as_bytes())?;
        sink.put(b":")?;
        Hex(self.as_bytes()).write(sink)
    }

    /// Whether every bit is zero.
    pub fn is_zero(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }
}

impl AsRef<[u8]> for Digest {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algo.name())?;
        f.write_str(":")?;
        Hex(self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Shows bytes as lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl Hex<'_> {
    /// Writes the digits to `sink`.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized)) -> Result {
        self.0.iter().try_for_each(|byte| sink.put(&digits(*byte)))
    }
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for byte in self.0 {
            for digit in digits(*byte) {
                f.write_char(char::from(digit))?;
            }
        }
        Ok(())
    }
}

/// Decodes hexadecimal digits of either case into the beginning of `out` and returns the number of
/// bytes.
///
/// # Errors
///
/// [`Cause::BadHex`] for an odd number of digits or another character, [`Cause::BadDigestSize`] if
/// `out` is too short.
pub fn decode_hex(hex: &[u8], out: &mut [u8]) -> Result<usize> {
    let mut hex = hex;
    let mut out = out.iter_mut();
    let mut len = 0usize;
    while let Some(([high, low], rest)) = hex.split_first_chunk::<2>() {
        let byte = (nibble(*high)? << 4) | nibble(*low)?;
        *out.next().ok_or(Cause::BadDigestSize)? = byte;
        len = len.wrapping_add(1);
        hex = rest;
    }
    if hex.is_empty() {
        Ok(len)
    } else {
        Err(Cause::BadHex)
    }
}

const fn digits(byte: u8) -> [u8; 2] {
    [digit(byte >> 4), digit(byte & 0xf)]
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0'.wrapping_add(nibble)
    } else {
        b'a'.wrapping_add(nibble.wrapping_sub(10))
    }
}

const fn nibble(digit: u8) -> Result<u8> {
    match digit {
        b'0'..=b'9' => Ok(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Ok(digit.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Ok(digit.wrapping_sub(b'A').wrapping_add(10)),
        _ => Err(Cause::BadHex),
    }
}
