// SPDX-License-Identifier: GPL-2.0

//! The public part of an attestation or endorsement key: `TPMT_PUBLIC`, big endian.
//!
//! | bytes | field |
//! |-------|-------|
//! | 2     | type: 1 RSA, 0x23 ECC |
//! | 2     | `TPM_ALG_ID` of the hash of its name |
//! | 4     | attributes |
//! | 2 + n | policy of its use |
//! | …     | symmetric algorithm: 2, and unless it is 0x10 (none) 2 bits, 2 mode |
//! | …     | scheme: 2, and unless it is 0x10 (none) 2 hash; ECDAA 2 more |
//! | …     | RSA: 2 bits, 4 exponent (0 is 65537); ECC: 2 curve, 2 key derivation and, unless it is 0x10, 2 hash |
//! | 2 + n | RSA: the modulus; ECC: x |
//! | 2 + n | ECC: y |
//!
//! The name of a key is the `TPM_ALG_ID` of the hash and the hash of all this.
//!
//! Source: TPM 2.0 Library, part 2, section 12.2.

use super::{
    attest::sized,
    replay::Hasher,
    tpm_signature::MAX_NUMBER, //
};
use crate::{
    cursor::Cursor,
    digest::Digest,
    hash_algo::HashAlgo,
    refusal::{
        Cause,
        Result, //
    }, //
};

const NONE: u16 = 0x10;
const RSAES: u16 = 0x15;
const ECDAA: u16 = 0x1a;

/// RSASSA-PSS.
pub const RSAPSS: u16 = 0x16;

/// The key stays in the TPM that made it.
const FIXED_TPM: u32 = 1 << 1;
/// It stays where it is in the TPM's hierarchy.
const FIXED_PARENT: u32 = 1 << 4;
/// The TPM made it.
const SENSITIVE_DATA_ORIGIN: u32 = 1 << 5;
/// Its own authorization, which is empty, is enough to use it.
const USER_WITH_AUTH: u32 = 1 << 6;
/// It signs nothing that looks like a TPM's own statement and is none.
const RESTRICTED: u32 = 1 << 16;
/// It decrypts.
const DECRYPT: u32 = 1 << 17;
/// It signs.
const SIGN: u32 = 1 << 18;

/// A curve of the TCG's registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
}

/// The numbers of a key, big endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// RSA.
    Rsa {
        /// The modulus.
        modulus: &'a [u8],
        /// The exponent.
        exponent: u32,
    },
    /// A point.
    Ecc {
        /// Its curve.
        curve: Curve,
        /// x
        x: &'a [u8],
        /// y
        y: &'a [u8],
    },
}

/// A checked public part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Public<'a> {
    /// The hash of its name.
    pub name_hash: HashAlgo,
    /// The `TPM_ALG_ID` of the scheme it signs with.
    pub scheme: u16,
    attributes: u32,
    /// Its numbers.
    pub key: Key<'a>,
}

/// Passes over an algorithm with `details` bytes, unless it is none, and returns it.
fn scheme(cursor: &mut Cursor<'_>, details: impl Fn(u16) -> usize) -> Result<u16> {
    let algo = cursor.u16_be()?;
    if algo != NONE {
        cursor.take(details(algo))?;
    }
    Ok(algo)
}

fn of_scheme(algo: u16) -> usize {
    match algo {
        RSAES => 0,
        ECDAA => 4,
        _ => 2,
    }
}

impl<'a> Public<'a> {
    /// Checks the whole of `data`.
    ///
    /// # Errors
    ///
    /// [`Cause::BadKey`] for another type or curve, [`Cause::UnknownAlgorithm`] for the hash of the
    /// name, [`Cause::Truncated`], [`Cause::TrailingBytes`], [`Cause::BadLength`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let kind = cursor.u16_be()?;
        let name_hash = HashAlgo::from_tpm_alg_id(cursor.u16_be()?)?;
        let attributes = cursor.u32_be()?;
        sized(&mut cursor, MAX_NUMBER)?;
        scheme(&mut cursor, |_| 4)?;
        let scheme_of_key = scheme(&mut cursor, of_scheme)?;
        let key = match kind {
            0x01 => {
                cursor.u16_be()?;
                let exponent = match cursor.u32_be()? {
                    0 => 65_537,
                    exponent => exponent,
                };
                let modulus = sized(&mut cursor, MAX_NUMBER)?;
                Key::Rsa { modulus, exponent }
            }
            0x23 => {
                let curve = match cursor.u16_be()? {
                    0x03 => Curve::P256,
                    0x04 => Curve::P384,
                    _ => return Err(Cause::BadKey),
                };
                scheme(&mut cursor, |_| 2)?;
                let x = sized(&mut cursor, MAX_NUMBER)?;
                let y = sized(&mut cursor, MAX_NUMBER)?;
                Key::Ecc { curve, x, y }
            }
            _ => return Err(Cause::BadKey),
        };
        cursor.finish()?;
        Ok(Self {
            name_hash,
            scheme: scheme_of_key,
            attributes,
            key,
        })
    }

    /// The `TPMT_PUBLIC` in a `TPM2B_PUBLIC`, which is as long as its first two bytes say; anything
    /// else is returned as it is.
    pub fn without_size(data: &[u8]) -> &[u8] {
        let mut cursor = Cursor::new(data);
        match cursor.u16_be() {
            Ok(len) if usize::from(len) == cursor.rest().len() => cursor.rest(),
            _ => data,
        }
    }

    /// Whether quotes by it are statements of a TPM: the TPM made the key, never gives it away,
    /// and signs nothing with it that only looks like a quote.
    pub const fn is_attestation_key(&self) -> bool {
        const WANTED: u32 = FIXED_TPM | SENSITIVE_DATA_ORIGIN | RESTRICTED | SIGN;
        self.attributes & WANTED == WANTED
    }

    /// Whether it is one by which a TPM answers challenges: the TPM made the key, never gives it
    /// away, and decrypts with it only what was made for a key of its own.
    pub const fn is_endorsement_key(&self) -> bool {
        const WANTED: u32 = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | RESTRICTED | DECRYPT;
        self.attributes & (WANTED | SIGN) == WANTED
    }

    /// Whether it can be used by its own authorization. Of the TCG's templates of endorsement keys
    /// those of the high range have that; the others are used by their policy.
    pub const fn is_used_by_its_authorization(&self) -> bool {
        self.attributes & USER_WITH_AUTH != 0
    }

    /// The name by which the TPM knows the key with the public part `data`, which was checked.
    pub fn name(&self, data: &[u8], hasher: &impl Hasher) -> ([u8; 2], Digest) {
        let id = self.name_hash.tpm_alg_id().to_be_bytes();
        (id, hasher.hash(self.name_hash, &[data]))
    }
}
