// SPDX-License-Identifier: GPL-2.0

//! Compact lists: what is accepted, what is refused and why.

use digest_logic::{
    compact::write_block,
    digest::Digest,
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind,
        ListType,
        ParsedList, //
    },
    refusal::{
        Cause,
        Result, //
    },
};
use host_tests::{
    cases,
    fuzz,
    table::grouped,
    written, //
};
use proptest::prelude::*;

fn header(id: u16, count: u32, len: u32) -> Vec<u8> {
    [
        id.to_le_bytes().as_slice(),
        &count.to_le_bytes(),
        &len.to_le_bytes(),
    ]
    .concat()
}

fn block(id: u16, digests: &[Vec<u8>]) -> Vec<u8> {
    let bytes = digests.concat();
    [header(id, digests.len() as u32, bytes.len() as u32), bytes].concat()
}

fn digests(size: usize, fill: std::ops::Range<u8>) -> Vec<Vec<u8>> {
    fill.map(|byte| vec![byte; size]).collect()
}

fn parse(data: &[u8]) -> Result<ParsedList<'_>> {
    ParsedList::parse(ListType::Compact, data)
}

#[test]
fn ten_digests_of_sha256_are_the_header_0_10_320() {
    let data = block(0, &digests(32, 1..11));
    assert_eq!(data[..10], [0, 0, 10, 0, 0, 0, 0x40, 1, 0, 0]);
    let list = parse(&data).unwrap();
    assert_eq!(list.algo(), HashAlgo::Sha256);
    assert_eq!(list.counts().immutable, 10);
    assert_eq!(list.arena_len(), 320);
    assert_eq!(written(|sink| list.write_arena(sink)).unwrap(), data[10..]);
}

#[test]
fn malformed_lists_are_refused_with_their_own_reason() {
    let good = block(0, &digests(32, 1..3));
    let cat = |parts: &[&[u8]]| parts.concat();
    let cases: &[(&str, Vec<u8>, Option<Cause>)] = &[
        ("nothing", vec![], Some(Cause::Empty)),
        ("one digest", block(0, &digests(32, 1..2)), None),
        ("mutable", block(1, &digests(32, 1..2)), None),
        ("revoked", block(2, &digests(32, 1..2)), None),
        (
            "entry id 6",
            block(6, &digests(32, 1..2)),
            Some(Cause::UnknownEntryId),
        ),
        (
            "entry id 256",
            block(256, &digests(32, 1..2)),
            Some(Cause::UnknownEntryId),
        ),
        ("SHA-384", block(0, &digests(48, 1..4)), None),
        ("SHA-512", block(0, &digests(64, 1..4)), None),
        (
            "SHA-1",
            block(0, &digests(20, 1..4)),
            Some(Cause::WeakAlgorithm),
        ),
        (
            "MD5",
            block(0, &digests(16, 1..4)),
            Some(Cause::BadDigestSize),
        ),
        (
            "SHA-224",
            block(0, &digests(28, 1..4)),
            Some(Cause::BadDigestSize),
        ),
        ("no digests", block(0, &[]), Some(Cause::Empty)),
        (
            "a count of zero",
            cat(&[&header(0, 0, 32), &[1; 32]]),
            Some(Cause::Empty),
        ),
        (
            "a count too large",
            cat(&[&header(0, 2, 32), &[1; 32]]),
            Some(Cause::BadDigestSize),
        ),
        (
            "the largest count",
            cat(&[&header(0, u32::MAX, 32), &[1; 32]]),
            Some(Cause::BadDigestSize),
        ),
        (
            "a count that wraps to the length",
            cat(&[&header(0, 0x0800_0001, 32), &[1; 32]]),
            Some(Cause::BadDigestSize),
        ),
        (
            "a length not a multiple",
            cat(&[&header(0, 1, 33), &[1; 33]]),
            Some(Cause::BadDigestSize),
        ),
        (
            "a length over the end",
            cat(&[&header(0, 2, 64), &[1; 63]]),
            Some(Cause::Truncated),
        ),
        (
            "one trailing byte",
            cat(&[&good, &[0]]),
            Some(Cause::Truncated),
        ),
        (
            "a trailing header",
            cat(&[&good, &header(0, 1, 32)]),
            Some(Cause::Truncated),
        ),
        (
            "a trailing empty block",
            cat(&[&good, &header(0, 0, 0)]),
            Some(Cause::Empty),
        ),
        ("two blocks", cat(&[&good, &good]), None),
        (
            "two algorithms",
            cat(&[&good, &block(0, &digests(64, 1..2))]),
            Some(Cause::MixedAlgorithms),
        ),
        (
            "a weak second block",
            cat(&[&good, &block(0, &digests(20, 1..2))]),
            Some(Cause::WeakAlgorithm),
        ),
    ];
    for (name, data, expected) in cases {
        assert_eq!(parse(data).err(), *expected, "{name}");
    }
}

#[test]
fn every_shorter_input_is_refused() {
    let first = block(0, &digests(32, 1..3));
    let both = [first.clone(), block(2, &digests(32, 3..5))].concat();
    for len in 0..both.len() {
        let expected = match len {
            0 => Some(Cause::Empty),
            len if len == first.len() => None,
            _ => Some(Cause::Truncated),
        };
        assert_eq!(parse(&both[..len]).err(), expected, "{len}");
    }
}

#[test]
fn the_digest_of_empty_content_is_skipped_and_counted() {
    for algo in [HashAlgo::Sha256, HashAlgo::Sha384, HashAlgo::Sha512] {
        let empty = algo.empty_digest().to_vec();
        let other = vec![1; algo.digest_size()];
        let data = [
            block(0, &[empty.clone(), other.clone(), empty.clone()]),
            block(1, &[empty.clone()]),
            block(2, &[other.clone(), empty]),
        ]
        .concat();
        let list = parse(&data).unwrap();
        assert_eq!(list.skipped_empty(), 4);
        assert_eq!(
            list.counts(),
            Counts {
                immutable: 1,
                mutable: 0,
                revoked: 1
            }
        );
        let other = Digest::new(algo, &other).unwrap();
        let expected = [(Kind::Immutable, other), (Kind::Revoked, other)];
        assert_eq!(list.entries().collect::<Vec<_>>(), expected);
        fuzz::compact_list(&data);
    }
}

#[test]
fn a_list_of_nothing_but_empty_content_loads_nothing() {
    let empty = HashAlgo::Sha256.empty_digest().to_vec();
    let data = block(0, &[empty]);
    let list = parse(&data).unwrap();
    assert_eq!(
        (list.counts(), list.skipped_empty()),
        (Counts::default(), 1)
    );
    assert_eq!((list.entries().count(), list.arena_len()), (0, 0));
}

#[test]
fn a_writer_refuses_what_the_parser_refuses() {
    let good = digests(32, 1..3);
    let mixed = [vec![1; 32], vec![2; 64]];
    let write = |algo, digests: &[Vec<u8>]| {
        written(|sink| write_block(Kind::Mutable, algo, digests.iter().map(Vec::as_slice), sink))
    };
    assert_eq!(write(HashAlgo::Sha256, &good), Ok(block(1, &good)));
    assert_eq!(write(HashAlgo::Sha256, &[]), Err(Cause::Empty));
    assert_eq!(write(HashAlgo::Sha1, &good), Err(Cause::WeakAlgorithm));
    assert_eq!(write(HashAlgo::Sha512, &good), Err(Cause::BadDigestSize));
    assert_eq!(write(HashAlgo::Sha256, &mixed), Err(Cause::BadDigestSize));
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(&Kind::ALL)
}

type Blocks = Vec<(Kind, Vec<Vec<u8>>)>;

fn any_blocks() -> impl Strategy<Value = (HashAlgo, Blocks)> {
    prop::sample::select(&HashAlgo::ALL[1..]).prop_flat_map(|algo| {
        let digest = prop::collection::vec(any::<u8>(), algo.digest_size());
        let block = (any_kind(), prop::collection::vec(digest, 1..6));
        (Just(algo), prop::collection::vec(block, 1..6))
    })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn lists_survive_a_round_trip((algo, blocks) in any_blocks()) {
        let data = written(|sink| blocks.iter().try_for_each(|(kind, digests)| {
            write_block(*kind, algo, digests.iter().map(Vec::as_slice), sink)
        })).unwrap();
        let list = parse(&data).unwrap();
        prop_assert_eq!(list.algo(), algo);
        let expected: Vec<(Kind, Vec<u8>)> = blocks
            .iter()
            .flat_map(|(kind, digests)| digests.iter().map(|digest| (*kind, digest.clone())))
            .collect();
        let entries: Vec<_> = list.entries().map(|(kind, digest)| (kind, digest.as_bytes().to_vec())).collect();
        prop_assert_eq!(&entries, &expected);
        let (counts, arena) = grouped(&expected);
        prop_assert_eq!(list.counts(), counts);
        prop_assert_eq!(written(|sink| list.write_arena(sink)).unwrap(), arena);
        fuzz::compact_list(&data);

        for len in 1..data.len() {
            if let Ok(shorter) = parse(&data[..len]) {
                // Only whole blocks may be cut off.
                prop_assert!(shorter.entries().count() < expected.len());
                prop_assert!(expected.starts_with(
                    &shorter.entries().map(|(kind, digest)| (kind, digest.as_bytes().to_vec())).collect::<Vec<_>>()
                ));
            }
        }
    }

    #[test]
    fn a_flipped_bit_is_refused_or_read_as_what_it_now_says(
        (algo, blocks) in any_blocks(),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut data = written(|sink| blocks.iter().try_for_each(|(kind, digests)| {
            write_block(*kind, algo, digests.iter().map(Vec::as_slice), sink)
        })).unwrap();
        let bit = bit.index(data.len() * 8);
        data[bit / 8] ^= 1 << (bit % 8);
        fuzz::compact_list(&data);
    }

    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::compact_list(&data);
    }
}
