// SPDX-License-Identifier: GPL-2.0

//! The format of a signature, told from its bytes; IMA signatures.

use digest_logic::{
    hash_algo::HashAlgo,
    ima_sig::ImaSignature,
    refusal::Cause,
    signature::{
        Kind,
        Signature, //
    }, //
};
use host_tests::{
    build::openpgp,
    cases,
    fuzz, //
};
use proptest::prelude::*;

/// The beginning of a `signedData` in DER behind a header of `length`, and `rest` bytes.
fn pkcs7(length: &[u8], rest: usize) -> Vec<u8> {
    let oid = [
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,
    ];
    [&[0x30], length, &oid, &vec![0; rest]].concat()
}

const IMA: &[u8] = b"\x03\x02\x04keyi\0\x09signature";

#[test]
fn the_bytes_of_a_signature_say_its_format() {
    let rsa = openpgp::signature(1, 8, &openpgp::rsa_value());
    let new = openpgp::new_packet(2, &openpgp::v3(0, 1, 8, &openpgp::rsa_value()));
    let cases: &[(&str, &[u8], Kind)] = &[
        ("PKCS#7", &pkcs7(&[11], 0), Kind::Pkcs7),
        (
            "PKCS#7 of 1 byte of length",
            &pkcs7(&[0x81, 0x80], 0x75),
            Kind::Pkcs7,
        ),
        (
            "PKCS#7 of 2 bytes of length",
            &pkcs7(&[0x82, 1, 0], 245),
            Kind::Pkcs7,
        ),
        (
            "PKCS#7 of 3 bytes of length",
            &pkcs7(&[0x83, 1, 0, 0], 65525),
            Kind::Pkcs7,
        ),
        ("IMA", IMA, Kind::Ima),
        ("OpenPGP", &rsa, Kind::OpenPgp),
        ("OpenPGP with the new header", &new, Kind::OpenPgp),
    ];
    for (name, data, expected) in cases {
        assert_eq!(Signature::detect(data), Ok(*expected), "{name}");
        let kind = Signature::parse(data).map(|signature| signature.kind());
        assert_eq!(kind, Ok(*expected), "{name}");
        for len in 0..data.len() {
            assert!(
                Signature::parse(&data[..len]).is_err(),
                "{name}, {len} bytes"
            );
        }
        let longer = [data, [0].as_slice()].concat();
        assert_eq!(
            Signature::parse(&longer).err(),
            Some(Cause::TrailingBytes),
            "{name}"
        );
    }
}

#[test]
fn other_bytes_are_refused() {
    let cases: &[(&str, &[u8], Cause)] = &[
        ("nothing", b"", Cause::UnknownSignature),
        (
            "text",
            b"-----BEGIN PGP SIGNATURE-----",
            Cause::UnknownSignature,
        ),
        (
            "a digest in security.ima",
            &[4; 33],
            Cause::UnknownSignature,
        ),
        (
            "IMA version 3",
            b"\x06\x03\x04keyi\0\x01s",
            Cause::UnknownSignature,
        ),
        (
            "an OpenPGP key",
            &openpgp::packet(6, &openpgp::ecdsa_key()),
            Cause::UnknownSignature,
        ),
        ("other DER", b"\x30\x03\x02\x01\x05", Cause::BadSignature),
        (
            "another type of PKCS#7",
            &{
                let mut data = pkcs7(&[11], 0);
                data[12] = 1;
                data
            },
            Cause::BadSignature,
        ),
        (
            "an indefinite length",
            &pkcs7(&[0x80], 2),
            Cause::BadSignature,
        ),
        (
            "a length of 4 bytes",
            &pkcs7(&[0x84, 0, 0, 0, 11], 0),
            Cause::BadSignature,
        ),
    ];
    for (name, data, expected) in cases {
        assert_eq!(Signature::parse(data).err(), Some(*expected), "{name}");
    }
}

#[test]
fn ima_signatures_are_those_of_version_2() {
    let signature = ImaSignature::parse(IMA).unwrap();
    assert_eq!(signature.hash, HashAlgo::Sha256);
    assert_eq!(signature.key_id, *b"keyi");
    assert_eq!(signature.signature, b"signature");

    let with = |at: usize, byte: u8| {
        let mut data = IMA.to_vec();
        data[at] = byte;
        ImaSignature::parse(&data).err()
    };
    let cases = [
        ("another type", with(0, 5), Cause::BadMagic),
        ("version 1", with(1, 1), Cause::BadVersion),
        ("version 3", with(1, 3), Cause::BadVersion),
        ("MD5", with(2, 1), Cause::WeakAlgorithm),
        ("SHA-1", with(2, 2), Cause::WeakAlgorithm),
        ("an unknown hash", with(2, 200), Cause::UnknownAlgorithm),
        ("a length too small", with(8, 8), Cause::TrailingBytes),
        ("a length too large", with(8, 10), Cause::Truncated),
        (
            "an empty signature",
            ImaSignature::parse(b"\x03\x02\x04keyi\0\0").err(),
            Cause::BadSignature,
        ),
    ];
    for (name, refused, expected) in cases {
        assert_eq!(refused, Some(expected), "{name}");
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_bytes_are_survived(
        first in prop::sample::select(vec![0x30, 3, 0x88, 0x89, 0xc2, 0]),
        data in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let data = [&[first], data.as_slice()].concat();
        let _ = Signature::parse(&data);
        fuzz::ima_signature(&data);
        fuzz::openpgp_packets(&data);
    }
}
