// SPDX-License-Identifier: GPL-2.0

//! OpenPGP keys and certificates.

use digest_logic::{
    candidate,
    openpgp::{
        write_certificate,
        Certificate,
        CertifiedKey,
        Curve,
        KeyId,
        Material,
        PublicKey,
        PublicKeyAlgo, //
    },
    refusal::Cause,
    x509, //
};
use host_tests::{
    build::openpgp::{
        ecdsa_key,
        key,
        mpi,
        new_packet,
        packet,
        rsa_key,
        rsa_value,
        subpacket,
        v3,
        v4,
        CREATED, //
    },
    fuzz,
    written, //
};
use sha1::{
    Digest as _,
    Sha1, //
};

fn fingerprint(key: &PublicKey<'_>) -> [u8; 20] {
    Sha1::digest(written(|sink| key.write_fingerprinted(sink)).unwrap()).into()
}

fn id_of(body: &[u8]) -> [u8; 8] {
    KeyId::from_fingerprint(&fingerprint(&PublicKey::parse(body).unwrap())).0
}

/// A signature inside a certificate by `issuer`, made `later` seconds after the key.
fn said(kind: u8, issuer: &[u8; 8], later: u32, subpackets: &[Vec<u8>]) -> Vec<u8> {
    let time = subpacket(2, &(CREATED + later).to_be_bytes());
    let hashed = [vec![time], subpackets.to_vec()].concat();
    // Old certificates are signed over SHA-1.
    packet(
        2,
        &v4(kind, 1, 2, &hashed, &[subpacket(16, issuer)], &rsa_value()),
    )
}

fn valid_for(seconds: u32) -> Vec<u8> {
    subpacket(9, &seconds.to_be_bytes())
}

fn keys(data: &[u8]) -> Vec<CertifiedKey<'_>> {
    fuzz::openpgp_packets(data);
    Certificate::parse(data)
        .unwrap()
        .keys(fingerprint)
        .collect()
}

#[test]
fn an_rsa_key_is_given_in_the_encodings_of_the_kernel() {
    let body = rsa_key(256);
    let key = PublicKey::parse(&body).unwrap();
    assert_eq!(key.created(), CREATED);
    let hashed = written(|sink| key.write_fingerprinted(sink)).unwrap();
    assert_eq!(
        hashed[..3],
        [0x99, (body.len() >> 8) as u8, body.len() as u8]
    );
    assert_eq!(hashed[3..], body);

    let material = key.material().unwrap();
    assert_eq!(material.size(), 256);
    let pkcs1 = written(|sink| material.write_kernel_key(sink)).unwrap();
    assert_eq!(pkcs1[..9], [0x30, 0x82, 1, 10, 2, 0x82, 1, 1, 0]);
    assert_eq!(pkcs1[265..], [2, 3, 1, 0, 1]);
    let spki = written(|sink| material.write_spki(sink)).unwrap();
    assert_eq!(spki[..4], [0x30, 0x82, 1, 34]);
    assert_eq!(spki[19..24], [3, 0x82, 1, 15, 0]);
    assert_eq!(spki[24..], pkcs1);
}

#[test]
fn an_elliptic_key_is_given_in_the_encodings_of_the_kernel() {
    let p384 = [0x2b, 0x81, 0x04, 0x00, 0x22];
    let point = [&[4], [0x22; 96].as_slice()].concat();
    let other = key(19, &[&[5], p384.as_slice(), &mpi(&point)].concat());
    for (body, curve, size) in [(ecdsa_key(), Curve::P256, 32), (other, Curve::P384, 48)] {
        let material = PublicKey::parse(&body).unwrap().material().unwrap();
        assert!(matches!(material, Material::Ecdsa { curve: other, .. } if other == curve));
        assert_eq!(material.size(), size);
        let point = written(|sink| material.write_kernel_key(sink)).unwrap();
        assert_eq!((point[0], point.len()), (4, 1 + 2 * size));
        let spki = written(|sink| material.write_spki(sink)).unwrap();
        assert!(spki.ends_with(&[[0].as_slice(), &point].concat()));
        assert_eq!(usize::from(spki[1]) + 2, spki.len());
    }
}

#[test]
fn a_key_comes_in_an_x509_certificate_that_says_what_is_known_of_it() {
    let long = [b'n'; 300];
    for body in [rsa_key(256), ecdsa_key()] {
        let id = id_of(&body);
        for (user_id, name) in [
            (
                b"A. Vendor <v@example.org>".as_slice(),
                "A. Vendor <v@example.org>",
            ),
            (b"", "OpenPGP key"),
            (b"tab\tand \xff", "tab?and ?"),
            (&long, std::str::from_utf8(&long[..100]).unwrap()),
        ] {
            for end in [None, Some(1000), Some(u32::MAX)] {
                let said = said(
                    0x13,
                    &id,
                    0,
                    &end.map(valid_for).into_iter().collect::<Vec<_>>(),
                );
                let data = [packet(6, &body), packet(13, user_id), said].concat();
                let [key] = keys(&data)[..] else {
                    panic!("one key");
                };
                let material = candidate::material(&key).unwrap();
                let der = written(|sink| write_certificate(&key, &material, sink)).unwrap();

                assert_eq!(candidate::judge(&der), Ok(x509::Purpose::default()));
                let usage = candidate::Usage::of_certificate(&der);
                let (sign, certify) = (true, false);
                assert_eq!(usage, Ok(candidate::Usage { sign, certify }));
                let last = end.map_or(253_402_300_799, |end| i64::from(CREATED) + i64::from(end));
                assert_eq!(x509::validity(&der), Ok((CREATED.into(), last)));
                let fingerprint = x509::Identifier::Key(&key.fingerprint);
                assert_eq!(x509::identifier(&der), Ok(fingerprint));
                let spki = written(|sink| material.write_spki(sink)).unwrap();
                let value = [&[0x0c, name.len() as u8], name.as_bytes()].concat();
                for part in [spki, value] {
                    assert!(der.windows(part.len()).any(|there| there == part));
                }
            }
        }
    }
}

#[test]
fn keys_that_nothing_may_be_verified_with_are_refused() {
    let (n, e) = (mpi(&[0xbb; 256]), mpi(&[1, 0, 1]));
    let rsa = |parts: &[&[u8]]| key(1, &parts.concat());
    let curve =
        |oid: &[u8], point: &[u8]| key(19, &[&[oid.len() as u8], oid, &mpi(point)].concat());
    let p256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let unverifiable = |id| Cause::UnverifiableSignature(PublicKeyAlgo::from_id(id));
    let cases: &[(&str, Vec<u8>, Cause)] = &[
        (
            "RSA of 2047 bits",
            rsa(&[&mpi(&[&[0x7f], [0xbb; 255].as_slice()].concat()), &e]),
            Cause::WeakKey,
        ),
        ("RSA of 1024 bits", rsa_key(128), Cause::WeakKey),
        (
            "an even modulus",
            rsa(&[&mpi(&[0xba; 256]), &e]),
            Cause::BadKey,
        ),
        (
            "an even exponent",
            rsa(&[&n, &mpi(&[1, 0, 0])]),
            Cause::BadKey,
        ),
        ("the exponent 1", rsa(&[&n, &mpi(&[1])]), Cause::BadKey),
        ("no exponent", rsa(&[&n]), Cause::Truncated),
        ("a third number", rsa(&[&n, &e, &e]), Cause::TrailingBytes),
        (
            "RSA for encryption",
            key(2, &[n.clone(), e.clone()].concat()),
            unverifiable(2),
        ),
        ("DSA", key(17, &n), unverifiable(17)),
        ("EdDSA", key(22, &n), unverifiable(22)),
        ("Ed25519", key(27, &[1; 32]), unverifiable(27)),
        (
            "secp256k1",
            curve(&[0x2b, 0x81, 0x04, 0x00, 0x0a], &[4; 65]),
            unverifiable(19),
        ),
        ("a compressed point", curve(&p256, &[2; 33]), Cause::BadKey),
        ("a point too short", curve(&p256, &[4; 64]), Cause::BadKey),
        ("a point too long", curve(&p256, &[4; 66]), Cause::BadKey),
    ];
    for (name, body, expected) in cases {
        let material = PublicKey::parse(body).unwrap().material();
        assert_eq!(material.err(), Some(*expected), "{name}");
    }
    for (version, expected) in [
        (3, Cause::BadVersion),
        (5, Cause::BadVersion),
        (6, Cause::OpenPgpVersion6),
    ] {
        let mut body = rsa_key(256);
        body[0] = version;
        assert_eq!(PublicKey::parse(&body).err(), Some(expected));
    }
    let long = key(1, &vec![0; 65536]);
    assert_eq!(PublicKey::parse(&long).err(), Some(Cause::BadLength));
}

#[test]
fn a_certificate_says_what_its_keys_are_for() {
    let (primary, subkey) = (rsa_key(256), ecdsa_key());
    let id = id_of(&primary);
    let flags = |flags| subpacket(27, &[flags]);
    let year = 365 * 86400;
    let data = [
        packet(6, &primary),
        new_packet(13, b"Vendor <security@example.org>"),
        said(0x13, &id, 0, &[flags(3), valid_for(year)]),
        // By somebody else, and saying more.
        said(0x10, &[9; 8], 5, &[flags(1), valid_for(1)]),
        new_packet(13, b"Other"),
        packet(14, &subkey),
        said(0x18, &id, 0, &[flags(2), valid_for(2 * year)]),
        packet(14, &rsa_key(128)),
        said(0x18, &id, 0, &[flags(12)]),
    ]
    .concat();
    let keys = keys(&data);
    assert_eq!(keys.len(), 3);
    assert_eq!(keys[0].id().0, id);
    assert_eq!(
        keys.iter().map(|key| key.primary).collect::<Vec<_>>(),
        [true, false, false]
    );
    assert_eq!(
        keys.iter().map(|key| key.signs).collect::<Vec<_>>(),
        [true, true, false]
    );
    let end = u64::from(CREATED) + u64::from(year);
    // A subkey ends with its primary key at the latest.
    assert!(keys.iter().all(|key| key.expires == Some(end)));
    assert!(keys.iter().all(|key| key.user_id.starts_with(b"Vendor")));
    assert!(keys.iter().all(|key| !key.revoked));
}

#[test]
fn the_latest_word_of_the_owner_counts() {
    let primary = rsa_key(256);
    let id = id_of(&primary);
    let certificate =
        |said: &[Vec<u8>]| [packet(6, &primary), new_packet(13, b"x"), said.concat()].concat();
    let end = |seconds: u32| Some(u64::from(CREATED) + u64::from(seconds));
    let flags = |flags| subpacket(27, &[flags]);
    let cases: &[(&str, Vec<Vec<u8>>, Option<u64>, bool, bool)] = &[
        ("nothing said", vec![], None, true, false),
        (
            "without flags",
            vec![said(0x13, &id, 0, &[])],
            None,
            true,
            false,
        ),
        (
            "only certifies",
            vec![said(0x13, &id, 0, &[flags(1)])],
            None,
            false,
            false,
        ),
        (
            "prolonged",
            vec![
                said(0x13, &id, 0, &[valid_for(5)]),
                said(0x13, &id, 9, &[valid_for(7)]),
            ],
            end(7),
            true,
            false,
        ),
        (
            "prolonged, in the other order",
            vec![
                said(0x13, &id, 9, &[valid_for(7)]),
                said(0x13, &id, 0, &[valid_for(5)]),
            ],
            end(7),
            true,
            false,
        ),
        (
            "for ever",
            vec![said(0x13, &id, 0, &[valid_for(0)])],
            None,
            true,
            false,
        ),
        (
            "directly",
            vec![said(0x1f, &id, 0, &[valid_for(5), flags(2)])],
            end(5),
            true,
            false,
        ),
        (
            "revoked",
            vec![said(0x13, &id, 0, &[]), said(0x20, &id, 1, &[])],
            None,
            true,
            true,
        ),
        (
            "revoked by somebody else",
            vec![said(0x20, &[1; 8], 1, &[])],
            None,
            true,
            false,
        ),
        (
            "a binding says nothing of a primary key",
            vec![said(0x18, &id, 0, &[flags(0)])],
            None,
            true,
            false,
        ),
        (
            "version 3 by the owner",
            vec![packet(2, &v3(0x10, 1, 2, &rsa_value()))],
            None,
            true,
            false,
        ),
    ];
    for (name, said, expires, signs, revoked) in cases {
        let data = certificate(said);
        let key = keys(&data)[0];
        assert_eq!(
            (key.expires, key.signs, key.revoked),
            (*expires, *signs, *revoked),
            "{name}"
        );
    }
}

#[test]
fn a_revoked_primary_key_revokes_its_subkeys_and_an_unbound_subkey_signs_nothing() {
    let (primary, subkey) = (rsa_key(256), ecdsa_key());
    let id = id_of(&primary);
    let bound = said(0x18, &id, 0, &[subpacket(27, &[2])]);
    let cases: &[(&str, Vec<u8>, Vec<u8>, bool, bool)] = &[
        ("bound", vec![], bound.clone(), true, false),
        ("unbound", vec![], vec![], false, false),
        (
            "bound by somebody else",
            vec![],
            said(0x18, &[1; 8], 0, &[subpacket(27, &[2])]),
            false,
            false,
        ),
        (
            "the subkey revoked",
            vec![],
            [bound.clone(), said(0x28, &id, 1, &[])].concat(),
            true,
            true,
        ),
        (
            "the primary key revoked",
            said(0x20, &id, 1, &[]),
            bound,
            true,
            true,
        ),
    ];
    for (name, of_primary, of_subkey, signs, revoked) in cases {
        let data = [
            packet(6, &primary),
            of_primary.clone(),
            packet(14, &subkey),
            of_subkey.clone(),
        ]
        .concat();
        let keys = keys(&data);
        assert_eq!(
            (keys[1].signs, keys[1].revoked),
            (*signs, *revoked),
            "{name}"
        );
        assert_eq!(keys[0].revoked, !of_primary.is_empty(), "{name}");
    }
}

#[test]
fn several_certificates_may_follow_each_other() {
    let first = [
        packet(6, &rsa_key(256)),
        new_packet(13, b"a"),
        packet(14, &ecdsa_key()),
    ]
    .concat();
    let second = [packet(6, &rsa_key(512)), new_packet(13, b"b")].concat();
    let data = [first, second].concat();
    let keys = keys(&data);
    let names: Vec<_> = keys.iter().map(|key| (key.primary, key.user_id)).collect();
    assert_eq!(
        names,
        [(true, b"a".as_slice()), (false, b"a"), (true, b"b")]
    );
}

#[test]
fn other_data_are_no_certificate() {
    let good = packet(6, &rsa_key(256));
    let mut version = rsa_key(256);
    version[0] = 6;
    let cases: &[(&str, Vec<u8>, Cause)] = &[
        ("nothing", vec![], Cause::Empty),
        (
            "a signature first",
            said(0x13, &[0; 8], 0, &[]),
            Cause::BadKey,
        ),
        ("a subkey first", packet(14, &rsa_key(256)), Cause::BadKey),
        (
            "armor",
            b"-----BEGIN PGP PUBLIC KEY BLOCK-----".to_vec(),
            Cause::BadMagic,
        ),
        ("version 6", packet(6, &version), Cause::OpenPgpVersion6),
        (
            "a trailing byte",
            [good.clone(), vec![0]].concat(),
            Cause::BadMagic,
        ),
        (
            "a packet cut short",
            [good.clone(), vec![0x89]].concat(),
            Cause::Truncated,
        ),
    ];
    for (name, data, expected) in cases {
        assert_eq!(Certificate::parse(data).err(), Some(*expected), "{name}");
    }
    for len in 0..good.len() {
        assert!(Certificate::parse(&good[..len]).is_err(), "{len}");
    }
}
