// SPDX-License-Identifier: GPL-2.0

//! Metadata: what is accepted, what is refused and why.

use digest_logic::{
    hash_algo::HashAlgo,
    list::ListType,
    metadata::{
        Metadata,
        Record,
        MAX_PATH,
        MAX_REF_ID, //
    },
    refusal::Cause, //
};
use host_tests::{
    cases,
    fuzz,
    written, //
};
use proptest::prelude::*;

/// The fields of a record as they stand in the buffer, right or wrong.
#[derive(Clone, Debug)]
struct Raw {
    len: Option<u32>,
    algo: u16,
    digest: Vec<u8>,
    signature: Vec<u8>,
    path: Vec<u8>,
    ref_id: Vec<u8>,
    list_type: u16,
    tail: Vec<u8>,
}

impl Raw {
    fn good() -> Self {
        Self {
            len: None,
            algo: 4,
            digest: vec![7; 32],
            signature: vec![9; 5],
            path: b"/etc/lists/a\0".to_vec(),
            ref_id: b"ref".to_vec(),
            list_type: 0,
            tail: vec![],
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut body = self.algo.to_le_bytes().to_vec();
        for field in [&self.digest, &self.signature, &self.path, &self.ref_id] {
            body.extend((field.len() as u32).to_le_bytes());
            body.extend(field);
        }
        body.extend(self.list_type.to_le_bytes());
        body.extend(&self.tail);
        let len = self.len.unwrap_or(body.len() as u32);
        [len.to_le_bytes().to_vec(), body].concat()
    }

    fn with(change: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut raw = Self::good();
        change(&mut raw);
        raw.bytes()
    }
}

fn error_of(data: &[u8]) -> Option<Cause> {
    Metadata::parse(data).err()
}

#[test]
fn a_record_is_read_field_by_field() {
    let data = Raw::good().bytes();
    let metadata = Metadata::parse(&data).unwrap();
    let records: Vec<_> = metadata.records().collect();
    assert_eq!(metadata.len(), 1);
    assert_eq!(metadata.as_bytes(), data);
    assert_eq!(
        records,
        [Record {
            algo: HashAlgo::Sha256,
            digest: &[7; 32],
            signature: &[9; 5],
            path: b"/etc/lists/a",
            ref_id: b"ref",
            list_type: ListType::Compact,
        }]
    );
}

#[test]
fn the_length_excludes_itself_and_is_twenty_more_than_the_variable_fields() {
    let data = Raw::good().bytes();
    assert_eq!(&data[..4], (20u32 + 32 + 5 + 13 + 3).to_le_bytes());
    assert_eq!(data.len(), 4 + 20 + 32 + 5 + 13 + 3);
}

#[test]
fn malformed_records_are_refused_with_their_own_reason() {
    let long = |len: usize| [b"/".to_vec(), vec![b'a'; len - 2], vec![0]].concat();
    let cases: &[(&str, Vec<u8>, Option<Cause>)] = &[
        ("nothing", vec![], Some(Cause::Empty)),
        (
            "an empty signature",
            Raw::with(|r| r.signature.clear()),
            None,
        ),
        ("an empty reference", Raw::with(|r| r.ref_id.clear()), None),
        (
            "a reference with NUL",
            Raw::with(|r| r.ref_id = vec![0, 1, 0]),
            None,
        ),
        (
            "SHA-384",
            Raw::with(|r| (r.algo, r.digest) = (5, vec![1; 48])),
            None,
        ),
        (
            "SHA-512",
            Raw::with(|r| (r.algo, r.digest) = (6, vec![1; 64])),
            None,
        ),
        ("type 3", Raw::with(|r| r.list_type = 3), None),
        (
            "type 65535",
            Raw::with(|r| r.list_type = 65535),
            Some(Cause::UnknownListType),
        ),
        (
            "MD5",
            Raw::with(|r| (r.algo, r.digest) = (1, vec![1; 16])),
            Some(Cause::WeakAlgorithm),
        ),
        (
            "SHA-1",
            Raw::with(|r| (r.algo, r.digest) = (2, vec![1; 20])),
            Some(Cause::WeakAlgorithm),
        ),
        (
            "SHA-224",
            Raw::with(|r| r.algo = 7),
            Some(Cause::UnknownAlgorithm),
        ),
        (
            "a digest too short",
            Raw::with(|r| r.digest = vec![1; 31]),
            Some(Cause::BadDigestSize),
        ),
        (
            "a digest too long",
            Raw::with(|r| r.digest = vec![1; 33]),
            Some(Cause::BadDigestSize),
        ),
        (
            "no digest",
            Raw::with(|r| r.digest.clear()),
            Some(Cause::BadDigestSize),
        ),
        (
            "no path",
            Raw::with(|r| r.path.clear()),
            Some(Cause::BadPath),
        ),
        (
            "an empty path",
            Raw::with(|r| r.path = b"\0".to_vec()),
            Some(Cause::BadPath),
        ),
        (
            "a relative path",
            Raw::with(|r| r.path = b"a/b\0".to_vec()),
            Some(Cause::BadPath),
        ),
        (
            "a path without NUL",
            Raw::with(|r| r.path = b"/a".to_vec()),
            Some(Cause::MissingNul),
        ),
        (
            "a NUL inside the path",
            Raw::with(|r| r.path = b"/a\0b\0".to_vec()),
            Some(Cause::BadPath),
        ),
        (
            "two NULs",
            Raw::with(|r| r.path = b"/a\0\0".to_vec()),
            Some(Cause::BadPath),
        ),
        (
            "the longest path",
            Raw::with(|r| r.path = long(MAX_PATH)),
            None,
        ),
        (
            "a longer path",
            Raw::with(|r| r.path = long(MAX_PATH + 1)),
            Some(Cause::NameTooLong),
        ),
        (
            "the longest reference",
            Raw::with(|r| r.ref_id = vec![b'r'; MAX_REF_ID]),
            None,
        ),
        (
            "a longer reference",
            Raw::with(|r| r.ref_id = vec![b'r'; MAX_REF_ID + 1]),
            Some(Cause::LongReference),
        ),
        (
            "a byte more inside",
            Raw::with(|r| r.tail = vec![0]),
            Some(Cause::BadLength),
        ),
        (
            "a length one too small",
            Raw::with(|r| r.len = Some(72)),
            Some(Cause::BadLength),
        ),
        (
            "a length one too large",
            Raw::with(|r| r.len = Some(74)),
            Some(Cause::Truncated),
        ),
        (
            "length zero",
            Raw::with(|r| r.len = Some(0)),
            Some(Cause::BadLength),
        ),
        (
            "the largest length",
            Raw::with(|r| r.len = Some(u32::MAX)),
            Some(Cause::Truncated),
        ),
    ];
    for (name, data, expected) in cases {
        assert_eq!(error_of(data), *expected, "{name}");
    }
}

#[test]
fn a_field_length_that_reaches_over_its_record_is_refused() {
    // Offsets of the four lengths in the good record.
    for offset in [6, 42, 51, 68] {
        for len in [1000, u32::MAX, u32::MAX - 3, 1 << 31] {
            let mut data = Raw::good().bytes();
            data[offset..offset + 4].copy_from_slice(&u32::to_le_bytes(len));
            // Even when the next record would provide the bytes.
            data.extend(Raw::with(|r| r.signature = vec![1; 2000]));
            assert_eq!(error_of(&data), Some(Cause::BadLength), "{offset} {len}");
        }
    }
}

#[test]
fn every_shorter_input_is_refused() {
    let one = Raw::good().bytes();
    let two = [one.clone(), Raw::with(|r| r.list_type = 1)].concat();
    for len in 0..two.len() {
        let expected = match len {
            0 => Some(Cause::Empty),
            len if len == one.len() => None,
            _ => Some(Cause::Truncated),
        };
        assert_eq!(error_of(&two[..len]), expected, "{len}");
    }
    assert_eq!(Metadata::parse(&two).unwrap().len(), 2);
}

#[test]
fn one_bad_record_refuses_all() {
    let good = Raw::good().bytes();
    let bad = Raw::with(|r| r.algo = 2);
    for data in [
        [bad.clone(), good.clone(), good.clone()].concat(),
        [good.clone(), bad.clone(), good.clone()].concat(),
        [good.clone(), good.clone(), bad].concat(),
    ] {
        assert_eq!(error_of(&data), Some(Cause::WeakAlgorithm));
    }
    assert_eq!(error_of(&[good, vec![0]].concat()), Some(Cause::Truncated));
}

#[test]
fn a_writer_refuses_what_the_parser_refuses() {
    let good = Record {
        algo: HashAlgo::Sha256,
        digest: &[7; 32],
        signature: &[],
        path: b"/a",
        ref_id: b"",
        list_type: ListType::Compact,
    };
    let long = [b"/".as_slice(), &[b'a'; MAX_PATH - 1]].concat();
    let cases = [
        (good, Ok(())),
        (Record { path: b"", ..good }, Err(Cause::BadPath)),
        (Record { path: b"a", ..good }, Err(Cause::BadPath)),
        (
            Record {
                path: b"/a\0",
                ..good
            },
            Err(Cause::BadPath),
        ),
        (
            Record {
                path: &long,
                ..good
            },
            Err(Cause::NameTooLong),
        ),
        (
            Record {
                path: &long[..MAX_PATH - 1],
                ..good
            },
            Ok(()),
        ),
        (
            Record {
                algo: HashAlgo::Sha1,
                ..good
            },
            Err(Cause::WeakAlgorithm),
        ),
        (
            Record {
                algo: HashAlgo::Sha512,
                ..good
            },
            Err(Cause::BadDigestSize),
        ),
    ];
    for (record, expected) in cases {
        let result = written(|sink| record.write(sink));
        assert_eq!(
            result.as_ref().map(|_| ()),
            expected.as_ref().map(|_| ()),
            "{record:?}"
        );
        if let Ok(data) = result {
            let again = Metadata::parse(&data).unwrap().records().next();
            assert_eq!(again, Some(record));
        }
    }
}

prop_compose! {
    fn any_record()(
        algo in prop::sample::select(&[4u16, 5, 6]),
        seed in any::<[u8; 32]>(),
        signature in prop::collection::vec(any::<u8>(), 0..50),
        path in prop::collection::vec(1u8..=255, 0..50),
        ref_id in prop::collection::vec(any::<u8>(), 0..50),
        list_type in 0u16..4,
    ) -> Raw {
        let size = HashAlgo::from_id(algo).unwrap().digest_size();
        Raw {
            len: None,
            algo,
            digest: seed.iter().cycle().take(size).copied().collect(),
            signature,
            path: [b"/".to_vec(), path, vec![0]].concat(),
            ref_id,
            list_type,
            tail: vec![],
        }
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn records_survive_a_round_trip(raws in prop::collection::vec(any_record(), 1..5)) {
        let data: Vec<u8> = raws.iter().flat_map(Raw::bytes).collect();
        let metadata = Metadata::parse(&data).unwrap();
        prop_assert_eq!(metadata.len(), raws.len());
        for (record, raw) in metadata.records().zip(&raws) {
            prop_assert_eq!(record.algo.id(), raw.algo);
            prop_assert_eq!(record.digest, &raw.digest);
            prop_assert_eq!(record.signature, &raw.signature);
            prop_assert_eq!(record.path, &raw.path[..raw.path.len() - 1]);
            prop_assert_eq!(record.ref_id, &raw.ref_id);
            prop_assert_eq!(record.list_type.id(), raw.list_type);
        }
        fuzz::metadata(&data);
    }

    #[test]
    fn a_flipped_bit_is_refused_or_read_as_what_it_now_says(
        raw in any_record(),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut data = raw.bytes();
        let bit = bit.index(data.len() * 8);
        data[bit / 8] ^= 1 << (bit % 8);
        fuzz::metadata(&data);
    }

    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::metadata(&data);
    }
}
