// SPDX-License-Identifier: GPL-2.0

//! An X.509 certificate around an OpenPGP key: the kernel's keyrings hold public keys in no other
//! form.
//!
//! Subject: the user id. Subject key identifier: the fingerprint, by which the key id of a
//! signature finds it. Usage: `digitalSignature` only. That it came by OpenPGP, and so signs
//! headers only, is stored beside it. Signature and issuer are void: the key is trusted because of
//! the file it came in, and it vouches for no other key.

use digest_logic::openpgp::CertifiedKey;
use kernel::prelude::*;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_3: u8 = 0xa3;

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

type Bytes = KVVec<u8>;

/// The certificate of `key` with the `SubjectPublicKeyInfo` `spki`. May sleep.
pub(super) fn certificate(key: &CertifiedKey<'_>, spki: &[u8]) -> Result<Bytes> {
    let algorithm = element(SEQUENCE, &[SIGNATURE_ALGORITHM])?;
    let version = element(CONTEXT_0, &[&element(INTEGER, &[&[2]])?])?;
    let serial = element(INTEGER, &[&[0], &key.fingerprint])?;
    let validity = element(
        SEQUENCE,
        &[
            &time(u64::from(key.key.created()))?,
            &time(key.expires.unwrap_or(u64::MAX))?,
        ],
    )?;
    let mut user_id = KVVec::new();
    for byte in key.user_id.iter().take(MAX_NAME) {
        let plain = matches!(byte, b' '..=b'~');
        user_id.push(if plain { *byte } else { b'?' }, GFP_KERNEL)?;
    }
    let tbs = element(
        SEQUENCE,
        &[
            &version,
            &serial,
            &algorithm,
            &name(b"none: an OpenPGP key")?,
            &validity,
            &name(if user_id.is_empty() {
                b"OpenPGP key"
            } else {
                &user_id
            })?,
            spki,
            &extensions(&key.fingerprint)?,
        ],
    )?;
    let void = element(BIT_STRING, &[&[0; 257]])?;
    element(SEQUENCE, &[&tbs, &algorithm, &void])
}

fn name(common: &[u8]) -> Result<Bytes> {
    let value = element(UTF8_STRING, &[common])?;
    let pair = element(SEQUENCE, &[COMMON_NAME, &value])?;
    element(SEQUENCE, &[&element(SET, &[&pair])?])
}

fn extensions(fingerprint: &[u8]) -> Result<Bytes> {
    let id = element(OCTET_STRING, &[&element(OCTET_STRING, &[fingerprint])?])?;
    // The first bit is digitalSignature.
    let usage = element(OCTET_STRING, &[&element(BIT_STRING, &[&[7, 0x80]])?])?;
    let critical = element(BOOLEAN, &[&[0xff]])?;
    let all = element(
        SEQUENCE,
        &[
            &element(SEQUENCE, &[KEY_IDENTIFIER, &id])?,
            &element(SEQUENCE, &[KEY_USAGE, &critical, &usage])?,
        ],
    )?;
    element(CONTEXT_3, &[&all])
}

fn element(tag: u8, parts: &[&[u8]]) -> Result<Bytes> {
    let len = parts
        .iter()
        .fold(0usize, |sum, part| sum.saturating_add(part.len()));
    let mut out = KVVec::with_capacity(len.saturating_add(4), GFP_KERNEL)?;
    let [high, low] = u16::try_from(len).map_err(|_| EFBIG)?.to_be_bytes();
    let header: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[tag, low],
        (0, _) => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    out.extend_from_slice(header, GFP_KERNEL)?;
    for part in parts {
        out.extend_from_slice(part, GFP_KERNEL)?;
    }
    Ok(out)
}

/// Seconds since 1970 as a time, at most the end of the year 9999. X.509 writes years before 2050
/// with two digits.
fn time(seconds: u64) -> Result<Bytes> {
    let moment = Moment::of(seconds.min(LAST_SECOND));
    let mut text = KVVec::new();
    let mut two = |value: u64| -> Result {
        let tens = u8::try_from(value / 10 % 10).map_err(|_| EINVAL)?;
        let ones = u8::try_from(value % 10).map_err(|_| EINVAL)?;
        text.push(b'0'.wrapping_add(tens), GFP_KERNEL)?;
        text.push(b'0'.wrapping_add(ones), GFP_KERNEL)?;
        Ok(())
    };
    if moment.year >= 2050 {
        two(moment.year / 100)?;
    }
    two(moment.year % 100)?;
    for value in [
        moment.month,
        moment.day,
        moment.second / 3600,
        moment.second / 60 % 60,
        moment.second % 60,
    ] {
        two(value)?;
    }
    let tag = if moment.year >= 2050 {
        GENERALIZED_TIME
    } else {
        UTC_TIME
    };
    element(tag, &[&text, b"Z"])
}

/// 9999-12-31 23:59:59.
const LAST_SECOND: u64 = 253_402_300_799;

/// A day of the Gregorian calendar and the second of that day.
struct Moment {
    year: u64,
    month: u64,
    day: u64,
    second: u64,
}

impl Moment {
    fn of(seconds: u64) -> Self {
        let mut day = seconds / 86_400;
        let mut year = 1970u64;
        loop {
            let days = if is_leap(year) { 366 } else { 365 };
            let Some(rest) = day.checked_sub(days) else {
                break;
            };
            day = rest;
            year = year.saturating_add(1);
        }
        let february = if is_leap(year) { 29 } else { 28 };
        let mut month = 1u64;
        for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            let Some(rest) = day.checked_sub(days) else {
                break;
            };
            day = rest;
            month = month.saturating_add(1);
        }
        Self {
            year,
            month,
            day: day.saturating_add(1),
            second: seconds % 86_400,
        }
    }
}

fn is_leap(year: u64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}
