// SPDX-License-Identifier: GPL-2.0

//! Compact lists with 16-byte headers.

use digest_logic::{
    compact16::write_block,
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind,
        ListType,
        ParsedList, //
    },
    refusal::Cause, //
};
use host_tests::{
    cases,
    fuzz,
    table::grouped,
    written, //
};
use proptest::prelude::*;

use crate::{
    every_shorter_input_is_refused,
    refusal, //
};

const TYPE: ListType = ListType::Compact16;

/// A header of two SHA-256 digests and the digests, with changes.
fn block(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut data = vec![1, 0, 2, 0, 1, 0, 4, 0, 2, 0, 0, 0, 64, 0, 0, 0];
    data.extend([7; 64]);
    change(&mut data);
    data
}

#[test]
fn blocks_of_files_are_read_as_openeuler_writes_them() {
    let data = [block(|_| ()), block(|data| data[4] = 0)].concat();
    let list = ParsedList::parse(TYPE, &data).unwrap();
    assert_eq!(list.algo(), HashAlgo::Sha256);
    let counts = Counts {
        immutable: 2,
        mutable: 2,
        revoked: 0,
    };
    assert_eq!(list.counts(), counts);
    assert_eq!(list.list_type(), TYPE);
}

#[test]
fn malformed_lists_are_refused_with_their_own_reason() {
    let empty = |data: &mut [u8]| data[8] = 0;
    let cases: &[(&str, Vec<u8>, Cause)] = &[
        ("nothing", vec![], Cause::Empty),
        ("version 0", block(|data| data[0] = 0), Cause::BadVersion),
        ("version 2", block(|data| data[0] = 2), Cause::BadVersion),
        (
            "a reserved byte",
            block(|data| data[1] = 1),
            Cause::ReservedNotZero,
        ),
        (
            "a block of keys",
            block(|data| data[2] = 0),
            Cause::UnsupportedBlockType,
        ),
        (
            "a block of parsers",
            block(|data| data[2] = 1),
            Cause::UnsupportedBlockType,
        ),
        (
            "a block of metadata",
            block(|data| data[2] = 3),
            Cause::UnsupportedBlockType,
        ),
        (
            "an unknown modifier",
            block(|data| data[4] = 3),
            Cause::ReservedNotZero,
        ),
        (
            "an unknown modifier above",
            block(|data| data[5] = 1),
            Cause::ReservedNotZero,
        ),
        ("MD5", block(|data| data[6] = 1), Cause::WeakAlgorithm),
        ("SHA-1", block(|data| data[6] = 2), Cause::WeakAlgorithm),
        (
            "SHA-224",
            block(|data| data[6] = 7),
            Cause::UnknownAlgorithm,
        ),
        (
            "SHA-512 of 32 bytes",
            block(|data| data[6] = 6),
            Cause::BadDigestSize,
        ),
        ("no digests", block(empty), Cause::Empty),
        (
            "a count too small",
            block(|data| data[8] = 1),
            Cause::BadDigestSize,
        ),
        (
            "the largest count",
            block(|data| data[8..12].fill(0xff)),
            Cause::BadDigestSize,
        ),
        (
            "a count that wraps to the length",
            block(|data| data[11] = 8),
            Cause::BadDigestSize,
        ),
        (
            "a length over the end",
            block(|data| (data[8], data[12]) = (3, 96)),
            Cause::Truncated,
        ),
        (
            "two algorithms",
            [block(|_| ()), block(|data| (data[6], data[8]) = (6, 1))].concat(),
            Cause::MixedAlgorithms,
        ),
        (
            "a trailing byte",
            [block(|_| ()), vec![1]].concat(),
            Cause::Truncated,
        ),
    ];
    for (name, data, expected) in cases {
        assert_eq!(refusal(TYPE, data), Some(*expected), "{name}");
    }
    every_shorter_input_is_refused(TYPE, &[block(|_| ()), block(|_| ())].concat(), &[80]);
}

#[test]
fn a_writer_refuses_what_the_format_cannot_say() {
    let digests = [[1; 32].as_slice()];
    let write = |kind, algo, digests: &[&[u8]]| {
        written(|sink| write_block(kind, algo, digests.iter().copied(), sink))
    };
    let sha256 = HashAlgo::Sha256;
    let cases = [
        (
            write(Kind::Revoked, sha256, &digests),
            Cause::UnknownEntryId,
        ),
        (write(Kind::Mutable, sha256, &[]), Cause::Empty),
        (
            write(Kind::Mutable, HashAlgo::Sha1, &digests),
            Cause::WeakAlgorithm,
        ),
        (
            write(Kind::Mutable, HashAlgo::Sha384, &digests),
            Cause::BadDigestSize,
        ),
    ];
    for (result, expected) in cases {
        assert_eq!(result, Err(expected));
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn lists_survive_a_round_trip(
        algo in prop::sample::select(&HashAlgo::STRONG),
        blocks in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 1..6)), 1..6),
        bit in any::<prop::sample::Index>(),
    ) {
        let entries: Vec<(Kind, Vec<u8>)> = blocks
            .iter()
            .flat_map(|(immutable, fills)| {
                let kind = if *immutable { Kind::Immutable } else { Kind::Mutable };
                fills.iter().map(move |fill| (kind, vec![*fill; algo.digest_size()]))
            })
            .collect();
        let mut data = written(|sink| {
            blocks.iter().try_for_each(|(immutable, fills)| {
                let kind = if *immutable { Kind::Immutable } else { Kind::Mutable };
                let digests: Vec<Vec<u8>> =
                    fills.iter().map(|fill| vec![*fill; algo.digest_size()]).collect();
                write_block(kind, algo, digests.iter().map(Vec::as_slice), sink)
            })
        }).unwrap();
        let list = ParsedList::parse(TYPE, &data).unwrap();
        let (counts, arena) = grouped(&entries);
        prop_assert_eq!(list.counts(), counts);
        prop_assert_eq!(written(|sink| list.write_arena(sink)).unwrap(), arena);
        fuzz::compact16_list(&data);

        let bit = bit.index(data.len() * 8);
        data[bit / 8] ^= 1 << (bit % 8);
        fuzz::compact16_list(&data);
    }

    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::compact16_list(&data);
    }
}
