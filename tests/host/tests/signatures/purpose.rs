// SPDX-License-Identifier: GPL-2.0

//! What certificates are for, by their extensions, and when they and signatures were made.

use digest_logic::{
    candidate::{
        self,
        Usage,
        Way, //
    },
    cms::Message,
    openpgp::PublicKeyAlgo,
    refusal::Cause,
    time,
    x509::{
        self,
        Purpose, //
    }, //
};
use host_tests::written;

macro_rules! corpus {
    ($name:literal) => {
        include_bytes!(concat!("../../fuzz/corpus/", $name)).as_slice()
    };
}

#[test]
fn a_certificate_for_something_else_signs_nothing() {
    for (der, refused) in [
        (corpus!("x509/server"), Cause::OtherPurpose),
        (corpus!("x509/server-loose"), Cause::OtherPurpose),
        (corpus!("x509/odd"), Cause::CriticalExtension),
        (corpus!("x509/constrained"), Cause::CriticalExtension),
        (corpus!("x509/policies"), Cause::CriticalExtension),
        (b"", Cause::BadKey),
        (b"\x30\x00", Cause::BadKey),
    ] {
        assert_eq!(Purpose::of_certificate(der), Err(refused));
    }
}

#[test]
fn a_certificate_may_be_for_code_for_lists_for_anything_or_say_nothing() {
    for (der, lists, path_len) in [
        (corpus!("x509/plain"), false, None),
        (corpus!("x509/ec"), false, None),
        (corpus!("x509/coder"), false, None),
        (corpus!("x509/any"), false, None),
        (corpus!("x509/odd-loose"), false, None),
        (corpus!("x509/dedicated"), true, None),
        (corpus!("x509/short"), false, Some(3)),
        (corpus!("x509/far"), false, None),
    ] {
        let purpose = Purpose { lists, path_len };
        assert_eq!(Purpose::of_certificate(der), Ok(purpose));
    }
}

#[test]
fn a_key_signs_by_its_usage_its_algorithm_and_its_length() {
    for der in [corpus!("x509/plain"), corpus!("x509/ec")] {
        assert_eq!(Usage::of_certificate(der).map(|usage| usage.sign), Ok(true));
        assert_eq!(x509::check_key(der), Ok(()));
    }
    // Of the key usage the first bit is taken away.
    let mut der = corpus!("x509/plain").to_vec();
    let usage = [0x06, 0x03, 0x55, 0x1d, 0x0f];
    let place = der.windows(5).position(|part| part == usage).unwrap();
    let bits = der[place..].windows(2).position(|part| part == [3, 2]);
    der[place + bits.unwrap() + 3] &= 0x7f;
    assert_eq!(
        Usage::of_certificate(&der).map(|usage| usage.sign),
        Ok(false)
    );
    // P-256 becomes another curve.
    let mut der = corpus!("x509/ec").to_vec();
    let curve = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let place = der.windows(8).position(|part| part == curve).unwrap();
    der[place + 7] = 9;
    let refused = Cause::UnverifiableSignature(PublicKeyAlgo::Ecdsa);
    assert_eq!(x509::check_key(&der), Err(refused));
    assert_eq!(x509::check_key(b"\x30\x00"), Err(Cause::BadKey));
    assert_eq!(Usage::of_certificate(b""), Err(Cause::BadKey));
}

#[test]
fn a_key_is_a_candidate_by_its_kind_its_certificates_signature_and_its_extensions() {
    for (der, judged) in [
        (corpus!("x509/plain"), Ok(false)),
        (corpus!("x509/ec"), Ok(false)),
        (corpus!("x509/dedicated"), Ok(true)),
        (corpus!("x509/server"), Err(Cause::OtherPurpose)),
        (corpus!("x509/odd"), Err(Cause::CriticalExtension)),
        (
            corpus!("x509/dsa"),
            Err(Cause::UnverifiableSignature(PublicKeyAlgo::Dsa)),
        ),
        (
            corpus!("x509/ed25519"),
            Err(Cause::UnverifiableSignature(PublicKeyAlgo::Ed25519)),
        ),
        (
            corpus!("x509/ed25519-leaf"),
            Err(Cause::UnverifiableSignature(PublicKeyAlgo::Ed25519)),
        ),
        (
            corpus!("x509/pss"),
            Err(Cause::UnverifiableSignature(PublicKeyAlgo::RsaPss)),
        ),
        (b"", Err(Cause::BadKey)),
    ] {
        assert_eq!(candidate::judge(der).map(|purpose| purpose.lists), judged);
    }
}

#[test]
fn what_a_certificate_lets_its_key_do_is_asked_by_how_it_comes() {
    let usage = |der| Usage::of_certificate(der).unwrap();
    let signer = usage(corpus!("x509/plain"));
    assert_eq!((signer.sign, signer.certify), (true, false));
    let authority = usage(corpus!("x509/short"));
    assert_eq!((authority.sign, authority.certify), (false, true));
    for way in [Way::Certificate, Way::KeyFile] {
        assert_eq!(signer.check(way), Ok(()));
    }
    assert_eq!(authority.check(Way::Certificate), Ok(()));
    assert_eq!(authority.check(Way::KeyFile), Err(Cause::KeyUsage));
    let nothing = Usage {
        sign: false,
        certify: false,
    };
    assert_eq!(nothing.check(Way::Certificate), Err(Cause::KeyUsage));
}

#[test]
fn an_extension_that_stands_twice_is_refused() {
    // The object identifier of the key usage becomes that of another extension of the certificate.
    let der = corpus!("x509/dedicated");
    let usage = [0x06, 0x03, 0x55, 0x1d, 0x0f];
    let place = der.windows(5).position(|part| part == usage).unwrap();
    for other in [14, 37] {
        let mut twice = der.to_vec();
        twice[place + 4] = other;
        assert_eq!(Purpose::of_certificate(&twice), Err(Cause::BadKey));
    }
}

#[test]
fn a_message_says_when_it_was_signed_if_it_does() {
    let signed = Message::parse(corpus!("cms/with-signing-time")).unwrap();
    let (from, to) = x509::validity(corpus!("x509/plain")).unwrap();
    assert!((from..=to).contains(&signed.signed_at().unwrap()));
    assert_eq!(to - from, 36_500 * 86_400);
    let plain = Message::parse(corpus!("cms/without-attributes")).unwrap();
    assert_eq!(plain.signed_at(), None);
}

#[test]
fn a_signing_time_that_is_none_or_stands_twice_is_refused() {
    let message = corpus!("cms/with-signing-time");
    let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09];
    let place = |last: u8| {
        let whole = [&oid[..], &[last]].concat();
        message
            .windows(9)
            .position(|part| part == whole.as_slice())
            .unwrap()
    };
    // The digest's attribute becomes a second signing time, which is none.
    let mut twice = message.to_vec();
    twice[place(4) + 8] = 5;
    assert_eq!(Message::parse(&twice).err(), Some(Cause::BadSignature));
    // SET, UTCTime, length, and the first digit.
    let mut odd = message.to_vec();
    odd[place(5) + 13] = b'x';
    assert_eq!(Message::parse(&odd).err(), Some(Cause::BadSignature));
}

#[test]
fn times_are_seconds_since_1970() {
    let utc = |text: &str| time::parse(0x17, text.as_bytes());
    let general = |text: &str| time::parse(0x18, text.as_bytes());
    for (seconds, parsed) in [
        (0, utc("700101000000Z")),
        (951_782_400, utc("000229000000Z")),
        (1_262_304_000, utc("100101000000Z")),
        (2_524_607_999, utc("491231235959Z")),
        (2_524_608_000, general("20500101000000Z")),
        (4_107_542_400, general("21000301000000Z")),
        (253_402_300_799, general("99991231235959Z")),
    ] {
        assert_eq!(parsed, Ok(seconds));
    }
    for second in (0..=253_402_300_799)
        .step_by(86_399 * 997)
        .chain([u64::MAX])
    {
        let element = written(|sink| time::put(second, sink)).unwrap();
        let expected = i64::try_from(second).unwrap_or(253_402_300_799);
        assert_eq!(time::parse(element[0], &element[2..]), Ok(expected));
    }
    for wrong in [
        "690101000000Z",
        "210229000000Z",
        "210431000000Z",
        "211301000000Z",
        "210001000000Z",
        "210100000000Z",
        "210101240000Z",
        "210101006000Z",
        "210101000061Z",
        "210101000000",
        "210101000000+",
        "2101010000Z",
        "2101010000x0Z",
        "210101000000.0Z",
        "",
    ] {
        assert_eq!(utc(wrong), Err(Cause::BadSignature), "{wrong}");
    }
    assert_eq!(general("20490101000000Z"), Err(Cause::BadSignature));
    assert_eq!(general("21000229000000Z"), Err(Cause::BadSignature));
    assert_eq!(
        time::parse(0x0c, b"210101000000Z"),
        Err(Cause::BadSignature)
    );
}
