// SPDX-License-Identifier: GPL-2.0

//! Packets: a tag, a length in one of several encodings, a body.
//!
//! Partial and indeterminate lengths are refused: signatures and keys must not have them.

use crate::{
    cursor::Cursor,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// The tag of a signature.
pub const SIGNATURE: u8 = 2;
/// The tag of a public key.
pub const PUBLIC_KEY: u8 = 6;
/// The tag of a user id.
pub const USER_ID: u8 = 13;
/// The tag of a public subkey.
pub const PUBLIC_SUBKEY: u8 = 14;

/// A packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its kind.
    pub tag: u8,
    /// Its content.
    pub body: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads the next packet.
    ///
    /// # Errors
    ///
    /// [`Cause::BadMagic`] if there is no packet, [`Cause::BadLength`] for a length that signatures
    /// and keys must not have, [`Cause::Truncated`].
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self> {
        let head = cursor.u8()?;
        if head & 0x80 == 0 {
            return Err(Cause::BadMagic);
        }
        let (tag, len) = if head & 0x40 == 0 {
            let len = match head & 3 {
                0 => u32::from(cursor.u8()?),
                1 => u32::from(cursor.u16_be()?),
                2 => cursor.u32_be()?,
                _ => return Err(Cause::BadLength),
            };
            ((head >> 2) & 0xf, len)
        } else {
            let len = match cursor.u8()? {
                short @ 0..=191 => u32::from(short),
                high @ 192..=223 => two_octets(high, cursor.u8()?),
                224..=254 => return Err(Cause::BadLength),
                255 => cursor.u32_be()?,
            };
            (head & 0x3f, len)
        };
        let body = cursor.take(usize::try_from(len).map_err(|_| Cause::Truncated)?)?;
        Ok(Self { tag, body })
    }

    /// Reads `data` as one packet and nothing else.
    ///
    /// # Errors
    ///
    /// Those of [`Self::read`], and [`Cause::TrailingBytes`].
    pub fn read_only(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let packet = Self::read(&mut cursor)?;
        cursor.finish()?;
        Ok(packet)
    }
}

/// The length in two octets, the first of which is at least 192.
pub(super) fn two_octets(high: u8, low: u8) -> u32 {
    let high = u32::from(high.saturating_sub(192));
    (high << 8).wrapping_add(u32::from(low)).wrapping_add(192)
}
