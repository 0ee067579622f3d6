// SPDX-License-Identifier: GPL-2.0

//! OpenPGP signature packets.

use digest_logic::{
    cursor::Cursor,
    hash_algo::HashAlgo,
    openpgp::{
        der,
        packet::Packet,
        Mpi,
        PublicKeyAlgo,
        Signature,
        Value,
        WeakHash, //
    },
    refusal::Cause, //
};
use host_tests::{
    build::openpgp::{
        ecdsa_value,
        mpi,
        new_packet,
        packet,
        rsa_value,
        signature,
        subpacket,
        usual_subpackets,
        v3,
        v4,
        CREATED,
        ISSUER, //
    },
    cases,
    fuzz,
    written, //
};
use proptest::prelude::*;

fn refusal(data: &[u8]) -> Option<Cause> {
    Signature::parse(data).err()
}

#[test]
fn a_version_4_signature_hashes_its_beginning_and_its_length() {
    let data = signature(1, 8, &rsa_value());
    let signature = Signature::parse(&data).unwrap();
    assert_eq!(signature.version(), 4);
    assert_eq!(signature.hash(), HashAlgo::Sha256);
    assert_eq!(signature.issuer().0, ISSUER);
    assert_eq!(signature.issuer().to_string(), "a0a1a2a3a4a5a6a7");
    assert_eq!(signature.created(), CREATED);
    assert_eq!(signature.expires(), None);
    assert_eq!(signature.left(), [0x12, 0x34]);
    assert_eq!(signature.value().algo(), PublicKeyAlgo::Rsa);
    let created = CREATED.to_be_bytes();
    let hashed = [&[4, 0, 1, 8, 0, 6, 5, 2], created.as_slice()].concat();
    let trailer = [hashed.as_slice(), &[4, 0xff, 0, 0, 0, 12]].concat();
    assert_eq!(written(|sink| signature.write_trailer(sink)), Ok(trailer));
}

#[test]
fn a_version_3_signature_hashes_its_type_and_its_time() {
    let data = packet(2, &v3(0, 1, 10, &rsa_value()));
    let signature = Signature::parse(&data).unwrap();
    assert_eq!(signature.version(), 3);
    assert_eq!(signature.hash(), HashAlgo::Sha512);
    assert_eq!(signature.issuer().0, ISSUER);
    assert_eq!(signature.created(), CREATED);
    let trailer = [&[0], CREATED.to_be_bytes().as_slice()].concat();
    assert_eq!(written(|sink| signature.write_trailer(sink)), Ok(trailer));
}

#[test]
fn ecdsa_signatures_become_a_sequence_of_integers() {
    let data = signature(19, 9, &ecdsa_value());
    let Value::Ecdsa { r, s } = Signature::parse(&data).unwrap().value() else {
        panic!("not ECDSA");
    };
    let der = written(|sink| der::write_ecdsa(&r, &s, sink)).unwrap();
    // The first bit of the second number is set: a zero goes before it.
    assert_eq!(der[..4], [0x30, 69, 2, 32]);
    assert_eq!(der[36..40], [2, 33, 0, 0xff]);
    assert_eq!(der.len(), 71);
}

#[test]
fn signatures_end_to_be_valid_when_they_say_so() {
    for (seconds, expected) in [(0, None), (1, Some(1)), (u32::MAX, Some(u32::MAX))] {
        let hashed = vec![
            subpacket(2, &u32::MAX.to_be_bytes()),
            subpacket(3, &seconds.to_be_bytes()),
        ];
        let body = v4(0, 1, 8, &hashed, &usual_subpackets().1, &rsa_value());
        let expires = Signature::parse(&packet(2, &body)).unwrap().expires();
        let expected = expected.map(|seconds| u64::from(u32::MAX) + u64::from(seconds));
        assert_eq!(expires, expected);
    }
}

#[test]
fn the_issuer_is_taken_from_either_area_but_rather_from_the_hashed() {
    let fingerprint = |byte: u8| subpacket(33, &[&[4], [byte; 20].as_slice()].concat());
    let id = |byte: u8| subpacket(16, &[byte; 8]);
    let cases: &[(&str, Vec<Vec<u8>>, Vec<Vec<u8>>, Result<u8, Cause>)] = &[
        ("unhashed id", vec![], vec![id(1)], Ok(1)),
        ("hashed id", vec![id(1)], vec![], Ok(1)),
        ("hashed before unhashed", vec![id(1)], vec![id(2)], Ok(1)),
        ("fingerprint", vec![fingerprint(3)], vec![id(2)], Ok(3)),
        ("both, agreeing", vec![fingerprint(3), id(3)], vec![], Ok(3)),
        (
            "both, disagreeing",
            vec![fingerprint(3), id(4)],
            vec![],
            Err(Cause::BadSignature),
        ),
        ("none", vec![], vec![], Err(Cause::BadSignature)),
        (
            "a fingerprint of version 6",
            vec![subpacket(33, &[&[6], [1; 32].as_slice()].concat())],
            vec![id(1)],
            Err(Cause::OpenPgpVersion6),
        ),
        (
            "a short fingerprint",
            vec![subpacket(33, &[4; 20])],
            vec![id(1)],
            Err(Cause::BadSignature),
        ),
        (
            "a short id",
            vec![subpacket(16, &[1; 7])],
            vec![],
            Err(Cause::BadSignature),
        ),
    ];
    for (name, hashed, unhashed, expected) in cases {
        let hashed = [usual_subpackets().0, hashed.clone()].concat();
        let data = packet(2, &v4(0, 1, 8, &hashed, unhashed, &rsa_value()));
        let issuer = Signature::parse(&data).map(|signature| signature.issuer().0);
        assert_eq!(issuer, expected.map(|byte| [byte; 8]), "{name}");
    }
}

#[test]
fn what_is_not_understood_is_refused_if_it_is_critical() {
    let cases = [
        ("a notation", vec![20, 0, 0, 0, 0], None),
        (
            "a critical notation",
            vec![0x94, 0, 0, 0, 0],
            Some(Cause::CriticalSubpacket),
        ),
        ("a critical time", vec![0x82, 0x59, 0x68, 0x2f, 0], None),
        (
            "a critical unknown one",
            vec![0xff],
            Some(Cause::CriticalSubpacket),
        ),
        ("an unknown one", vec![0x7f], None),
        ("a policy", vec![26, b'x'], None),
    ];
    for (name, data, expected) in cases {
        let hashed = vec![
            subpacket(2, &CREATED.to_be_bytes()),
            subpacket(data[0], &data[1..]),
        ];
        let data = packet(
            2,
            &v4(0, 1, 8, &hashed, &usual_subpackets().1, &rsa_value()),
        );
        assert_eq!(refusal(&data), expected, "{name}");
    }
    // What is not hashed binds nobody.
    let unhashed = [usual_subpackets().1, vec![subpacket(0xff, &[])]].concat();
    let data = packet(
        2,
        &v4(0, 1, 8, &usual_subpackets().0, &unhashed, &rsa_value()),
    );
    assert_eq!(refusal(&data), None);
}

#[test]
fn other_signatures_are_refused_with_their_own_reason() {
    let (hashed, unhashed) = usual_subpackets();
    let rsa = rsa_value();
    let unverifiable = |id| Some(Cause::UnverifiableSignature(PublicKeyAlgo::from_id(id)));
    let version = |version: u8| {
        let mut body = v4(0, 1, 8, &hashed, &unhashed, &rsa);
        body[0] = version;
        packet(2, &body)
    };
    let cases: &[(&str, Vec<u8>, Option<Cause>)] = &[
        ("as it should be", signature(1, 8, &rsa), None),
        ("RSA for signing only", signature(3, 8, &rsa), None),
        ("RSA for encryption", signature(2, 8, &rsa), unverifiable(2)),
        ("DSA", signature(17, 8, &rsa), unverifiable(17)),
        ("EdDSA", signature(22, 8, &rsa), unverifiable(22)),
        ("Ed25519", signature(27, 8, &rsa), unverifiable(27)),
        ("Ed448", signature(28, 8, &rsa), unverifiable(28)),
        ("ML-DSA", signature(30, 8, &rsa), unverifiable(30)),
        (
            "an unknown algorithm",
            signature(99, 8, &rsa),
            unverifiable(99),
        ),
        ("DSA over MD5", signature(17, 1, &rsa), unverifiable(17)),
        (
            "MD5",
            signature(1, 1, &rsa),
            Some(Cause::WeakSignatureHash(WeakHash::Md5)),
        ),
        (
            "SHA-1",
            signature(1, 2, &rsa),
            Some(Cause::WeakSignatureHash(WeakHash::Sha1)),
        ),
        (
            "RIPEMD-160",
            signature(1, 3, &rsa),
            Some(Cause::WeakSignatureHash(WeakHash::Ripemd160)),
        ),
        (
            "SHA-224",
            signature(1, 11, &rsa),
            Some(Cause::UnknownAlgorithm),
        ),
        (
            "SHA3-256",
            signature(1, 12, &rsa),
            Some(Cause::UnknownAlgorithm),
        ),
        ("version 2", version(2), Some(Cause::BadVersion)),
        ("version 5", version(5), Some(Cause::BadVersion)),
        ("version 6", version(6), Some(Cause::OpenPgpVersion6)),
        (
            "a signature of text",
            packet(2, &v4(1, 1, 8, &hashed, &unhashed, &rsa)),
            Some(Cause::SignatureOfOtherKind),
        ),
        (
            "a certification",
            packet(2, &v4(0x10, 1, 8, &hashed, &unhashed, &rsa)),
            Some(Cause::SignatureOfOtherKind),
        ),
        (
            "a version 3 signature of text",
            packet(2, &v3(1, 1, 8, &rsa)),
            Some(Cause::SignatureOfOtherKind),
        ),
        (
            "a version 3 signature that hashes more",
            packet(2, &{
                let mut body = v3(0, 1, 8, &rsa);
                body[1] = 6;
                body
            }),
            Some(Cause::BadSignature),
        ),
        (
            "no time",
            packet(2, &v4(0, 1, 8, &[], &unhashed, &rsa)),
            Some(Cause::BadSignature),
        ),
        (
            "a time that is not hashed",
            packet(
                2,
                &v4(
                    0,
                    1,
                    8,
                    &[],
                    &[hashed.clone(), unhashed.clone()].concat(),
                    &rsa,
                ),
            ),
            Some(Cause::BadSignature),
        ),
        (
            "two times",
            packet(
                2,
                &v4(
                    0,
                    1,
                    8,
                    &[hashed.clone(), vec![subpacket(2, &[0; 4])]].concat(),
                    &unhashed,
                    &rsa,
                ),
            ),
            Some(Cause::BadSignature),
        ),
        (
            "a subpacket without a type",
            packet(
                2,
                &v4(0, 1, 8, &[hashed.concat(), vec![0]], &unhashed, &rsa),
            ),
            Some(Cause::BadSignature),
        ),
        (
            "a subpacket over the end",
            packet(
                2,
                &v4(0, 1, 8, &[hashed.concat(), vec![3, 20]], &unhashed, &rsa),
            ),
            Some(Cause::Truncated),
        ),
        ("no number", signature(1, 8, &[]), Some(Cause::Truncated)),
        (
            "the number zero",
            signature(1, 8, &[0, 0]),
            Some(Cause::BadSignature),
        ),
        (
            "a number with a leading zero",
            signature(1, 8, &[0, 9, 0, 1]),
            Some(Cause::BadSignature),
        ),
        (
            "a number of more bits than it says",
            signature(1, 8, &[0, 7, 0x80]),
            Some(Cause::BadSignature),
        ),
        (
            "two numbers of RSA",
            signature(1, 8, &[rsa.clone(), rsa.clone()].concat()),
            Some(Cause::TrailingBytes),
        ),
        (
            "one number of ECDSA",
            signature(19, 8, &mpi(&[1])),
            Some(Cause::Truncated),
        ),
        (
            "two signatures",
            [signature(1, 8, &rsa), signature(1, 8, &rsa)].concat(),
            Some(Cause::TrailingBytes),
        ),
        (
            "another packet",
            packet(3, &v3(0, 1, 8, &rsa)),
            Some(Cause::UnknownSignature),
        ),
        ("no packet", b"\x30\x00".to_vec(), Some(Cause::BadMagic)),
    ];
    for (name, data, expected) in cases {
        assert_eq!(refusal(data), *expected, "{name}");
        fuzz::openpgp_packets(data);
    }
}

#[test]
fn every_encoding_of_a_length_is_read_but_those_without_end() {
    let read = |data: &[u8]| {
        let mut cursor = Cursor::new(data);
        Packet::read(&mut cursor).map(|packet| (packet.tag, packet.body.len()))
    };
    let with = |head: &[u8], len: usize| [head, &vec![0; len]].concat();
    let cases: &[(&str, Vec<u8>, Result<(u8, usize), Cause>)] = &[
        ("old, 1 byte", with(&[0x88, 3], 3), Ok((2, 3))),
        ("old, 2 bytes", with(&[0x89, 1, 0], 256), Ok((2, 256))),
        ("old, 4 bytes", with(&[0x8a, 0, 0, 0, 3], 3), Ok((2, 3))),
        (
            "old, indeterminate",
            with(&[0x8b], 3),
            Err(Cause::BadLength),
        ),
        ("new, 1 byte", with(&[0xc2, 191], 191), Ok((2, 191))),
        ("new, 2 bytes", with(&[0xc2, 192, 0], 192), Ok((2, 192))),
        (
            "new, the longest of 2",
            with(&[0xc2, 223, 255], 8383),
            Ok((2, 8383)),
        ),
        ("new, partial", with(&[0xc2, 224], 1), Err(Cause::BadLength)),
        (
            "new, partial, the longest",
            with(&[0xc2, 254], 1),
            Err(Cause::BadLength),
        ),
        (
            "new, 5 bytes",
            with(&[0xc2, 255, 0, 0, 0, 3], 3),
            Ok((2, 3)),
        ),
        (
            "the largest",
            with(&[0xc2, 255, 255, 255, 255, 255], 3),
            Err(Cause::Truncated),
        ),
        ("no tag", with(&[0x42, 3], 3), Err(Cause::BadMagic)),
    ];
    for (name, data, expected) in cases {
        assert_eq!(read(data), *expected, "{name}");
        for len in 0..data.len().min(300) {
            assert!(read(&data[..len]).is_err(), "{name}, {len} bytes");
        }
    }
}

#[test]
fn a_signature_shorter_than_the_modulus_is_padded_on_the_left() {
    let bytes = mpi(&[0x7f; 254]);
    let value = Mpi::read(&mut Cursor::new(&bytes), Cause::BadSignature).unwrap();
    let mut padded = [0xaa; 256];
    value.left_pad(&mut padded).unwrap();
    assert_eq!(padded[..2], [0; 2]);
    assert_eq!(padded[2..], [0x7f; 254]);
    assert_eq!(value.left_pad(&mut padded[..253]), Err(Cause::BadSignature));
    assert_eq!(value.bits(), 254 * 8 - 1);
}

#[test]
fn every_shorter_signature_is_refused() {
    let (hashed, unhashed) = usual_subpackets();
    for (name, data) in [
        ("version 3", packet(2, &v3(0, 1, 8, &rsa_value()))),
        ("version 4", signature(1, 8, &rsa_value())),
        (
            "ECDSA",
            new_packet(2, &v4(0, 19, 8, &hashed, &unhashed, &ecdsa_value())),
        ),
    ] {
        assert_eq!(refusal(&data), None, "{name}");
        for len in 0..data.len() {
            assert!(refusal(&data[..len]).is_some(), "{name}, {len} bytes");
        }
        let body = Packet::read_only(&data).unwrap().body;
        for len in 0..body.len() {
            assert!(
                refusal(&packet(2, &body[..len])).is_some(),
                "{name}, body of {len}"
            );
        }
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_flipped_bit_is_survived(bit in any::<prop::sample::Index>(), ecdsa in any::<bool>()) {
        let mut data = if ecdsa {
            signature(19, 8, &ecdsa_value())
        } else {
            signature(1, 8, &rsa_value())
        };
        let bit = bit.index(data.len() * 8);
        data[bit / 8] ^= 1 << (bit % 8);
        fuzz::openpgp_packets(&data);
    }

    #[test]
    fn any_body_is_survived(version in 2u8..7, data in prop::collection::vec(any::<u8>(), 0..100)) {
        let body = [&[version], data.as_slice()].concat();
        for tag in [2, 6, 14] {
            fuzz::openpgp_packets(&new_packet(tag, &body));
        }
        fuzz::openpgp_packets(&data);
    }
}
