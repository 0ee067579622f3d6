// SPDX-License-Identifier: GPL-2.0

//! The firmware's event log.

use digest_logic::{
    evidence::firmware::{
        Log,
        NO_ACTION, //
    },
    refusal::Cause,
};
use host_tests::{
    build::evidence::firmware_log,
    fuzz, //
};

const SHA256: (u16, u16) = (0x0b, 32);
const SHA1: (u16, u16) = (0x04, 20);
const SM3: (u16, u16) = (0x12, 32);

#[test]
fn events_are_read_with_the_digests_of_banks_that_are_known() {
    let locality = b"StartupLocality\0\x03";
    let events: [(u32, u32, &[u8]); 3] = [
        (0, NO_ACTION, locality),
        (4, 0x8000_0003, b"an image"),
        (12, 0xd, b""),
    ];
    let data = firmware_log(&[SHA1, SHA256, SM3], &events);
    let read: Vec<_> = Log::parse(&data).unwrap().map(Result::unwrap).collect();
    assert_eq!(read.len(), 3);
    assert_eq!((read[1].pcr, read[1].data), (4, &b"an image"[..]));
    let digests: Vec<_> = read[2].digests().map(|digest| digest.to_string()).collect();
    let hex = |size: usize| "0c".repeat(size);
    assert_eq!(
        digests,
        [format!("sha1:{}", hex(20)), format!("sha256:{}", hex(32))]
    );
    for len in 0..data.len() {
        fuzz::firmware_log(&data[..len]);
    }
}

#[test]
fn a_log_that_ends_within_an_event_ends_with_an_error() {
    let data = firmware_log(&[SHA256], &[(1, 1, b"one"), (2, 1, b"two")]);
    let mut log = Log::parse(&data[..data.len() - 1]).unwrap();
    assert!(log.next().unwrap().is_ok());
    assert_eq!(log.next().unwrap().err(), Some(Cause::Truncated));
    assert!(log.next().is_none());
}

#[test]
fn what_is_no_crypto_agile_log_is_refused_for_its_reason() {
    let good = firmware_log(&[SHA256], &[]);
    assert!(Log::parse(&good).is_ok());
    let mut old = good.clone();
    old[32..48].copy_from_slice(b"Spec ID Event00\0");
    assert_eq!(Log::parse(&old).err(), Some(Cause::BadMagic));
    let twice = firmware_log(&[SHA256, SHA256], &[]);
    assert_eq!(Log::parse(&twice).err(), Some(Cause::UnexpectedField));
    let size = firmware_log(&[(0x0b, 20)], &[]);
    assert_eq!(Log::parse(&size).err(), Some(Cause::BadLength));
    let many: Vec<_> = (100..117).map(|algo| (algo, 1)).collect();
    assert_eq!(
        Log::parse(&firmware_log(&many, &[])).err(),
        Some(Cause::BadLength)
    );
}
