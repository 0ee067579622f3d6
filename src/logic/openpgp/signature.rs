// SPDX-License-Identifier: GPL-2.0

//! Signature packets, versions 3 and 4.
//!
//! The data are hashed, then the output of [`Signature::write_trailer`]. `DATA_SIGNATURE` of an RPM
//! header is the bare packet, as in the package's tag `RSAHEADER` (the tag `OPENPGP` has the same
//! in base64).

use super::{
    algo::{
        hash_from_id,
        PublicKeyAlgo, //
    },
    key::KeyId,
    mpi::Mpi,
    packet::{
        Packet,
        SIGNATURE, //
    },
    subpacket::Subpackets, //
};
use crate::{
    cursor::{
        Cursor,
        Sink, //
    },
    hash_algo::HashAlgo,
    refusal::{
        Cause,
        Result, //
    },
};

/// A signature of a document that the kernel can verify.
#[derive(Clone, Copy, Debug)]
pub struct Signature<'a> {
    version: Version<'a>,
    hash: HashAlgo,
    created: u32,
    valid_for: u32,
    issuer: KeyId,
    left: [u8; 2],
    value: Value<'a>,
}

/// The numbers of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// RSA with PKCS#1 version 1.5 padding.
    Rsa(Mpi<'a>),
    /// ECDSA.
    Ecdsa {
        /// The first number.
        r: Mpi<'a>,
        /// The second number.
        s: Mpi<'a>,
    },
}

impl Value<'_> {
    /// The algorithm.
    pub const fn algo(&self) -> PublicKeyAlgo {
        match self {
            Self::Rsa(_) => PublicKeyAlgo::Rsa,
            Self::Ecdsa { .. } => PublicKeyAlgo::Ecdsa,
        }
    }
}

impl<'a> Signature<'a> {
    /// Reads one signature packet and nothing else.
    ///
    /// # Errors
    ///
    /// Those of [`Packet::read_only`]; [`Cause::UnknownSignature`] for another packet,
    /// [`Cause::OpenPgpVersion6`], [`Cause::BadVersion`], [`Cause::UnverifiableSignature`],
    /// [`Cause::WeakSignatureHash`], [`Cause::UnknownAlgorithm`], [`Cause::SignatureOfOtherKind`],
    /// [`Cause::CriticalSubpacket`], [`Cause::BadSignature`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let packet = Packet::read_only(data)?;
        if packet.tag != SIGNATURE {
            return Err(Cause::UnknownSignature);
        }
        let body = Body::parse(packet.body)?;
        let algo = body.algo.verifiable()?;
        let hash = hash_from_id(body.hash)?;
        if body.kind != BINARY_DOCUMENT {
            return Err(Cause::SignatureOfOtherKind);
        }
        let subpackets = body.subpackets()?;
        if subpackets.unknown_critical {
            return Err(Cause::CriticalSubpacket);
        }
        let mut value = Cursor::new(body.value);
        let mut mpi = || Mpi::read(&mut value, Cause::BadSignature);
        let numbers = match algo {
            PublicKeyAlgo::Ecdsa => Value::Ecdsa {
                r: mpi()?,
                s: mpi()?,
            },
            _ => Value::Rsa(mpi()?),
        };
        value.finish()?;
        Ok(Self {
            version: body.version,
            hash,
            created: subpackets.created.ok_or(Cause::BadSignature)?,
            valid_for: subpackets.valid_for.unwrap_or_default(),
            issuer: subpackets.issuer.ok_or(Cause::BadSignature)?,
            left: body.left,
            value: numbers,
        })
    }

    /// Writes what is hashed after the data.
    pub fn write_trailer(&self, sink: &mut (impl Sink + ?Sized)) -> Result {
        match self.version {
            Version::V3 { hashed, .. } => sink.put(hashed),
            Version::V4 { hashed, .. } => {
                let len = u32::try_from(hashed.len()).map_err(|_| Cause::BadLength)?;
                sink.put(hashed)?;
                sink.put(&[4, 0xff])?;
                sink.put(&len.to_be_bytes())
            }
        }
    }

    /// The version of the packet.
    pub const fn version(&self) -> u8 {
        match self.version {
            Version::V3 { .. } => 3,
            Version::V4 { .. } => 4,
        }
    }

    /// The hash algorithm of the data.
    pub const fn hash(&self) -> HashAlgo {
        self.hash
    }

    /// The key that made the signature, as stated in the signature.
    pub const fn issuer(&self) -> KeyId {
        self.issuer
    }

    /// When the signature was made, in seconds since 1970.
    pub const fn created(&self) -> u32 {
        self.created
    }

    /// The end of the signature's validity in seconds since 1970; `None` if it has no end.
    pub const fn expires(&self) -> Option<u64> {
        if self.valid_for == 0 {
            return None;
        }
        // CAST: Widening.
        Some((self.created as u64).saturating_add(self.valid_for as u64))
    }

    /// The first two bytes of the hash: a wrong hash can be found without the key.
    pub const fn left(&self) -> [u8; 2] {
        self.left
    }

    /// The numbers of the signature.
    pub const fn value(&self) -> Value<'a> {
        self.value
    }
}

/// The kind of a signature of bytes as they are.
const BINARY_DOCUMENT: u8 = 0;

/// The fields of a signature packet, for all algorithms and kinds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body<'a> {
    pub(super) version: Version<'a>,
    pub(super) kind: u8,
    pub(super) algo: PublicKeyAlgo,
    hash: u8,
    left: [u8; 2],
    value: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Version<'a> {
    V3 {
        /// Kind and time.
        hashed: &'a [u8],
        created: u32,
        issuer: KeyId,
    },
    V4 {
        /// From the version to the last hashed subpacket.
        hashed: &'a [u8],
        subpackets: &'a [u8],
        unhashed: &'a [u8],
    },
}

impl<'a> Body<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(body);
        match cursor.u8()? {
            3 => Self::parse_v3(cursor),
            4 => Self::parse_v4(body, cursor),
            6 => Err(Cause::OpenPgpVersion6),
            _ => Err(Cause::BadVersion),
        }
    }

    fn parse_v3(mut cursor: Cursor<'a>) -> Result<Self> {
        // The length of what is hashed.
        if cursor.u8()? != 5 {
            return Err(Cause::BadSignature);
        }
        let hashed = cursor.clone().take(5)?;
        let kind = cursor.u8()?;
        let created = cursor.u32_be()?;
        let issuer = KeyId(cursor.array()?);
        Ok(Self {
            version: Version::V3 {
                hashed,
                created,
                issuer,
            },
            kind,
            algo: PublicKeyAlgo::from_id(cursor.u8()?),
            hash: cursor.u8()?,
            left: cursor.array()?,
            value: cursor.rest(),
        })
    }

    fn parse_v4(body: &'a [u8], mut cursor: Cursor<'a>) -> Result<Self> {
        let kind = cursor.u8()?;
        let algo = PublicKeyAlgo::from_id(cursor.u8()?);
        let hash = cursor.u8()?;
        let len = cursor.u16_be()?;
        let subpackets = cursor.take(len.into())?;
        let hashed = body.get(..cursor.offset()).ok_or(Cause::Truncated)?;
        let len = cursor.u16_be()?;
        let unhashed = cursor.take(len.into())?;
        Ok(Self {
            version: Version::V4 {
                hashed,
                subpackets,
                unhashed,
            },
            kind,
            algo,
            hash,
            left: cursor.array()?,
            value: cursor.rest(),
        })
    }

    pub(super) fn subpackets(&self) -> Result<Subpackets> {
        match self.version {
            Version::V3 {
                created, issuer, ..
            } => Ok(Subpackets {
                created: Some(created),
                issuer: Some(issuer),
                ..Subpackets::default()
            }),
            Version::V4 {
                subpackets,
                unhashed,
                ..
            } => Subpackets::parse(subpackets, unhashed),
        }
    }
}
