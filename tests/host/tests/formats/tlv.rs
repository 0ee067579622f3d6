// SPDX-License-Identifier: GPL-2.0

//! TLV lists.

use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::{
        Kind,
        ListType,
        ParsedList, //
    },
    refusal::Cause,
    tlv::{
        write,
        Entry, //
    }, //
};
use host_tests::{
    cases,
    fuzz,
    written, //
};
use proptest::prelude::*;

use crate::{
    every_shorter_input_is_refused,
    refusal, //
};

const TYPE: ListType = ListType::Tlv;

fn field(id: u16, data: &[u8]) -> Vec<u8> {
    [
        id.to_be_bytes().as_slice(),
        &(data.len() as u32).to_be_bytes(),
        data,
    ]
    .concat()
}

fn head(count: u32) -> Vec<u8> {
    [field(0, &[0, 4]), field(1, &count.to_be_bytes())].concat()
}

fn entry(digest: &[u8]) -> Vec<u8> {
    field(2, &field(0, digest))
}

#[test]
fn a_list_is_read_as_the_integrity_digest_cache_writes_it() {
    let with_path = [field(0, &[2; 32]), field(1, b"/bin/sh\0")].concat();
    let data = [head(2), entry(&[1; 32]), field(2, &with_path)].concat();
    assert_eq!(
        data[..18],
        *b"\0\0\0\0\0\x02\0\x04\0\x01\0\0\0\x04\0\0\0\x02"
    );
    let list = ParsedList::parse(TYPE, &data).unwrap();
    let digests = [[1; 32], [2; 32]].map(|digest| {
        let digest = Digest::new(HashAlgo::Sha256, &digest).unwrap();
        (Kind::Immutable, digest)
    });
    assert_eq!(list.entries().collect::<Vec<_>>(), digests);
    fuzz::tlv_list(&data);
    every_shorter_input_is_refused(TYPE, &data, &[]);
}

#[test]
fn malformed_lists_are_refused_with_their_own_reason() {
    let good = entry(&[1; 32]);
    let list = |parts: &[&[u8]]| [head(1), parts.concat()].concat();
    let cases: &[(&str, Vec<u8>, Cause)] = &[
        ("nothing", vec![], Cause::Empty),
        (
            "no algorithm",
            [field(1, &[0, 0, 0, 1]), good.clone()].concat(),
            Cause::UnexpectedField,
        ),
        (
            "no number",
            [field(0, &[0, 4]), good.clone()].concat(),
            Cause::UnexpectedField,
        ),
        (
            "the algorithm twice",
            [field(0, &[0, 4]), head(1), good.clone()].concat(),
            Cause::UnexpectedField,
        ),
        (
            "an algorithm of 8 bytes",
            field(0, &[0, 0, 0, 0, 0, 0, 0, 4]),
            Cause::BadLength,
        ),
        ("MD5", field(0, &[0, 1]), Cause::WeakAlgorithm),
        ("SHA-1", field(0, &[0, 2]), Cause::WeakAlgorithm),
        ("SM3", field(0, &[0, 17]), Cause::UnknownAlgorithm),
        ("no entries", head(0), Cause::Empty),
        (
            "a number of 2 bytes",
            [field(0, &[0, 4]), field(1, &[0, 1])].concat(),
            Cause::BadLength,
        ),
        ("fewer than said", list(&[]), Cause::Truncated),
        (
            "the largest number",
            [head(u32::MAX), good.clone()].concat(),
            Cause::Truncated,
        ),
        (
            "more than said",
            list(&[&good, &good]),
            Cause::TrailingBytes,
        ),
        (
            "an unknown field",
            list(&[&field(3, &[])]),
            Cause::UnexpectedField,
        ),
        (
            "an unknown field in an entry",
            list(&[&field(2, &[field(0, &[1; 32]), field(2, b"")].concat())]),
            Cause::UnexpectedField,
        ),
        (
            "a path before the digest",
            list(&[&field(2, &[field(1, b"a\0"), field(0, &[1; 32])].concat())]),
            Cause::UnexpectedField,
        ),
        (
            "two digests",
            list(&[&field(
                2,
                &[field(0, &[1; 32]), field(0, &[1; 32])].concat(),
            )]),
            Cause::UnexpectedField,
        ),
        (
            "two paths",
            list(&[&field(
                2,
                &[field(0, &[1; 32]), field(1, b"a\0"), field(1, b"a\0")].concat(),
            )]),
            Cause::UnexpectedField,
        ),
        ("an empty entry", list(&[&field(2, &[])]), Cause::BadLength),
        (
            "a digest over the end of its entry",
            list(&[&field(2, &[0, 0, 0, 0, 0, 33, 1])]),
            Cause::BadLength,
        ),
        (
            "an entry over the end",
            list(&[&[0, 2, 0xff, 0xff, 0xff, 0xff]]),
            Cause::Truncated,
        ),
        (
            "a digest too short",
            list(&[&entry(&[1; 31])]),
            Cause::BadDigestSize,
        ),
        (
            "a digest of SHA-512",
            list(&[&entry(&[1; 64])]),
            Cause::BadDigestSize,
        ),
        (
            "a path without NUL",
            list(&[&field(2, &[field(0, &[1; 32]), field(1, b"a")].concat())]),
            Cause::MissingNul,
        ),
        (
            "an empty path",
            list(&[&field(2, &[field(0, &[1; 32]), field(1, b"\0")].concat())]),
            Cause::BadPath,
        ),
        (
            "a path with a NUL inside",
            list(&[&field(
                2,
                &[field(0, &[1; 32]), field(1, b"a\0b\0")].concat(),
            )]),
            Cause::BadPath,
        ),
    ];
    for (name, data, expected) in cases {
        assert_eq!(refusal(TYPE, data), Some(*expected), "{name}");
    }
}

#[test]
fn the_digest_of_empty_content_is_skipped_and_counted() {
    for algo in HashAlgo::STRONG {
        let other = vec![1; algo.digest_size()];
        let digests = [algo.empty_digest(), &other, algo.empty_digest()];
        let entries = digests.map(|digest| Entry { digest, path: None });
        let data = written(|sink| write(algo, entries.into_iter(), sink)).unwrap();
        let list = ParsedList::parse(TYPE, &data).unwrap();
        assert_eq!((list.counts().total(), list.skipped_empty()), (1, 2));
        fuzz::tlv_list(&data);
    }
}

#[test]
fn a_writer_refuses_what_the_parser_refuses() {
    let write =
        |algo, entries: &[Entry<'_>]| written(|sink| write(algo, entries.iter().copied(), sink));
    let entry = |digest, path| Entry { digest, path };
    let sha256 = HashAlgo::Sha256;
    let cases: &[(_, &[Entry<'_>], _)] = &[
        (sha256, &[], Cause::Empty),
        (
            HashAlgo::Sha1,
            &[entry(&[1; 20], None)],
            Cause::WeakAlgorithm,
        ),
        (sha256, &[entry(&[1; 31], None)], Cause::BadDigestSize),
        (sha256, &[entry(&[1; 32], Some(b""))], Cause::BadPath),
        (sha256, &[entry(&[1; 32], Some(b"a\0b"))], Cause::BadPath),
    ];
    for (algo, entries, expected) in cases {
        assert_eq!(write(*algo, entries), Err(*expected));
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn lists_survive_a_round_trip(
        algo in prop::sample::select(&HashAlgo::STRONG),
        entries in prop::collection::vec((any::<u8>(), prop::option::of("[ -~]{1,20}")), 1..10),
        bit in any::<prop::sample::Index>(),
    ) {
        let digests: Vec<Vec<u8>> =
            entries.iter().map(|(fill, _)| vec![*fill; algo.digest_size()]).collect();
        let mut data = written(|sink| {
            let entries: Vec<_> = digests.iter().zip(&entries).map(|(digest, (_, path))| Entry {
                digest,
                path: path.as_ref().map(String::as_bytes),
            }).collect();
            write(algo, entries.into_iter(), sink)
        }).unwrap();
        let list = ParsedList::parse(TYPE, &data).unwrap();
        let read: Vec<Vec<u8>> =
            list.entries().map(|(_, digest)| digest.as_bytes().to_vec()).collect();
        prop_assert_eq!(read, digests);
        fuzz::tlv_list(&data);
        for len in 0..data.len() {
            prop_assert!(ParsedList::parse(TYPE, &data[..len]).is_err());
        }

        let bit = bit.index(data.len() * 8);
        data[bit / 8] ^= 1 << (bit % 8);
        fuzz::tlv_list(&data);
    }

    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::tlv_list(&[head(1), data].concat());
    }
}
