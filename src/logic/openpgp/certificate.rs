// SPDX-License-Identifier: GPL-2.0

//! Certificates: a primary key, user ids, subkeys, and the signatures that say what they are for.
//!
//! The signatures in a certificate are read, not verified. The certificate is trusted as a whole,
//! because it is built in or a signature covers it. They can only restrict what a key may do.
//! Signatures by other keys are skipped.

use super::{
    key::{
        KeyId,
        PublicKey, //
    },
    packet::{
        Packet,
        PUBLIC_KEY,
        PUBLIC_SUBKEY,
        SIGNATURE,
        USER_ID, //
    },
    signature::Body,
    subpacket::Subpackets, //
};
use crate::{
    cursor::Cursor,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// One certificate, or several one after another.
///
/// # Invariants
///
/// `data` is a sequence of packets without a remainder, of which the first is a public key, and
/// `PublicKey::parse` accepts every public key and subkey.
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a> {
    data: &'a [u8],
}

/// A key with the facts from its certificate.
#[derive(Clone, Copy, Debug)]
pub struct CertifiedKey<'a> {
    /// The key.
    pub key: PublicKey<'a>,
    /// Its fingerprint.
    pub fingerprint: [u8; 20],
    /// Whether it is the primary key of the certificate.
    pub primary: bool,
    /// The first user id of the certificate; not of a particular encoding.
    pub user_id: &'a [u8],
    /// The end of the key's validity in seconds since 1970; `None` if it has no end.
    pub expires: Option<u64>,
    /// Whether the key is for signing data.
    pub signs: bool,
    /// Whether the key, or the primary key, was revoked.
    pub revoked: bool,
}

impl CertifiedKey<'_> {
    /// The id of the key.
    pub fn id(&self) -> KeyId {
        KeyId::from_fingerprint(&self.fingerprint)
    }
}

impl<'a> Certificate<'a> {
    /// Checks the packets of `data`, which are not armored.
    ///
    /// # Errors
    ///
    /// [`Cause::Empty`], [`Cause::BadKey`] if the first packet is no public key, and those of
    /// [`Packet::read`] and [`PublicKey::parse`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        if cursor.is_empty() {
            return Err(Cause::Empty);
        }
        let first = Packet::read(&mut cursor.clone())?;
        if first.tag != PUBLIC_KEY {
            return Err(Cause::BadKey);
        }
        while !cursor.is_empty() {
            let packet = Packet::read(&mut cursor)?;
            if matches!(packet.tag, PUBLIC_KEY | PUBLIC_SUBKEY) {
                PublicKey::parse(packet.body)?;
            }
        }
        // INVARIANT: The loop has read packets up to the end and parsed every key among them.
        Ok(Self { data })
    }

    /// The keys, each primary key before its subkeys.
    ///
    /// `fingerprint` hashes the output of [`PublicKey::write_fingerprinted`] with SHA-1.
    pub fn keys<F>(&self, fingerprint: F) -> Keys<'a, F>
    where
        F: Fn(&PublicKey<'a>) -> [u8; 20],
    {
        Keys {
            packets: Cursor::new(self.data),
            fingerprint,
            owner: None,
        }
    }
}

/// The keys of a certificate; see [`Certificate::keys`].
#[derive(Clone, Debug)]
pub struct Keys<'a, F> {
    packets: Cursor<'a>,
    fingerprint: F,
    owner: Option<Owner<'a>>,
}

/// The primary key to which subkeys belong.
#[derive(Clone, Copy, Debug)]
struct Owner<'a> {
    id: KeyId,
    user_id: &'a [u8],
    revoked: bool,
    expires: Option<u64>,
}

impl<'a, F> Iterator for Keys<'a, F>
where
    F: Fn(&PublicKey<'a>) -> [u8; 20],
{
    type Item = CertifiedKey<'a>;

    fn next(&mut self) -> Option<CertifiedKey<'a>> {
        // By the invariant of `Certificate` reading fails only at the end, and the first packet is
        // a key. `said_of` stops at the next key.
        let packet = Packet::read(&mut self.packets).ok()?;
        let key = PublicKey::parse(packet.body).ok()?;
        let fingerprint = (self.fingerprint)(&key);
        let primary = packet.tag == PUBLIC_KEY;
        let id = KeyId::from_fingerprint(&fingerprint);
        let issuer = match self.owner {
            Some(owner) if !primary => owner.id,
            _ => id,
        };
        let said = self.said_of(issuer, primary);
        let mut certified = CertifiedKey {
            key,
            fingerprint,
            primary,
            user_id: said.user_id,
            expires: said.expires(&key),
            signs: said.signs(primary),
            revoked: said.revoked,
        };
        match self.owner {
            Some(owner) if !primary => {
                certified.user_id = owner.user_id;
                certified.revoked |= owner.revoked;
                certified.expires = match (certified.expires, owner.expires) {
                    (Some(own), Some(owner)) => Some(own.min(owner)),
                    (own, owner) => own.or(owner),
                };
            }
            _ => {
                self.owner = Some(Owner {
                    id,
                    user_id: certified.user_id,
                    revoked: certified.revoked,
                    expires: certified.expires,
                });
            }
        }
        Some(certified)
    }
}

/// Facts about a key from the packets after it.
#[derive(Clone, Copy, Debug, Default)]
struct Said<'a> {
    user_id: &'a [u8],
    latest: Option<Subpackets>,
    revoked: bool,
}

impl<'a, F> Keys<'a, F> {
    /// Reads up to the next key.
    fn said_of(&mut self, issuer: KeyId, primary: bool) -> Said<'a> {
        let mut said = Said::default();
        loop {
            let mut ahead = self.packets.clone();
            let Ok(packet) = Packet::read(&mut ahead) else {
                return said;
            };
            match packet.tag {
                PUBLIC_KEY | PUBLIC_SUBKEY => return said,
                USER_ID if said.user_id.is_empty() => said.user_id = packet.body,
                SIGNATURE => said.hear(packet.body, issuer, primary),
                _ => (),
            }
            self.packets = ahead;
        }
    }
}

impl Said<'_> {
    /// Reads a signature by `issuer`. Other signatures are skipped.
    fn hear(&mut self, body: &[u8], issuer: KeyId, primary: bool) {
        let Ok(signature) = Body::parse(body) else {
            return;
        };
        let Ok(subpackets) = signature.subpackets() else {
            return;
        };
        if subpackets.issuer != Some(issuer) {
            return;
        }
        match (signature.kind, primary) {
            (0x20, true) | (0x28, false) => self.revoked = true,
            // Certifications of user ids and signatures over the key alone, or the binding of a
            // subkey.
            (0x10..=0x13 | 0x1f, true) | (0x18, false) => {
                let newer = |latest: &Subpackets| latest.created <= subpackets.created;
                if self.latest.as_ref().is_none_or(newer) {
                    self.latest = Some(subpackets);
                }
            }
            _ => (),
        }
    }

    fn expires(&self, key: &PublicKey<'_>) -> Option<u64> {
        let seconds = self.latest?.key_valid_for.filter(|seconds| *seconds != 0)?;
        Some(u64::from(key.created()).saturating_add(seconds.into()))
    }

    /// Whether the key is for signing data, by its flags. Without flags, a primary key is and a
    /// subkey is not.
    fn signs(&self, primary: bool) -> bool {
        match self.latest.and_then(|latest| latest.key_flags) {
            Some(flags) => flags & 2 != 0,
            None => primary,
        }
    }
}
