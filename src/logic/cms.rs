// SPDX-License-Identifier: GPL-2.0

//! Who made a PKCS#7 or CMS signature, and over which hash: what the kernel verifies without telling.
//!
//! The kernel's parser and verifier do the rest; here the outline is walked in DER once:
//!
//! ```text
//! ContentInfo ::= SEQUENCE { signedData, [0] SEQUENCE {
//!     version INTEGER, digestAlgorithms SET, contentInfo SEQUENCE,
//!     certificates [0] OPTIONAL, crls [1] OPTIONAL,
//!     signerInfos SET OF SEQUENCE {
//!         version INTEGER,
//!         signer SEQUENCE { issuer SEQUENCE, serial INTEGER } | [0] key id,
//!         digestAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … } } }
//! ```
//!
//! Source: RFC 5652. Indefinite lengths (BER) are refused, and so is more than one signer: which of them vouches for a
//! list would be open.

use crate::{
    cursor::Cursor,
    error::{
        Error,
        Result, //
    },
    hash_algo::HashAlgo,
    openpgp::algo::WeakHash, //
};

const INTEGER: u8 = 0x02;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0]`, primitive.
const CONTEXT_0_PRIMITIVE: u8 = 0x80;
/// `[0]`, constructed.
const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
const CONTEXT_1: u8 = 0xa1;

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// The name of the key that signed.
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

/// The outline of a message with one signer.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    signer: Signer<'a>,
    hash: HashAlgo,
    certificates: &'a [u8],
}

/// One element: its content, and all of it.
struct Element<'a> {
    content: &'a [u8],
    whole: &'a [u8],
}

fn element<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<Element<'a>> {
    let start = cursor.rest();
    let offset = cursor.offset();
    if cursor.u8()? != tag {
        return Err(Error::BadSignature);
    }
    let len = match cursor.u8()? {
        short @ 0..=0x7f => u32::from(short),
        0x81 => u32::from(cursor.u8()?),
        0x82 => u32::from(cursor.u16_be()?),
        0x83 => {
            let [high, middle, low] = cursor.array()?;
            u32::from_be_bytes([0, high, middle, low])
        }
        _ => return Err(Error::BadSignature),
    };
    let content = cursor.take(usize::try_from(len).map_err(|_| Error::Truncated)?)?;
    let whole = start
        .get(..cursor.offset().saturating_sub(offset))
        .ok_or(Error::Truncated)?;
    Ok(Element { content, whole })
}

fn content<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<&'a [u8]> {
    Ok(element(cursor, tag)?.content)
}

/// The element if the next one has this tag.
fn optional<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<Option<&'a [u8]>> {
    if cursor.rest().first() == Some(&tag) {
        content(cursor, tag).map(Some)
    } else {
        Ok(None)
    }
}

impl<'a> Message<'a> {
    /// Walks the outline of `data`.
    ///
    /// # Errors
    ///
    /// [`Error::BadSignature`], also for several signers, [`Error::Truncated`], [`Error::TrailingBytes`];
    /// [`Error::WeakSignatureHash`] and [`Error::UnknownAlgorithm`] for the hash.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let mut info = Cursor::new(content(&mut cursor, SEQUENCE)?);
        cursor.finish()?;
        if content(&mut info, OBJECT_IDENTIFIER)? != SIGNED_DATA {
            return Err(Error::BadSignature);
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
            return Err(Error::BadSignature);
        }
        // Every one of them has a frame, so that walking them later ends at the end.
        let mut rest = Cursor::new(certificates);
        while !rest.is_empty() {
            element(&mut rest, SEQUENCE)?;
        }
        let (signer, hash) = read_signer(signer)?;
        Ok(Self {
            signer,
            hash,
            certificates,
        })
    }

    /// Who signed.
    pub const fn signer(&self) -> Signer<'a> {
        self.signer
    }

    /// What was hashed with.
    pub const fn hash(&self) -> HashAlgo {
        self.hash
    }

    /// The certificates that came along, each in DER.
    pub fn certificates(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut cursor = Cursor::new(self.certificates);
        core::iter::from_fn(move || element(&mut cursor, SEQUENCE).ok().map(|e| e.whole))
    }
}

fn read_signer(info: &[u8]) -> Result<(Signer<'_>, HashAlgo)> {
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
    Ok((signer, hash))
}

fn hash_from_oid(oid: &[u8]) -> Result<HashAlgo> {
    match oid {
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01] => Ok(HashAlgo::Sha256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02] => Ok(HashAlgo::Sha384),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03] => Ok(HashAlgo::Sha512),
        [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Err(Error::WeakSignatureHash(WeakHash::Sha1)),
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05] => {
            Err(Error::WeakSignatureHash(WeakHash::Md5))
        }
        _ => Err(Error::UnknownAlgorithm),
    }
}

/// The bits of the modulus in `key`, a DER `RSAPublicKey`.
///
/// # Errors
///
/// [`Error::BadKey`].
pub fn rsa_bits(key: &[u8]) -> Result<usize> {
    let mut cursor = Cursor::new(key);
    let modulus = content(&mut cursor, SEQUENCE)
        .and_then(|key| content(&mut Cursor::new(key), INTEGER))
        .map_err(|_| Error::BadKey)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let digits = modulus.get(zeros..).unwrap_or_default();
    let spare = digits
        .first()
        .map_or(0, |first| first.leading_zeros() as usize);
    Ok(digits.len().saturating_mul(8).saturating_sub(spare))
}
