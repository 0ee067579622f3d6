// SPDX-License-Identifier: GPL-2.0

//! The subpackets of version 4 signatures that matter here.
//!
//! Only hashed subpackets bind the signer. The unhashed area may only give a hint at the key.

use super::{
    key::KeyId,
    packet::two_octets, //
};
use crate::{
    cursor::Cursor,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// Facts from the subpackets of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subpackets {
    /// When the signature was made, in seconds since 1970 (2).
    pub created: Option<u32>,
    /// How many seconds the signature is valid; 0 means for ever (3).
    pub valid_for: Option<u32>,
    /// How many seconds a key is valid since its creation; 0 means for ever (9).
    pub key_valid_for: Option<u32>,
    /// What a key is for (27).
    pub key_flags: Option<u8>,
    /// The key that made the signature (16, 33).
    pub issuer: Option<KeyId>,
    /// Whether there is a critical subpacket that is not understood here.
    pub unknown_critical: bool,
}

impl Subpackets {
    /// Reads the hashed and the unhashed area of a signature.
    ///
    /// # Errors
    ///
    /// [`Cause::BadSignature`] for a subpacket without a type, of a wrong size, or twice with
    /// different contents; [`Cause::Truncated`].
    pub fn parse(hashed: &[u8], unhashed: &[u8]) -> Result<Self> {
        let mut subpackets = Self::default();
        let mut cursor = Cursor::new(hashed);
        while !cursor.is_empty() {
            subpackets.take(&Subpacket::read(&mut cursor)?)?;
        }
        let mut cursor = Cursor::new(unhashed);
        let mut hints = Self::default();
        while !cursor.is_empty() {
            let subpacket = Subpacket::read(&mut cursor)?;
            if matches!(subpacket.kind, 16 | 33) {
                hints.take(&subpacket)?;
            }
        }
        subpackets.issuer = subpackets.issuer.or(hints.issuer);
        Ok(subpackets)
    }

    fn take(&mut self, subpacket: &Subpacket<'_>) -> Result {
        match subpacket.kind {
            2 => once(&mut self.created, subpacket.u32()?),
            3 => once(&mut self.valid_for, subpacket.u32()?),
            9 => once(&mut self.key_valid_for, subpacket.u32()?),
            16 => once(&mut self.issuer, KeyId(subpacket.array()?)),
            27 => once(
                &mut self.key_flags,
                subpacket.body.first().copied().unwrap_or_default(),
            ),
            33 => match subpacket.body.split_first() {
                // A version 4 fingerprint, of which the last 8 bytes are the id.
                Some((4, fingerprint)) if fingerprint.len() == 20 => fingerprint
                    .last_chunk()
                    .ok_or(Cause::BadSignature)
                    .and_then(|id| once(&mut self.issuer, KeyId(*id))),
                Some((6, _)) => Err(Cause::OpenPgpVersion6),
                _ => Err(Cause::BadSignature),
            },
            _ => {
                self.unknown_critical |= subpacket.critical;
                Ok(())
            }
        }
    }
}

/// Sets a field that is unset, or has the same value.
fn once<T: PartialEq + Copy>(field: &mut Option<T>, value: T) -> Result {
    match *field {
        Some(other) if other != value => Err(Cause::BadSignature),
        _ => {
            *field = Some(value);
            Ok(())
        }
    }
}

struct Subpacket<'a> {
    kind: u8,
    critical: bool,
    body: &'a [u8],
}

impl<'a> Subpacket<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self> {
        let len = match cursor.u8()? {
            short @ 0..=191 => u32::from(short),
            high @ 192..=254 => two_octets(high, cursor.u8()?),
            255 => cursor.u32_be()?,
        };
        let data = cursor.take(usize::try_from(len).map_err(|_| Cause::Truncated)?)?;
        let (kind, body) = data.split_first().ok_or(Cause::BadSignature)?;
        Ok(Self {
            kind: kind & 0x7f,
            critical: kind & 0x80 != 0,
            body,
        })
    }

    fn array<const N: usize>(&self) -> Result<[u8; N]> {
        <[u8; N]>::try_from(self.body).map_err(|_| Cause::BadSignature)
    }

    fn u32(&self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }
}
