// SPDX-License-Identifier: GPL-2.0

//! RPM headers as lists.

use digest_logic::{
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind,
        ListType,
        ParsedList, //
    },
    refusal::Cause,
    rpm::tag, //
};
use host_tests::{
    build::rpm::{
        header,
        raw,
        some_files,
        Entry,
        File,
        Header, //
    },
    cases,
    fuzz,
    written, //
};
use proptest::prelude::*;

use crate::{
    every_shorter_input_is_refused,
    refusal, //
};

const TYPE: ListType = ListType::RpmHeader;

fn one_file() -> Header {
    Header::of_files(&[File::new(1, 0o755)])
}

#[test]
fn the_digests_of_files_are_loaded_by_their_modes_and_flags() {
    let data = Header::of_files(&some_files()).build();
    let list = ParsedList::parse(TYPE, &data).unwrap();
    assert_eq!(list.algo(), HashAlgo::Sha256);
    let entries: Vec<(Kind, u8)> = list
        .entries()
        .map(|(kind, digest)| (kind, digest.as_bytes()[0]))
        .collect();
    let expected = [
        (Kind::Immutable, 1),
        (Kind::Mutable, 2),
        (Kind::Immutable, 3),
        (Kind::Mutable, 4),
        (Kind::Immutable, 5),
    ];
    assert_eq!(entries, expected);
    let arena = written(|sink| list.write_arena(sink)).unwrap();
    let grouped: Vec<u8> = arena.chunks(32).map(|digest| digest[0]).collect();
    assert_eq!(grouped, [1, 3, 5, 2, 4]);
}

#[test]
fn a_file_is_mutable_if_it_is_data_that_somebody_may_write_or_configuration_or_a_ghost() {
    let (immutable, mutable) = (Kind::Immutable, Kind::Mutable);
    let cases = [
        (0o644, 0, mutable),
        (0o444, 0, immutable),
        (0o400, 0, immutable),
        (0o200, 0, mutable),
        (0o020, 0, mutable),
        (0o002, 0, mutable),
        (0o755, 0, immutable),
        (0o654, 0, immutable),
        (0o645, 0, immutable),
        (0o4644, 0, immutable),
        (0o2644, 0, immutable),
        (0o1644, 0, immutable),
        (0o755, 1, mutable),
        (0o755, 64, mutable),
        (0o4755, 1, mutable),
        (0o444, 1, mutable),
        // Documentation, missing files allowed, not replaced, readme, licence, artifact.
        (0o755, 2 | 8 | 16 | 128 | 256 | 4096, immutable),
    ];
    for (permissions, flags, expected) in cases {
        let file = File {
            flags,
            ..File::new(1, permissions)
        };
        let data = Header::of_files(&[file]).build();
        let list = ParsedList::parse(TYPE, &data).unwrap();
        assert_eq!(list.counts().of(expected), 1, "{permissions:o} {flags}");
    }
}

#[test]
fn files_that_have_no_content_of_their_own_are_left_out() {
    let empty = digest_logic::digest::Hex(HashAlgo::Sha256.empty_digest()).to_string();
    let good = File::new(1, 0o755);
    let cases = [
        (
            "the digest of empty content",
            File {
                digest: empty.clone(),
                ..good.clone()
            },
            1,
        ),
        (
            "the size zero",
            File {
                size: 0,
                ..good.clone()
            },
            1,
        ),
        (
            "a directory",
            File {
                mode: 0o040_755,
                ..good.clone()
            },
            0,
        ),
        (
            "a symbolic link",
            File {
                mode: 0o120_777,
                ..good.clone()
            },
            0,
        ),
        (
            "no digest",
            File {
                digest: String::new(),
                ..good.clone()
            },
            0,
        ),
    ];
    for (name, file, skipped) in cases {
        let data = Header::of_files(&[file, good.clone()]).build();
        let list = ParsedList::parse(TYPE, &data).unwrap();
        assert_eq!(list.counts().total(), 1, "{name}");
        assert_eq!(list.skipped_empty(), skipped, "{name}");
        fuzz::rpm_header(&data);
    }
}

#[test]
fn every_algorithm_is_loaded_or_refused_by_its_number() {
    let cases = [
        (1, 16, Some(Cause::WeakAlgorithm)),
        (2, 20, Some(Cause::WeakAlgorithm)),
        (3, 20, Some(Cause::WeakAlgorithm)),
        (5, 16, Some(Cause::WeakAlgorithm)),
        (6, 24, Some(Cause::UnknownAlgorithm)),
        (8, 32, None),
        (9, 48, None),
        (10, 64, None),
        (11, 28, Some(Cause::UnknownAlgorithm)),
        (12, 32, Some(Cause::UnknownAlgorithm)),
        (0, 32, Some(Cause::UnknownAlgorithm)),
        (0x0101_0108, 32, Some(Cause::UnknownAlgorithm)),
        (10, 32, Some(Cause::BadDigestSize)),
    ];
    for (algo, size, expected) in cases {
        let data = one_file()
            .with(Entry::strings(tag::FILE_DIGESTS, &["5a".repeat(size)]))
            .with(Entry::int32(tag::FILE_DIGEST_ALGO, &[algo]))
            .build();
        assert_eq!(refusal(TYPE, &data), expected, "{algo}");
    }
    let without = one_file().without(tag::FILE_DIGEST_ALGO).build();
    assert_eq!(refusal(TYPE, &without), Some(Cause::NoFileDigestAlgorithm));
}

#[test]
fn headers_whose_tables_do_not_fit_are_refused() {
    let upper = "5A".repeat(32);
    let cases: Vec<(&str, Header, Option<Cause>)> = vec![
        ("as it should be", one_file(), None),
        (
            "upper case",
            one_file().with(Entry::strings(tag::FILE_DIGESTS, &[upper])),
            None,
        ),
        ("no entries", Header::default(), Some(Cause::SourcePackage)),
        (
            "no files",
            one_file().without(tag::FILE_DIGESTS),
            Some(Cause::NoFileDigests),
        ),
        (
            "nothing but directories",
            Header::of_files(&some_files()[1..2]),
            Some(Cause::NoFileDigests),
        ),
        (
            "no modes",
            one_file().without(tag::FILE_MODES),
            Some(Cause::FileTableMismatch),
        ),
        (
            "no flags",
            one_file().without(tag::FILE_FLAGS),
            Some(Cause::FileTableMismatch),
        ),
        (
            "no sizes",
            one_file().without(tag::FILE_SIZES),
            Some(Cause::FileTableMismatch),
        ),
        (
            "sizes of both kinds",
            one_file().with(Entry::int64(tag::LONG_FILE_SIZES, &[1])),
            Some(Cause::FileTableMismatch),
        ),
        (
            "large sizes",
            one_file()
                .without(tag::FILE_SIZES)
                .with(Entry::int64(tag::LONG_FILE_SIZES, &[u64::MAX])),
            None,
        ),
        (
            "two modes",
            one_file().with(Entry::int16(tag::FILE_MODES, &[0o100_755; 2])),
            Some(Cause::FileTableMismatch),
        ),
        (
            "two flags",
            one_file().with(Entry::int32(tag::FILE_FLAGS, &[0; 2])),
            Some(Cause::FileTableMismatch),
        ),
        (
            "two sizes",
            one_file().with(Entry::int32(tag::FILE_SIZES, &[1; 2])),
            Some(Cause::FileTableMismatch),
        ),
        (
            "two digests",
            one_file().with(Entry::strings(
                tag::FILE_DIGESTS,
                &["5a".repeat(32), "5b".repeat(32)],
            )),
            Some(Cause::FileTableMismatch),
        ),
        (
            "modes of 32 bits",
            one_file().with(Entry::int32(tag::FILE_MODES, &[0o100_755])),
            Some(Cause::BadHeaderEntry),
        ),
        (
            "a digest as one string",
            one_file().with(Entry::string(tag::FILE_DIGESTS, &"5a".repeat(32))),
            Some(Cause::BadHeaderEntry),
        ),
        (
            "two algorithms",
            one_file().with(Entry::int32(tag::FILE_DIGEST_ALGO, &[8, 8])),
            Some(Cause::BadHeaderEntry),
        ),
        (
            "an algorithm of 16 bits",
            one_file().with(Entry::int16(tag::FILE_DIGEST_ALGO, &[8])),
            Some(Cause::BadHeaderEntry),
        ),
        (
            "no hexadecimal digit",
            one_file().with(Entry::strings(tag::FILE_DIGESTS, &["5g".repeat(32)])),
            Some(Cause::BadHex),
        ),
        (
            "an odd number of digits",
            one_file().with(Entry::strings(tag::FILE_DIGESTS, &["5".repeat(63)])),
            Some(Cause::BadHex),
        ),
        (
            "a digest too short",
            one_file().with(Entry::strings(tag::FILE_DIGESTS, &["5a".repeat(31)])),
            Some(Cause::BadDigestSize),
        ),
        (
            "a digest too long",
            one_file().with(Entry::strings(tag::FILE_DIGESTS, &["5a".repeat(65)])),
            Some(Cause::BadDigestSize),
        ),
        (
            "a string without end",
            one_file().with(Entry::new(6000, 6, 1, 1, b"abc".to_vec())),
            Some(Cause::MissingNul),
        ),
        (
            "strings without end",
            one_file().with(Entry::new(6000, 8, 2, 1, b"abc\0def".to_vec())),
            Some(Cause::MissingNul),
        ),
        (
            "an entry added after signing",
            Header {
                added: vec![Entry::int32(1008, &[1])],
                ..one_file()
            },
            Some(Cause::BadRegion),
        ),
    ];
    for (name, header, expected) in cases {
        assert_eq!(refusal(TYPE, &header.build()), expected, "{name}");
    }
}

/// The header of one file with the entries of its index changed.
fn with_index(change: impl Fn(&mut Vec<[u8; 16]>, &mut Vec<u8>)) -> Vec<u8> {
    let good = one_file().build();
    let entries = one_file().entries.len() + 1;
    let (index, store) = good[16..].split_at(16 * entries);
    let mut index: Vec<[u8; 16]> = index
        .chunks(16)
        .map(|entry| entry.try_into().unwrap())
        .collect();
    let mut store = store.to_vec();
    change(&mut index, &mut store);
    header(&index.concat(), &store)
}

/// Sets one of the four numbers of an entry: 0 the tag, 1 the type, 2 the offset, 3 the count.
fn set(entry: &mut [u8], field: usize, value: u32) {
    entry[4 * field..4 * field + 4].copy_from_slice(&value.to_be_bytes());
}

#[test]
fn a_malformed_index_is_refused() {
    type Change = fn(&mut Vec<[u8; 16]>, &mut Vec<u8>);
    let cases: &[(&str, Change, Cause)] = &[
        ("no entries", |index, _| index.clear(), Cause::BadRegion),
        (
            "no region",
            |index, _| {
                index.remove(0);
            },
            Cause::BadRegion,
        ),
        (
            "another region",
            |index, _| set(&mut index[0], 0, 61),
            Cause::BadRegion,
        ),
        (
            "a region of integers",
            |index, _| set(&mut index[0], 1, 4),
            Cause::BadRegion,
        ),
        (
            "a region of 17 bytes",
            |index, _| set(&mut index[0], 3, 17),
            Cause::BadRegion,
        ),
        (
            "a region beyond the data",
            |index, store| set(&mut index[0], 2, store.len() as u32 - 15),
            Cause::BadRegion,
        ),
        (
            "a region at the end of all numbers",
            |index, _| set(&mut index[0], 2, u32::MAX),
            Cause::BadRegion,
        ),
        (
            "a region of a negative offset",
            |index, _| set(&mut index[0], 2, -16i32 as u32),
            Cause::BadRegion,
        ),
        (
            "a tail of another tag",
            |_, store| {
                let tail = store.len() - 16;
                store[tail + 3] = 62;
            },
            Cause::BadRegion,
        ),
        (
            "a tail that counts more entries than there are",
            |index, store| {
                let tail = store.len() - 16;
                set(
                    &mut store[tail..],
                    2,
                    (-16 * (index.len() as i32 + 1)) as u32,
                );
            },
            Cause::BadRegion,
        ),
        (
            "a tail that counts no entries",
            |_, store| {
                let tail = store.len() - 16;
                set(&mut store[tail..], 2, 0);
            },
            Cause::BadRegion,
        ),
        (
            "a tail that counts a part of an entry",
            |_, store| {
                let tail = store.len() - 16;
                set(&mut store[tail..], 2, -15i32 as u32);
            },
            Cause::BadRegion,
        ),
        (
            "a tail that counts the least number",
            |_, store| {
                let tail = store.len() - 16;
                set(&mut store[tail..], 2, 0x8000_0000);
            },
            Cause::BadRegion,
        ),
        (
            "type 0",
            |index, _| set(&mut index[1], 1, 0),
            Cause::BadHeaderEntry,
        ),
        (
            "type 10",
            |index, _| set(&mut index[1], 1, 10),
            Cause::BadHeaderEntry,
        ),
        (
            "a tag twice",
            |index, _| {
                let tag: [u8; 4] = index[1][..4].try_into().unwrap();
                index[2][..4].copy_from_slice(&tag);
            },
            Cause::RepeatedTag,
        ),
        (
            "tags out of order",
            |index, _| {
                let (first, second) = index.split_at_mut(2);
                first[1][..4].swap_with_slice(&mut second[0][..4]);
            },
            Cause::BadHeaderEntry,
        ),
        (
            "an offset beyond the data",
            |index, store| set(&mut index[2], 2, store.len() as u32),
            Cause::BadHeaderEntry,
        ),
        (
            "a negative offset",
            |index, _| set(&mut index[2], 2, u32::MAX),
            Cause::BadHeaderEntry,
        ),
        (
            "the largest count of strings",
            |index, _| set(&mut index[7], 3, u32::MAX),
            Cause::MissingNul,
        ),
        (
            "the largest count of integers",
            |index, _| set(&mut index[5], 3, u32::MAX),
            Cause::BadHeaderEntry,
        ),
        (
            "a count that wraps",
            |index, _| set(&mut index[5], 3, 0x4000_0001),
            Cause::BadHeaderEntry,
        ),
        (
            "a count of zero",
            |index, _| set(&mut index[5], 3, 0),
            Cause::BadHeaderEntry,
        ),
        (
            "two of one string",
            |index, _| set(&mut index[1], 3, 2),
            Cause::BadHeaderEntry,
        ),
        (
            "overlapping values",
            |index, _| set(&mut index[2], 2, 0),
            Cause::BadHeaderEntry,
        ),
        (
            "a value over the next",
            |index, _| set(&mut index[5], 3, 2),
            Cause::BadHeaderEntry,
        ),
        (
            "integers out of line",
            |index, _| {
                let offset = u32::from_be_bytes(index[5][8..12].try_into().unwrap());
                set(&mut index[5], 2, offset + 1);
            },
            Cause::BadHeaderEntry,
        ),
        (
            "a byte behind the values",
            |index, store| {
                let tail = store.len() - 16;
                store.insert(tail, 0);
                set(&mut index[0], 2, tail as u32 + 1);
            },
            Cause::BadRegion,
        ),
    ];
    for (name, change, expected) in cases {
        let data = with_index(change);
        assert_eq!(refusal(TYPE, &data), Some(*expected), "{name}");
        fuzz::rpm_header(&data);
    }
    assert_eq!(refusal(TYPE, &with_index(|_, _| ())), None);
}

#[test]
fn bytes_that_align_values_are_zero_and_few() {
    // Before the sizes of files there is a gap.
    let data = with_index(|_, store| {
        let at = store
            .windows(7)
            .position(|bytes| bytes == b"noarch\0")
            .unwrap()
            + 7;
        assert_ne!(at % 4, 0);
        store[at] = 1;
    });
    assert_eq!(refusal(TYPE, &data), Some(Cause::ReservedNotZero));
    let mut entries = one_file();
    entries.entries[4].align = 256;
    assert_eq!(refusal(TYPE, &entries.build()), Some(Cause::BadHeaderEntry));
}

#[test]
fn the_sizes_of_a_header_are_those_of_the_file() {
    let good = one_file().build();
    let set = |at: usize, value: u32| {
        let mut data = good.clone();
        data[at..at + 4].copy_from_slice(&value.to_be_bytes());
        data
    };
    let cases = [
        ("the magic", set(0, 0x8ead_e802), Cause::BadMagic),
        ("the reserved bytes", set(4, 1), Cause::BadMagic),
        (
            "the largest number of entries",
            set(8, u32::MAX),
            Cause::Truncated,
        ),
        ("the largest size", set(12, u32::MAX), Cause::Truncated),
        ("a size that wraps", set(8, 0x1000_0000), Cause::Truncated),
        ("a size too small", set(12, 32), Cause::BadRegion),
        ("no data", set(12, 0), Cause::BadRegion),
    ];
    for (name, data, expected) in cases {
        assert_eq!(refusal(TYPE, &data), Some(expected), "{name}");
    }
    assert_eq!(
        refusal(TYPE, &[good.clone(), vec![0]].concat()),
        Some(Cause::TrailingBytes)
    );
    every_shorter_input_is_refused(TYPE, &good, &[]);
    assert_eq!(
        refusal(TYPE, &header(&raw(63, 7, 0, 16), &[])),
        Some(Cause::BadRegion)
    );
}

#[test]
fn many_files_take_time_in_proportion() {
    let files = |count: usize| vec![File::new(1, 0o644); count];
    let data = Header::of_files(&files(200_000)).build();
    let list = ParsedList::parse(TYPE, &data).unwrap();
    let counts = Counts {
        mutable: 200_000,
        ..Counts::default()
    };
    assert_eq!(list.counts(), counts);
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_flipped_bit_is_refused_or_read_as_what_it_now_says(bit in any::<prop::sample::Index>()) {
        let mut data = Header::of_files(&some_files()).build();
        let bit = bit.index(data.len() * 8);
        data[bit / 8] ^= 1 << (bit % 8);
        fuzz::rpm_header(&data);
    }

    #[test]
    fn any_index_is_survived(
        index in prop::collection::vec(
            (
                prop::sample::select(vec![63, 1000, 1028, 1030, 1035, 1037, 5008, 5011]),
                0u32..12,
                prop_oneof![0u32..600, any::<u32>()],
                prop_oneof![0u32..40, any::<u32>()],
            ),
            0..12,
        ),
        store in prop::collection::vec(prop_oneof![Just(0), Just(b'a'), any::<u8>()], 0..600),
        region in any::<bool>(),
    ) {
        let mut index: Vec<u8> = index
            .iter()
            .flat_map(|(tag, kind, offset, count)| raw(*tag, *kind, *offset, *count))
            .collect();
        let mut store = store;
        if region {
            let first = raw(63, 7, store.len() as u32, 16);
            index.splice(0..0, first);
            store.extend(raw(63, 7, (-(index.len() as i32)) as u32, 16));
        }
        fuzz::rpm_header(&header(&index, &store));
    }

    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::rpm_header(&data);
    }
}
