// SPDX-License-Identifier: GPL-2.0

//! The signer and the hash of a PKCS#7 or CMS signature, which the kernel verifies without
//! reporting them.
//!
//! The kernel parses and verifies the message. This file walks its structure in DER once:
//!
//! ```text
//! ContentInfo ::= SEQUENCE { signedData, [0] SEQUENCE {
//!     version INTEGER, digestAlgorithms SET, contentInfo SEQUENCE,
//!     certificates [0] OPTIONAL, crls [1] OPTIONAL,
//!     signerInfos SET OF SEQUENCE {
//!         version INTEGER,
//!         signer SEQUENCE { issuer SEQUENCE, serial INTEGER } | [0] key id,
//!         digestAlgorithm SEQUENCE { OBJECT IDENTIFIER, … },
//!         signedAttrs [0] OPTIONAL { SEQUENCE { OBJECT IDENTIFIER, SET OF ANY }, … },
//!         signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … } } }
//! ```
//!
//! Source: RFC 5652. Indefinite lengths (BER) are refused. So are several signers, because it would
//! not be clear which of them vouches for a list.

use crate::{
    asn1::{
        after_tag,
        content,
        element,
        optional,
        CONTEXT_0,
        CONTEXT_0_PRIMITIVE,
        CONTEXT_1,
        INTEGER,
        OBJECT_IDENTIFIER,
        OCTET_STRING,
        SEQUENCE,
        SET, //
    },
    cursor::Cursor,
    hash_algo::HashAlgo,
    num::u32_as_usize,
    openpgp::algo::{
        PublicKeyAlgo,
        WeakHash, //
    },
    refusal::{
        Cause,
        Result, //
    },
    time,
    x509, //
};

/// `messageDigest`.
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];

/// `signingTime`.
const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05];

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// The identifier of the signer's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer<'a> {
    /// Issuer and serial number of its certificate.
    Certificate {
        /// The content of the issuer's name.
        issuer: &'a [u8],
        /// The content of the serial number.
        serial: &'a [u8],
    },
    /// Its subject key identifier.
    KeyId(&'a [u8]),
}

/// The structure of a message with one signer.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    signer: Signer<'a>,
    hash: HashAlgo,
    algo: PublicKeyAlgo,
    signed_at: Option<i64>,
    digest: Option<&'a [u8]>,
    certificates: &'a [u8],
}

impl<'a> Message<'a> {
    /// Walks the structure of `data`.
    ///
    /// # Errors
    ///
    /// [`Cause::BadSignature`], also for several signers, [`Cause::Truncated`],
    /// [`Cause::TrailingBytes`]; [`Cause::WeakSignatureHash`] and [`Cause::UnknownAlgorithm`] for
    /// the hash.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let mut info = Cursor::new(content(&mut cursor, SEQUENCE)?);
        cursor.finish()?;
        if content(&mut info, OBJECT_IDENTIFIER)? != SIGNED_DATA {
            return Err(Cause::BadSignature);
        }
        let mut explicit = Cursor::new(content(&mut info, CONTEXT_0)?);
        info.finish()?;
        let mut signed = Cursor::new(content(&mut explicit, SEQUENCE)?);
        explicit.finish()?;
        content(&mut signed, INTEGER)?;
        content(&mut signed, SET)?;
        content(&mut signed, SEQUENCE)?;
        let certificates = optional(&mut signed, CONTEXT_0)?.unwrap_or_default();
        optional(&mut signed, CONTEXT_1)?;
        let mut signers = Cursor::new(content(&mut signed, SET)?);
        signed.finish()?;
        let signer = content(&mut signers, SEQUENCE)?;
        if !signers.is_empty() {
            return Err(Cause::BadSignature);
        }
        // Each of them has a valid length, so a later walk ends at the end.
        let mut rest = Cursor::new(certificates);
        while !rest.is_empty() {
            element(&mut rest, SEQUENCE)?;
        }
        let SignerInfo {
            signer,
            hash,
            algo,
            signed_at,
            digest,
        } = read_signer(signer)?;
        Ok(Self {
            signer,
            hash,
            algo,
            signed_at,
            digest,
            certificates,
        })
    }

    /// The identifier of the signer's key.
    pub const fn signer(&self) -> Signer<'a> {
        self.signer
    }

    /// The hash algorithm.
    pub const fn hash(&self) -> HashAlgo {
        self.hash
    }

    /// The signature algorithm.
    pub const fn algo(&self) -> PublicKeyAlgo {
        self.algo
    }

    /// The time of signing in seconds since 1970, if the signed attributes have one. The signer
    /// states it.
    pub const fn signed_at(&self) -> Option<i64> {
        self.signed_at
    }

    /// The digest of what is signed, if the signed attributes have one. Without a key nobody
    /// vouches for it.
    pub const fn digest(&self) -> Option<&'a [u8]> {
        self.digest
    }

    /// The enclosed certificates, each in DER.
    pub fn certificates(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut cursor = Cursor::new(self.certificates);
        core::iter::from_fn(move || element(&mut cursor, SEQUENCE).ok().map(|e| e.whole))
    }
}

struct SignerInfo<'a> {
    signer: Signer<'a>,
    hash: HashAlgo,
    algo: PublicKeyAlgo,
    signed_at: Option<i64>,
    digest: Option<&'a [u8]>,
}

fn read_signer(info: &[u8]) -> Result<SignerInfo<'_>> {
    let mut info = Cursor::new(info);
    content(&mut info, INTEGER)?;
    let signer = match optional(&mut info, CONTEXT_0_PRIMITIVE)? {
        Some(id) => Signer::KeyId(id),
        None => {
            let mut name = Cursor::new(content(&mut info, SEQUENCE)?);
            let issuer = content(&mut name, SEQUENCE)?;
            let serial = content(&mut name, INTEGER)?;
            name.finish()?;
            Signer::Certificate { issuer, serial }
        }
    };
    let mut algorithm = Cursor::new(content(&mut info, SEQUENCE)?);
    let hash = hash_from_oid(content(&mut algorithm, OBJECT_IDENTIFIER)?)?;
    let (signed_at, digest) = match optional(&mut info, CONTEXT_0)? {
        Some(attributes) => (signing_time(attributes)?, message_digest(attributes)),
        None => (None, None),
    };
    let mut algorithm = Cursor::new(content(&mut info, SEQUENCE)?);
    let algo = x509::algo_from_oid(content(&mut algorithm, OBJECT_IDENTIFIER)?);
    Ok(SignerInfo {
        signer,
        hash,
        algo,
        signed_at,
        digest,
    })
}

/// The digest of the content among signed attributes that were walked before.
fn message_digest(attributes: &[u8]) -> Option<&[u8]> {
    let mut attributes = Cursor::new(attributes);
    while !attributes.is_empty() {
        let mut attribute = Cursor::new(content(&mut attributes, SEQUENCE).ok()?);
        if content(&mut attribute, OBJECT_IDENTIFIER).ok()? == MESSAGE_DIGEST {
            let mut values = Cursor::new(content(&mut attribute, SET).ok()?);
            return content(&mut values, OCTET_STRING).ok();
        }
    }
    None
}

/// The signing time among signed attributes. Refuses two of them, two values, and values that are
/// not a time.
fn signing_time(attributes: &[u8]) -> Result<Option<i64>> {
    let mut found = None;
    let mut attributes = Cursor::new(attributes);
    while !attributes.is_empty() {
        let mut attribute = Cursor::new(content(&mut attributes, SEQUENCE)?);
        let kind = content(&mut attribute, OBJECT_IDENTIFIER)?;
        let mut values = Cursor::new(content(&mut attribute, SET)?);
        attribute.finish()?;
        if kind != SIGNING_TIME {
            continue;
        }
        let tag = values.u8()?;
        let value = after_tag(&mut values)?;
        values.finish()?;
        if found.replace(time::parse(tag, value)?).is_some() {
            return Err(Cause::BadSignature);
        }
    }
    Ok(found)
}

fn hash_from_oid(oid: &[u8]) -> Result<HashAlgo> {
    match oid {
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01] => Ok(HashAlgo::Sha256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02] => Ok(HashAlgo::Sha384),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03] => Ok(HashAlgo::Sha512),
        [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Err(Cause::WeakSignatureHash(WeakHash::Sha1)),
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05] => {
            Err(Cause::WeakSignatureHash(WeakHash::Md5))
        }
        _ => Err(Cause::UnknownAlgorithm),
    }
}

/// The modulus of an RSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modulus<'a>(&'a [u8]);

impl<'a> Modulus<'a> {
    /// Big endian, without zeros in front.
    pub const fn digits(&self) -> &'a [u8] {
        self.0
    }

    /// Its length in bits.
    pub fn bits(&self) -> usize {
        let spare = self
            .0
            .first()
            .map_or(0, |first| u32_as_usize(first.leading_zeros()));
        self.0.len().saturating_mul(8).saturating_sub(spare)
    }
}

/// The modulus in `key`, a DER `RSAPublicKey`.
///
/// # Errors
///
/// [`Cause::BadKey`].
pub fn rsa_modulus(key: &[u8]) -> Result<Modulus<'_>> {
    let mut cursor = Cursor::new(key);
    let modulus = content(&mut cursor, SEQUENCE)
        .and_then(|key| content(&mut Cursor::new(key), INTEGER))
        .map_err(|_| Cause::BadKey)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    Ok(Modulus(modulus.get(zeros..).unwrap_or_default()))
}
