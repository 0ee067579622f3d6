// SPDX-License-Identifier: GPL-2.0

//! Public key packets, version 4.

use super::{
    algo::PublicKeyAlgo,
    mpi::Mpi, //
};
use crate::{
    cursor::{
        Cursor,
        Sink, //
    },
    digest::Hex,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// The shortest modulus of an RSA key in bits.
pub const MIN_RSA_BITS: u32 = 2048;

/// The id of a key: the last 8 bytes of its fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// The id of the key with this fingerprint.
    pub fn from_fingerprint(fingerprint: &[u8; 20]) -> Self {
        fingerprint
            .last_chunk()
            .map_or(Self([0; 8]), |id| Self(*id))
    }
}

impl core::fmt::Display for KeyId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// An elliptic curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

impl Curve {
    /// The size of a coordinate in bytes.
    pub const fn coordinate_size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The curve with this object identifier, without tag and length.
    pub(crate) const fn from_oid(oid: &[u8]) -> Option<Self> {
        match oid {
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => Some(Self::P256),
            [0x2b, 0x81, 0x04, 0x00, 0x22] => Some(Self::P384),
            [0x2b, 0x81, 0x04, 0x00, 0x23] => Some(Self::P521),
            _ => None,
        }
    }
}

/// The numbers of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Material<'a> {
    /// RSA.
    Rsa {
        /// The modulus.
        n: Mpi<'a>,
        /// The public exponent.
        e: Mpi<'a>,
    },
    /// ECDSA.
    Ecdsa {
        /// The curve.
        curve: Curve,
        /// The point, uncompressed: 4 and two coordinates.
        point: &'a [u8],
    },
}

impl Material<'_> {
    /// The algorithm.
    pub const fn algo(&self) -> PublicKeyAlgo {
        match self {
            Self::Rsa { .. } => PublicKeyAlgo::Rsa,
            Self::Ecdsa { .. } => PublicKeyAlgo::Ecdsa,
        }
    }

    /// The size of an RSA signature, or of one coordinate, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Rsa { n, .. } => n.as_bytes().len(),
            Self::Ecdsa { curve, .. } => curve.coordinate_size(),
        }
    }
}

/// A public key or subkey.
///
/// A key whose algorithm is not supported still has a fingerprint: [`Self::parse`] accepts it,
/// [`Self::material`] refuses it.
#[derive(Clone, Copy, Debug)]
pub struct PublicKey<'a> {
    body: &'a [u8],
    created: u32,
    algo: PublicKeyAlgo,
    material: &'a [u8],
}

impl<'a> PublicKey<'a> {
    /// Reads the body of a packet with the tag of a public key or of a public subkey.
    ///
    /// # Errors
    ///
    /// [`Cause::OpenPgpVersion6`], [`Cause::BadVersion`], [`Cause::Truncated`].
    pub fn parse(body: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(body);
        match cursor.u8()? {
            4 => (),
            6 => return Err(Cause::OpenPgpVersion6),
            _ => return Err(Cause::BadVersion),
        }
        if body.len() > usize::from(u16::MAX) {
            return Err(Cause::BadLength);
        }
        Ok(Self {
            body,
            created: cursor.u32_be()?,
            algo: PublicKeyAlgo::from_id(cursor.u8()?),
            material: cursor.rest(),
        })
    }

    /// The numbers of the key, if the kernel can verify its signatures.
    ///
    /// # Errors
    ///
    /// [`Cause::UnverifiableSignature`] for any algorithm and curve but RSA and ECDSA with P-256,
    /// P-384 and P-521, [`Cause::WeakKey`], [`Cause::BadKey`], [`Cause::Truncated`].
    pub fn material(&self) -> Result<Material<'a>> {
        let algo = self.algo.verifiable()?;
        let mut cursor = Cursor::new(self.material);
        let material = match algo {
            PublicKeyAlgo::Ecdsa => read_ecdsa(&mut cursor)?,
            _ => read_rsa(&mut cursor)?,
        };
        cursor.finish()?;
        Ok(material)
    }

    /// The algorithm.
    pub const fn algo(&self) -> PublicKeyAlgo {
        self.algo
    }

    /// The time when the key was made, in seconds since 1970.
    pub const fn created(&self) -> u32 {
        self.created
    }

    /// Writes what SHA-1 hashes into the fingerprint.
    pub fn write_fingerprinted(&self, sink: &mut (impl Sink + ?Sized)) -> Result {
        let len = u16::try_from(self.body.len()).map_err(|_| Cause::BadLength)?;
        sink.put(&[0x99])?;
        sink.put(&len.to_be_bytes())?;
        sink.put(self.body)
    }
}

fn read_rsa<'a>(cursor: &mut Cursor<'a>) -> Result<Material<'a>> {
    let n = Mpi::read(cursor, Cause::BadKey)?;
    let e = Mpi::read(cursor, Cause::BadKey)?;
    if n.bits() < MIN_RSA_BITS {
        return Err(Cause::WeakKey);
    }
    // An exponent of 1 would make every value its own signature.
    if !n.is_odd() || !e.is_odd() || e.bits() < 2 {
        return Err(Cause::BadKey);
    }
    Ok(Material::Rsa { n, e })
}

fn read_ecdsa<'a>(cursor: &mut Cursor<'a>) -> Result<Material<'a>> {
    let len = cursor.u8()?;
    let curve = Curve::from_oid(cursor.take(len.into())?)
        .ok_or(Cause::UnverifiableSignature(PublicKeyAlgo::Ecdsa))?;
    let point = Mpi::read(cursor, Cause::BadKey)?.as_bytes();
    let size = curve.coordinate_size().saturating_mul(2).saturating_add(1);
    if point.first() != Some(&4) || point.len() != size {
        return Err(Cause::BadKey);
    }
    Ok(Material::Ecdsa { curve, point })
}
