// SPDX-License-Identifier: GPL-2.0

//! Hash algorithms, digests as text, SipHash, the checked reader and writer.

use core::hash::Hasher;

use digest_logic::{
    cursor::{
        Cursor,
        LengthSink,
        Sink,
        SliceSink, //
    },
    digest::{
        Digest,
        Hex, //
    },
    hash_algo::HashAlgo,
    refusal::Cause,
    siphash::Key, //
};
use host_tests::cases;
use proptest::prelude::*;
use sha1::Sha1;
use sha2::{
    Digest as _,
    Sha256,
    Sha384,
    Sha512, //
};

fn hash(algo: HashAlgo, data: &[u8]) -> Vec<u8> {
    match algo {
        HashAlgo::Sha1 => Sha1::digest(data).to_vec(),
        HashAlgo::Sha256 => Sha256::digest(data).to_vec(),
        HashAlgo::Sha384 => Sha384::digest(data).to_vec(),
        HashAlgo::Sha512 => Sha512::digest(data).to_vec(),
    }
}

#[test]
fn the_digest_of_empty_content_is_what_the_algorithm_computes() {
    for algo in HashAlgo::ALL {
        assert_eq!(algo.empty_digest(), hash(algo, b""), "{algo}");
    }
}

#[test]
fn an_algorithm_is_found_again_by_id_and_name() {
    for algo in HashAlgo::ALL {
        assert_eq!(HashAlgo::from_id(algo.id()), Ok(algo));
        assert_eq!(HashAlgo::from_name(algo.name()), Ok(algo));
    }
}

#[test]
fn ids_of_other_algorithms_are_refused() {
    for id in 0..=u16::MAX {
        let expected = match id {
            0 | 1 => Err(Cause::WeakAlgorithm),
            2 => Ok(HashAlgo::Sha1),
            4 => Ok(HashAlgo::Sha256),
            5 => Ok(HashAlgo::Sha384),
            6 => Ok(HashAlgo::Sha512),
            _ => Err(Cause::UnknownAlgorithm),
        };
        assert_eq!(HashAlgo::from_id(id), expected, "{id}");
    }
}

#[test]
fn tpm_banks_have_the_numbers_of_the_registry() {
    let ids = HashAlgo::ALL.map(HashAlgo::tpm_alg_id);
    assert_eq!(ids, [0x0004, 0x000b, 0x000c, 0x000d]);
}

#[test]
fn only_sha1_is_weak() {
    assert_eq!(HashAlgo::Sha1.strong(), Err(Cause::WeakAlgorithm));
    for algo in [HashAlgo::Sha256, HashAlgo::Sha384, HashAlgo::Sha512] {
        assert_eq!(algo.strong(), Ok(algo));
    }
}

#[test]
fn a_digest_is_shown_with_its_algorithm_in_lower_case() {
    let digest = Digest::new(HashAlgo::Sha256, &Sha256::digest(b"abc")).unwrap();
    assert_eq!(
        digest.to_string(),
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(format!("{digest:?}"), digest.to_string());
    assert_eq!(Hex(&[0x00, 0x0f, 0xa9]).to_string(), "000fa9");
}

#[test]
fn malformed_digests_are_refused() {
    let ok = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let cases: &[(&str, String, Cause)] = &[
        ("nothing", String::new(), Cause::BadHex),
        ("no colon", ok.replace(':', ""), Cause::BadHex),
        (
            "unknown algorithm",
            ok.replace("256", "3"),
            Cause::UnknownAlgorithm,
        ),
        (
            "upper-case algorithm",
            ok.replace("sha", "SHA"),
            Cause::UnknownAlgorithm,
        ),
        (
            "no algorithm",
            ok.replace("sha256", ""),
            Cause::UnknownAlgorithm,
        ),
        ("no digits", "sha256:".into(), Cause::BadDigestSize),
        ("one digit less", ok[..ok.len() - 1].into(), Cause::BadHex),
        (
            "one byte less",
            ok[..ok.len() - 2].into(),
            Cause::BadDigestSize,
        ),
        ("one byte more", format!("{ok}00"), Cause::BadDigestSize),
        (
            "more than any digest",
            format!("{ok}{}", "00".repeat(40)),
            Cause::BadDigestSize,
        ),
        (
            "size of another algorithm",
            ok.replace("256", "512"),
            Cause::BadDigestSize,
        ),
        ("a letter after f", ok.replace("f6", "g6"), Cause::BadHex),
        ("a space at the end", format!("{ok} "), Cause::BadHex),
        ("a newline at the end", format!("{ok}\n"), Cause::BadHex),
        ("two colons", ok.replace(':', "::"), Cause::BadHex),
        ("not ascii", ok.replace("ba", "é"), Cause::BadHex),
    ];
    assert!(Digest::parse(ok).is_ok());
    for (name, text, expected) in cases {
        assert_eq!(Digest::parse(text), Err(*expected), "{name}");
    }
}

#[test]
fn upper_case_digits_are_read() {
    let text = "sha1:DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";
    let digest = Digest::parse(text).unwrap();
    assert_eq!(digest.as_bytes(), HashAlgo::Sha1.empty_digest());
}

#[test]
fn zero_and_ones_have_the_size_of_the_algorithm() {
    for algo in HashAlgo::ALL {
        assert_eq!(Digest::zero(algo).as_bytes(), vec![0; algo.digest_size()]);
        assert_eq!(
            Digest::ones(algo).as_bytes(),
            vec![0xff; algo.digest_size()]
        );
        assert!(Digest::zero(algo).is_zero());
        assert!(!Digest::ones(algo).is_zero());
        let again = Digest::new(algo, &vec![0xff; algo.digest_size()]);
        assert_eq!(again, Ok(Digest::ones(algo)));
    }
}

#[test]
fn a_buffer_takes_what_fits_and_refuses_the_rest() {
    let mut buffer = [0; 4];
    let mut sink = SliceSink::new(&mut buffer);
    assert!(sink.is_empty());
    assert_eq!(sink.put(&[1, 2, 3]), Ok(()));
    assert_eq!(sink.put(&[4, 5]), Err(Cause::BufferTooSmall));
    assert_eq!(sink.written(), [1, 2, 3]);
    assert_eq!(sink.put(&[]), Ok(()));
    assert_eq!(sink.put(&[6]), Ok(()));
    assert_eq!(sink.put(&[7]), Err(Cause::BufferTooSmall));
    assert_eq!((sink.written(), sink.len()), ([1, 2, 3, 6].as_slice(), 4));
}

#[test]
fn every_integer_is_read_in_its_byte_order() {
    let data: Vec<u8> = (1..=13).collect();
    let mut cursor = Cursor::new(&data);
    assert_eq!(cursor.u8(), Ok(0x01));
    assert_eq!(cursor.u16_le(), Ok(0x0302));
    assert_eq!(cursor.u16_be(), Ok(0x0405));
    assert_eq!(cursor.u32_le(), Ok(0x0908_0706));
    assert_eq!(cursor.u32_be(), Ok(0x0a0b_0c0d));
    assert_eq!((cursor.offset(), cursor.is_empty()), (13, true));
    assert_eq!(cursor.u8(), Err(Cause::Truncated));
    assert_eq!(cursor.finish(), Ok(()));
}

#[test]
fn a_failed_read_takes_nothing() {
    let mut cursor = Cursor::new(&[5, 0, 0, 0, 1, 2]);
    assert_eq!(cursor.take(7), Err(Cause::Truncated));
    assert_eq!(cursor.array::<7>(), Err(Cause::Truncated));
    assert_eq!(cursor.take(usize::MAX), Err(Cause::Truncated));
    assert_eq!(cursor.offset(), 0);
    assert_eq!(cursor.clone().prefixed_le(), Err(Cause::Truncated));
    assert_eq!(cursor.finish(), Err(Cause::TrailingBytes));
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn the_text_of_a_digest_is_read_back(bytes in prop::array::uniform32(any::<u8>())) {
        let digest = Digest::new(HashAlgo::Sha256, &bytes).unwrap();
        prop_assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
        let text = digest.to_string();
        let mut len = LengthSink::new();
        Hex(&bytes).write(&mut len).unwrap();
        prop_assert_eq!(len.len() + "sha256:".len(), text.len());
    }

    #[test]
    fn siphash_agrees_with_another_implementation(
        key in any::<[u64; 2]>(),
        data in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut other = siphasher::sip::SipHasher13::new_with_keys(key[0], key[1]);
        other.write(&data);
        prop_assert_eq!(Key(key).hash(&data), other.finish());
    }
}

#[test]
fn the_key_is_not_shown() {
    assert_eq!(format!("{:?}", Key([0x1234, 0x5678])), "Key");
}
