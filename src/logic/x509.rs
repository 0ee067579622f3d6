// SPDX-License-Identifier: GPL-2.0

//! Facts about X.509 certificates that the kernel's parser does not report: the algorithms, because
//! the kernel refuses unknown ones without naming them, and extensions that the kernel does not
//! read.
//!
//! ```text
//! Certificate ::= SEQUENCE {
//!     tbsCertificate SEQUENCE {
//!         version [0] OPTIONAL, serialNumber INTEGER, signature SEQUENCE { OBJECT IDENTIFIER, … },
//!         issuer SEQUENCE, validity SEQUENCE, subject SEQUENCE,
//!         subjectPublicKeyInfo SEQUENCE { SEQUENCE { OBJECT IDENTIFIER, … }, … },
//!         issuerUniqueID [1] OPTIONAL, subjectUniqueID [2] OPTIONAL,
//!         extensions [3] OPTIONAL { SEQUENCE OF SEQUENCE {
//!             extnID OBJECT IDENTIFIER, critical BOOLEAN OPTIONAL, extnValue OCTET STRING } } }, … }
//! ```
//!
//! The kernel reads validity, names and `keyUsage`. Sources: RFC 5280; RFC 8410 (Edwards and
//! Montgomery curves), RFC 9881 (ML-DSA), RFC 9909 (SLH-DSA).

use crate::{
    asn1::{
        after_tag,
        content,
        element,
        optional,
        BIT_STRING,
        BOOLEAN,
        CONTEXT_0,
        CONTEXT_1_PRIMITIVE,
        CONTEXT_2_PRIMITIVE,
        CONTEXT_3,
        INTEGER,
        OBJECT_IDENTIFIER,
        OCTET_STRING,
        SEQUENCE, //
    },
    cms::rsa_modulus,
    cursor::Cursor,
    num::u32_as_usize,
    openpgp::{
        key,
        Curve,
        PublicKeyAlgo, //
    },
    refusal::{
        Cause,
        Result, //
    },
    time, //
};

/// `codeSigning`, one of the purposes in an `extendedKeyUsage`.
const CODE_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];
/// `anyExtendedKeyUsage`.
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
/// `basicConstraints`.
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
/// `keyUsage`.
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
/// `subjectKeyIdentifier`.
const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 14];

/// The shortest modulus of an RSA key in bits.
pub const MIN_RSA_BITS: usize = u32_as_usize(key::MIN_RSA_BITS);

/// The purpose of signing digest lists: 2.25.143659338753134025303514290992400176090, which is the
/// UUID 6c13c840-322c-4f5f-9eb3-2363d42e13da.
pub const LIST_SIGNING: &[u8] = &[
    0x69, 0x81, 0xd8, 0x93, 0xe4, 0x90, 0x86, 0xa2, 0xe2, 0xbd, 0xbf, 0x9e, 0xd9, 0xc8, 0xec, 0xbd,
    0xa1, 0xb8, 0xa7, 0x5a,
];

/// The elements of a certificate that are read here.
pub(crate) struct Outline<'a> {
    /// The signed part, with tag and length.
    signed: &'a [u8],
    /// The content of the algorithm of the certificate's signature, as the signed part names it.
    pub(crate) signature: &'a [u8],
    /// The content of the validity.
    validity: &'a [u8],
    /// The content of the `SubjectPublicKeyInfo`.
    spki: &'a [u8],
    /// What follows it.
    rest: Cursor<'a>,
}

impl<'a> Outline<'a> {
    /// Reads the certificate that `der` begins with, up to its key.
    pub(crate) fn read(der: &'a [u8]) -> Result<Self> {
        let certificate = content(&mut Cursor::new(der), SEQUENCE)?;
        let signed = element(&mut Cursor::new(certificate), SEQUENCE)?;
        let mut rest = Cursor::new(signed.content);
        optional(&mut rest, CONTEXT_0)?;
        content(&mut rest, INTEGER)?;
        let signature = content(&mut rest, SEQUENCE)?;
        let _issuer = content(&mut rest, SEQUENCE)?;
        let validity = content(&mut rest, SEQUENCE)?;
        let _subject = content(&mut rest, SEQUENCE)?;
        Ok(Self {
            signed: signed.whole,
            signature,
            validity,
            spki: content(&mut rest, SEQUENCE)?,
            rest,
        })
    }
}

/// What the extensions allow, without `keyUsage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purpose {
    /// Whether the key is dedicated to digest lists: an `extendedKeyUsage` names [`LIST_SIGNING`].
    pub lists: bool,
    /// How many authorities may stand between this one and the signer, if limited.
    pub path_len: Option<u8>,
}

impl Purpose {
    /// Reads the extensions of the certificate that `der` encodes.
    ///
    /// # Errors
    ///
    /// [`Cause::OtherPurpose`] if an `extendedKeyUsage` has none of `codeSigning`,
    /// `anyExtendedKeyUsage` and [`LIST_SIGNING`]; [`Cause::CriticalExtension`] if an extension
    /// that is not read here, or by the kernel, is critical; [`Cause::BadKey`] if the certificate
    /// is not DER, or has an extension twice.
    pub fn of_certificate(der: &[u8]) -> Result<Self> {
        let refused = |error| match error {
            Cause::OtherPurpose | Cause::CriticalExtension => error,
            _ => Cause::BadKey,
        };
        Self::read(der).map_err(refused)
    }

    fn read(der: &[u8]) -> Result<Self> {
        let mut purpose = Self::default();
        let mut seen = 0u8;
        let mut extensions = Cursor::new(extensions(der)?);
        while !extensions.is_empty() {
            let mut extension = Cursor::new(content(&mut extensions, SEQUENCE)?);
            let oid = content(&mut extension, OBJECT_IDENTIFIER)?;
            let critical = match optional(&mut extension, BOOLEAN)? {
                None | Some([0]) => false,
                Some(_) => true,
            };
            let value = content(&mut extension, OCTET_STRING)?;
            extension.finish()?;
            let bit = match oid {
                // The kernel reads subjectKeyIdentifier, keyUsage and authorityKeyIdentifier.
                [0x55, 0x1d, 14] => 1,
                [0x55, 0x1d, 15] => 2,
                [0x55, 0x1d, 35] => 4,
                [0x55, 0x1d, 19] => {
                    purpose.path_len = path_len(value)?;
                    8
                }
                [0x55, 0x1d, 37] => {
                    purpose.lists = lists_among(value)?;
                    16
                }
                _ if critical => return Err(Cause::CriticalExtension),
                _ => continue,
            };
            if seen & bit != 0 {
                return Err(Cause::BadKey);
            }
            seen |= bit;
        }
        Ok(purpose)
    }
}

/// The first and last second, since 1970, of the validity of the certificate `der`. For the tool:
/// the module gets it from the kernel.
///
/// # Errors
///
/// [`Cause::BadKey`].
pub fn validity(der: &[u8]) -> Result<(i64, i64)> {
    let read = || {
        let mut times = Cursor::new(Outline::read(der)?.validity);
        let mut time = || time::parse(times.u8()?, after_tag(&mut times)?);
        Ok((time()?, time()?))
    };
    read().map_err(|_: Cause| Cause::BadKey)
}

/// How the module shows the key of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identifier<'a> {
    /// By the `subjectKeyIdentifier`.
    Key(&'a [u8]),
    /// By the SHA-256 of the signed part of the certificate, which is here.
    Signed(&'a [u8]),
}

/// What the identifier of the key of the certificate `der` is made from. For the tool: the module
/// gets it from the kernel.
///
/// # Errors
///
/// [`Cause::BadKey`].
pub fn identifier(der: &[u8]) -> Result<Identifier<'_>> {
    let read = || {
        if let Some(id) = extension(der, SUBJECT_KEY_IDENTIFIER)? {
            return content(&mut Cursor::new(id), OCTET_STRING).map(Identifier::Key);
        }
        Ok(Identifier::Signed(Outline::read(der)?.signed))
    };
    read().map_err(|_: Cause| Cause::BadKey)
}

/// The value of the extension `oid`, if there is one.
pub(crate) fn extension<'a>(der: &'a [u8], oid: &[u8]) -> Result<Option<&'a [u8]>> {
    let mut extensions = Cursor::new(extensions(der)?);
    while !extensions.is_empty() {
        let mut extension = Cursor::new(content(&mut extensions, SEQUENCE)?);
        let found = content(&mut extension, OBJECT_IDENTIFIER)? == oid;
        optional(&mut extension, BOOLEAN)?;
        if found {
            return content(&mut extension, OCTET_STRING).map(Some);
        }
    }
    Ok(None)
}

/// Refuses the certificate `der` if the kernel cannot verify signatures by its key, or the key is
/// too weak.
///
/// # Errors
///
/// [`Cause::UnverifiableSignature`], [`Cause::WeakKey`], [`Cause::BadKey`].
pub fn check_key(der: &[u8]) -> Result {
    let key = public_key(der).map_err(|_| Cause::BadKey)?;
    key.algo.verifiable()?;
    match key.algo {
        PublicKeyAlgo::Rsa if rsa_modulus(key.bits)?.bits() < MIN_RSA_BITS => Err(Cause::WeakKey),
        PublicKeyAlgo::Ecdsa if Curve::from_oid(key.curve).is_none() => {
            Err(Cause::UnverifiableSignature(key.algo))
        }
        _ => Ok(()),
    }
}

struct SubjectKey<'a> {
    algo: PublicKeyAlgo,
    /// The object identifier after that of the algorithm; empty if there is none.
    curve: &'a [u8],
    bits: &'a [u8],
}

fn public_key(der: &[u8]) -> Result<SubjectKey<'_>> {
    let mut spki = Cursor::new(Outline::read(der)?.spki);
    let mut algorithm = Cursor::new(content(&mut spki, SEQUENCE)?);
    let algo = algo_from_oid(content(&mut algorithm, OBJECT_IDENTIFIER)?);
    let curve = optional(&mut algorithm, OBJECT_IDENTIFIER)?.unwrap_or_default();
    let bits = content(&mut spki, BIT_STRING)?;
    let bits = bits.strip_prefix(&[0]).ok_or(Cause::BadKey)?;
    Ok(SubjectKey { algo, curve, bits })
}

/// The sequence of extensions, empty where there are none.
fn extensions(der: &[u8]) -> Result<&[u8]> {
    let mut cursor = Cursor::new(der);
    element(&mut cursor, SEQUENCE)?;
    cursor.finish()?;
    let mut rest = Outline::read(der)?.rest;
    optional(&mut rest, CONTEXT_1_PRIMITIVE)?;
    optional(&mut rest, CONTEXT_2_PRIMITIVE)?;
    let explicit = optional(&mut rest, CONTEXT_3)?;
    rest.finish()?;
    let Some(explicit) = explicit else {
        return Ok(&[]);
    };
    let mut explicit = Cursor::new(explicit);
    let all = content(&mut explicit, SEQUENCE)?;
    explicit.finish()?;
    Ok(all)
}

/// The limit in a `basicConstraints`: `SEQUENCE { cA BOOLEAN OPTIONAL, pathLenConstraint INTEGER
/// OPTIONAL }`.
fn path_len(value: &[u8]) -> Result<Option<u8>> {
    let mut cursor = Cursor::new(value);
    let mut fields = Cursor::new(content(&mut cursor, SEQUENCE)?);
    cursor.finish()?;
    optional(&mut fields, BOOLEAN)?;
    let limit = match optional(&mut fields, INTEGER)? {
        None => None,
        Some([len @ 0..=0x7f]) => Some(*len),
        // Longer than any chain that is followed, or not a number of authorities.
        Some([0x80..=0xff, ..] | []) => return Err(Cause::BadKey),
        Some(_) => None,
    };
    fields.finish()?;
    Ok(limit)
}

/// Whether an `extendedKeyUsage`, `SEQUENCE OF OBJECT IDENTIFIER`, names [`LIST_SIGNING`].
fn lists_among(value: &[u8]) -> Result<bool> {
    let mut cursor = Cursor::new(value);
    let mut purposes = Cursor::new(content(&mut cursor, SEQUENCE)?);
    cursor.finish()?;
    let (mut lists, mut signs) = (false, false);
    while !purposes.is_empty() {
        let oid = content(&mut purposes, OBJECT_IDENTIFIER)?;
        lists |= oid == LIST_SIGNING;
        signs |= oid == CODE_SIGNING || oid == ANY_PURPOSE;
    }
    match lists || signs {
        true => Ok(lists),
        false => Err(Cause::OtherPurpose),
    }
}

/// The algorithm of a public key or signature with this object identifier, without tag and length.
pub fn algo_from_oid(oid: &[u8]) -> PublicKeyAlgo {
    match oid {
        // rsaEncryption, and the RSA signatures with PKCS#1 version 1.5 padding.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 1 | 4 | 5 | 11..=16] => PublicKeyAlgo::Rsa,
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 10] => PublicKeyAlgo::RsaPss,
        // id-dsa, and DSA with SHA-1.
        [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 1 | 3] => PublicKeyAlgo::Dsa,
        // id-ecPublicKey, and the ECDSA signatures.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, ..] => {
            PublicKeyAlgo::Ecdsa
        }
        [0x2b, 0x65, 110] => PublicKeyAlgo::X25519,
        [0x2b, 0x65, 111] => PublicKeyAlgo::X448,
        [0x2b, 0x65, 112] => PublicKeyAlgo::Ed25519,
        [0x2b, 0x65, 113] => PublicKeyAlgo::Ed448,
        [0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 3, number] => match number {
            1..=8 => PublicKeyAlgo::Dsa,
            9..=12 => PublicKeyAlgo::Ecdsa,
            13..=16 => PublicKeyAlgo::Rsa,
            17..=19 => PublicKeyAlgo::MlDsa,
            20..=31 => PublicKeyAlgo::SlhDsa,
            _ => PublicKeyAlgo::Unknown,
        },
        _ => PublicKeyAlgo::Unknown,
    }
}

/// The algorithm that the kernel's parser of certificates calls `name`.
pub fn algo_from_kernel_name(name: &str) -> PublicKeyAlgo {
    match name {
        "rsa" => PublicKeyAlgo::Rsa,
        _ if name.starts_with("ecdsa") => PublicKeyAlgo::Ecdsa,
        _ if name.starts_with("mldsa") => PublicKeyAlgo::MlDsa,
        _ => PublicKeyAlgo::Unknown,
    }
}

/// The algorithm in the certificate `der` that the kernel cannot verify: that of its key or, if
/// that is supported, of its own signature. [`PublicKeyAlgo::Unknown`] if it is not known.
pub fn unverifiable(der: &[u8]) -> PublicKeyAlgo {
    match algos(der) {
        Ok((key, signature)) if key.verifiable().is_ok() => match signature.verifiable() {
            // A supported algorithm with an unsupported parameter: a curve, a hash.
            Ok(_) => key,
            Err(_) => signature,
        },
        Ok((key, _)) => key,
        Err(_) => PublicKeyAlgo::Unknown,
    }
}

fn algos(der: &[u8]) -> Result<(PublicKeyAlgo, PublicKeyAlgo)> {
    let outline = Outline::read(der)?;
    let key = content(&mut Cursor::new(outline.spki), SEQUENCE)?;
    Ok((algo(key)?, algo(outline.signature)?))
}

fn algo(identifier: &[u8]) -> Result<PublicKeyAlgo> {
    content(&mut Cursor::new(identifier), OBJECT_IDENTIFIER).map(algo_from_oid)
}
