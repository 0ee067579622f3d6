// SPDX-License-Identifier: GPL-2.0

//! The signature of a quote: `TPMT_SIGNATURE`, big endian.
//!
//! | bytes | field |
//! |-------|-------|
//! | 2     | scheme: 0x14 RSASSA, 0x16 RSAPSS, 0x18 ECDSA |
//! | 2     | `TPM_ALG_ID` of the hash |
//! | 2 + n | RSA: the signature; ECDSA: r |
//! | 2 + n | ECDSA: s |
//!
//! Source: TPM 2.0 Library, part 2, section 11.3.

use super::attest::sized;
use crate::{
    cursor::Cursor,
    hash_algo::HashAlgo,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// The longest number in bytes: RSA of 4096 bits.
pub(super) const MAX_NUMBER: usize = 512;

/// What was signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// RSASSA-PKCS1-v1.5.
    RsaSsa(&'a [u8]),
    /// RSASSA-PSS.
    RsaPss(&'a [u8]),
    /// ECDSA, both numbers big endian.
    Ecdsa {
        /// r
        r: &'a [u8],
        /// s
        s: &'a [u8],
    },
}

/// A signature that was parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TpmSignature<'a> {
    /// The hash of what is signed.
    pub hash: HashAlgo,
    /// The numbers.
    pub value: Value<'a>,
}

impl<'a> TpmSignature<'a> {
    /// Checks the whole of `data`.
    ///
    /// # Errors
    ///
    /// [`Cause::BadSignature`] for another scheme, [`Cause::UnknownAlgorithm`],
    /// [`Cause::WeakAlgorithm`] for SHA-1, [`Cause::Truncated`], [`Cause::TrailingBytes`],
    /// [`Cause::BadLength`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let scheme = cursor.u16_be()?;
        if !matches!(scheme, 0x14 | 0x16 | 0x18) {
            return Err(Cause::BadSignature);
        }
        let hash = HashAlgo::from_tpm_alg_id(cursor.u16_be()?)?.strong()?;
        let first = sized(&mut cursor, MAX_NUMBER)?;
        let value = match scheme {
            0x14 => Value::RsaSsa(first),
            0x16 => Value::RsaPss(first),
            _ => Value::Ecdsa {
                r: first,
                s: sized(&mut cursor, MAX_NUMBER)?,
            },
        };
        cursor.finish()?;
        Ok(Self { hash, value })
    }
}
