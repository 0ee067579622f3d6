// SPDX-License-Identifier: GPL-2.0

//! An X.509 certificate around an OpenPGP key: the kernel's keyrings hold public keys in no other
//! form.
//!
//! Subject: the user id. Subject key identifier: the fingerprint, by which the key id of a
//! signature finds it. Usage: `digitalSignature` only. Signature and issuer are void: the key is
//! trusted because of the file it came in, and it vouches for no other key. That it came by
//! OpenPGP, and so signs headers only, is for the caller to store.

use super::{
    certificate::CertifiedKey,
    key::Material, //
};
use crate::{
    asn1::{
        put_element,
        BIT_STRING,
        BOOLEAN,
        CONTEXT_0,
        CONTEXT_3,
        INTEGER,
        OCTET_STRING,
        SEQUENCE,
        SET,
        UTF8_STRING, //
    },
    cursor::Sink,
    refusal::Result,
    time, //
};

/// `commonName`.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
/// `subjectKeyIdentifier`.
const KEY_IDENTIFIER: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x0e];
/// `keyUsage`.
const KEY_USAGE: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x0f];
/// `sha256WithRSAEncryption` and its parameter.
const SIGNATURE_ALGORITHM: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00,
];
/// The longest name in bytes.
const MAX_NAME: usize = 100;

/// Writes the certificate of `key`, whose numbers are `material`.
///
/// # Errors
///
/// [`Cause::BadLength`](crate::refusal::Cause::BadLength) for a key of 64 KiB, and those of `sink`.
pub fn write_certificate(
    key: &CertifiedKey<'_>,
    material: &Material<'_>,
    sink: &mut dyn Sink,
) -> Result {
    put_element(SEQUENCE, sink, |sink| {
        put_element(SEQUENCE, sink, |sink| put_signed(key, material, sink))?;
        put_element(SEQUENCE, sink, |sink| sink.put(SIGNATURE_ALGORITHM))?;
        put_element(BIT_STRING, sink, |sink| sink.put(&[0; 257]))
    })
}

/// Writes the fields of the signed part.
fn put_signed(key: &CertifiedKey<'_>, material: &Material<'_>, sink: &mut dyn Sink) -> Result {
    put_element(CONTEXT_0, sink, |sink| {
        // Version 3.
        put_element(INTEGER, sink, |sink| sink.put(&[2]))
    })?;
    put_element(INTEGER, sink, |sink| {
        sink.put(&[0])?;
        sink.put(&key.fingerprint)
    })?;
    put_element(SEQUENCE, sink, |sink| sink.put(SIGNATURE_ALGORITHM))?;
    put_name(b"none: an OpenPGP key", sink)?;
    put_element(SEQUENCE, sink, |sink| {
        time::put(key.key.created().into(), sink)?;
        time::put(key.expires.unwrap_or(u64::MAX), sink)
    })?;
    put_name(
        match key.user_id {
            [] => b"OpenPGP key",
            user_id => user_id,
        },
        sink,
    )?;
    material.write_spki(sink)?;
    put_element(CONTEXT_3, sink, |sink| {
        put_element(SEQUENCE, sink, |sink| {
            put_extensions(&key.fingerprint, sink)
        })
    })
}

/// Writes a name of the beginning of `common`, in printable characters.
fn put_name(common: &[u8], sink: &mut dyn Sink) -> Result {
    let put_value = |sink: &mut dyn Sink| {
        common.iter().take(MAX_NAME).try_for_each(|byte| {
            let plain = matches!(byte, b' '..=b'~');
            sink.put(&[if plain { *byte } else { b'?' }])
        })
    };
    put_element(SEQUENCE, sink, |sink| {
        put_element(SET, sink, |sink| {
            put_element(SEQUENCE, sink, |sink| {
                sink.put(COMMON_NAME)?;
                put_element(UTF8_STRING, sink, put_value)
            })
        })
    })
}

fn put_extensions(fingerprint: &[u8], sink: &mut dyn Sink) -> Result {
    put_element(SEQUENCE, sink, |sink| {
        sink.put(KEY_IDENTIFIER)?;
        put_element(OCTET_STRING, sink, |sink| {
            put_element(OCTET_STRING, sink, |sink| sink.put(fingerprint))
        })
    })?;
    put_element(SEQUENCE, sink, |sink| {
        sink.put(KEY_USAGE)?;
        // Critical.
        put_element(BOOLEAN, sink, |sink| sink.put(&[0xff]))?;
        put_element(OCTET_STRING, sink, |sink| {
            // The first bit is digitalSignature.
            put_element(BIT_STRING, sink, |sink| sink.put(&[7, 0x80]))
        })
    })
}
