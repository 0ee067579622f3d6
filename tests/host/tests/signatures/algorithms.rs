// SPDX-License-Identifier: GPL-2.0

//! The algorithms of certificates and messages: what the kernel cannot verify is refused by name.

use digest_logic::{
    cms::{
        rsa_modulus,
        Message, //
    },
    openpgp::PublicKeyAlgo,
    refusal::Cause,
    x509, //
};

macro_rules! corpus {
    ($name:literal) => {
        include_bytes!(concat!("../../fuzz/corpus/", $name)).as_slice()
    };
}

#[test]
fn a_certificate_names_what_the_kernel_cannot_verify() {
    for (der, algo) in [
        (corpus!("x509/ed25519"), PublicKeyAlgo::Ed25519),
        (corpus!("x509/dsa"), PublicKeyAlgo::Dsa),
        (corpus!("x509/mldsa-head"), PublicKeyAlgo::Unknown),
        // Keys that it could verify with, in certificates that it cannot.
        (corpus!("x509/ed25519-leaf"), PublicKeyAlgo::Ed25519),
        (corpus!("x509/pss"), PublicKeyAlgo::RsaPss),
        // Nothing is wrong with this one but what the kernel knows better.
        (corpus!("x509/ec"), PublicKeyAlgo::Ecdsa),
        (b"", PublicKeyAlgo::Unknown),
        (b"\x30\x00", PublicKeyAlgo::Unknown),
    ] {
        assert_eq!(x509::unverifiable(der), algo);
    }
}

#[test]
fn object_identifiers_are_told_apart() {
    for (oid, algo) in [
        ("2a864886f70d010101", PublicKeyAlgo::Rsa),
        ("2a864886f70d01010a", PublicKeyAlgo::RsaPss),
        ("2a864886f70d01010b", PublicKeyAlgo::Rsa),
        ("2a8648ce380401", PublicKeyAlgo::Dsa),
        ("608648016503040302", PublicKeyAlgo::Dsa),
        ("2a8648ce3d0201", PublicKeyAlgo::Ecdsa),
        ("2a8648ce3d040303", PublicKeyAlgo::Ecdsa),
        ("2b656e", PublicKeyAlgo::X25519),
        ("2b6570", PublicKeyAlgo::Ed25519),
        ("2b6571", PublicKeyAlgo::Ed448),
        ("608648016503040311", PublicKeyAlgo::MlDsa),
        ("608648016503040313", PublicKeyAlgo::MlDsa),
        ("608648016503040314", PublicKeyAlgo::SlhDsa),
        ("2a864886f70d010102", PublicKeyAlgo::Unknown),
        ("", PublicKeyAlgo::Unknown),
    ] {
        let mut bytes = [0; 16];
        let len = digest_logic::digest::decode_hex(oid.as_bytes(), &mut bytes).unwrap();
        assert_eq!(x509::algo_from_oid(&bytes[..len]), algo, "{oid}");
    }
}

#[test]
fn names_of_the_kernel_are_told_apart() {
    for (name, algo) in [
        ("rsa", PublicKeyAlgo::Rsa),
        ("ecdsa-nist-p192", PublicKeyAlgo::Ecdsa),
        ("mldsa65", PublicKeyAlgo::MlDsa),
        ("ecrdsa", PublicKeyAlgo::Unknown),
    ] {
        assert_eq!(x509::algo_from_kernel_name(name), algo, "{name}");
    }
}

#[test]
fn the_reason_names_the_algorithm() {
    for (algo, name) in [
        (PublicKeyAlgo::Ed25519, "Ed25519"),
        (PublicKeyAlgo::MlDsa, "ML-DSA"),
        (PublicKeyAlgo::Dsa, "DSA"),
        (PublicKeyAlgo::RsaPss, "RSA-PSS"),
    ] {
        let cause = Cause::UnverifiableSignature(algo).text();
        assert!(cause.contains(&format!("verify {name} ")), "{cause}");
    }
}

#[test]
fn a_message_tells_what_it_was_signed_with() {
    for message in [
        corpus!("cms/with-certificate"),
        corpus!("cms/without-certificate"),
    ] {
        assert_eq!(Message::parse(message).unwrap().algo(), PublicKeyAlgo::Rsa);
        // The object identifier rsaEncryption, once in the certificate's key and once, last, where
        // it counts.
        let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
        let place = message
            .windows(oid.len())
            .rposition(|part| part == oid)
            .unwrap();
        let mut other = message.to_vec();
        other[place + 8] = 10;
        assert_eq!(
            Message::parse(&other).unwrap().algo(),
            PublicKeyAlgo::RsaPss
        );
    }
}

#[test]
fn a_modulus_is_the_same_however_many_zeros_stand_before_it() {
    let key = |zeros: &[u8]| {
        let integer = [&[0x02, zeros.len() as u8 + 2][..], zeros, &[0x7f, 5]].concat();
        [&[0x30, integer.len() as u8 + 3][..], &integer, &[2, 1, 3]].concat()
    };
    for zeros in [&[][..], &[0], &[0, 0, 0]] {
        let key = key(zeros);
        let modulus = rsa_modulus(&key).unwrap();
        assert_eq!((modulus.digits(), modulus.bits()), (&[0x7f, 5][..], 15));
    }
    assert_eq!(rsa_modulus(&[0x31, 0]), Err(Cause::BadKey));
}
