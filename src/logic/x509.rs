// SPDX-License-Identifier: GPL-2.0

//! Which algorithms an X.509 certificate uses: the kernel refuses those that it does not have without naming them.
//!
//! ```text
//! Certificate ::= SEQUENCE {
//!     tbsCertificate SEQUENCE {
//!         version [0] OPTIONAL, serialNumber INTEGER, signature SEQUENCE { OBJECT IDENTIFIER, … },
//!         issuer SEQUENCE, validity SEQUENCE, subject SEQUENCE,
//!         subjectPublicKeyInfo SEQUENCE { SEQUENCE { OBJECT IDENTIFIER, … }, … }, … }, … }
//! ```
//!
//! Sources: RFC 5280; RFC 8410 (Edwards and Montgomery curves), RFC 9881 (ML-DSA), RFC 9909 (SLH-DSA).

use crate::{
    asn1::{
        content,
        optional,
        CONTEXT_0,
        INTEGER,
        OBJECT_IDENTIFIER,
        SEQUENCE, //
    },
    cursor::Cursor,
    error::Result,
    openpgp::PublicKeyAlgo, //
};

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

/// The algorithm for which the kernel has no verifier in the certificate that `der` encodes: that of its key, or where
/// that could be verified, of its own signature; [`PublicKeyAlgo::Unknown`] if it cannot be told.
pub fn unverifiable(der: &[u8]) -> PublicKeyAlgo {
    match algos(der) {
        Ok((key, signature)) if key.verifiable().is_ok() => match signature.verifiable() {
            // One of these with a parameter that the kernel does not have: a curve, a hash.
            Ok(_) => key,
            Err(_) => signature,
        },
        Ok((key, _)) => key,
        Err(_) => PublicKeyAlgo::Unknown,
    }
}

fn algos(der: &[u8]) -> Result<(PublicKeyAlgo, PublicKeyAlgo)> {
    let mut certificate = Cursor::new(content(&mut Cursor::new(der), SEQUENCE)?);
    let mut tbs = Cursor::new(content(&mut certificate, SEQUENCE)?);
    optional(&mut tbs, CONTEXT_0)?;
    content(&mut tbs, INTEGER)?;
    let signature = algo(content(&mut tbs, SEQUENCE)?)?;
    for _issuer_validity_subject in 0..3 {
        content(&mut tbs, SEQUENCE)?;
    }
    let mut spki = Cursor::new(content(&mut tbs, SEQUENCE)?);
    Ok((algo(content(&mut spki, SEQUENCE)?)?, signature))
}

fn algo(identifier: &[u8]) -> Result<PublicKeyAlgo> {
    content(&mut Cursor::new(identifier), OBJECT_IDENTIFIER).map(algo_from_oid)
}
