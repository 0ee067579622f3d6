// SPDX-License-Identifier: GPL-2.0

//! Names and serial numbers of compact lists, and what follows from them.

use digest_logic::{
    compact,
    digest::Digest,
    edition::{
        Edition,
        Floor,
        Standing, //
    },
    hash_algo::HashAlgo,
    list::{
        Kind,
        ListType,
        ParsedList, //
    },
    refusal::Cause,
    verity, //
};
use host_tests::written;

use super::{
    every_shorter_input_is_refused,
    refusal, //
};

const DIGEST: [u8; 32] = [7; 32];

fn block(kind: Kind) -> Vec<u8> {
    written(|sink| compact::write_block(kind, HashAlgo::Sha256, [&DIGEST[..]].into_iter(), sink))
        .unwrap()
}

fn edition(name: &str, serial: u64) -> Vec<u8> {
    written(|sink| Edition::new(name.as_bytes(), serial)?.write(sink)).unwrap()
}

#[test]
fn a_list_begins_with_its_edition_or_has_none() {
    let data = [edition("debian", 7), block(Kind::Immutable)].concat();
    let list = ParsedList::parse(ListType::Compact, &data).unwrap();
    let found = list.edition().unwrap();
    assert_eq!((found.name_text(), found.serial()), ("debian", 7));
    assert_eq!(list.counts().immutable, 1);
    let plain = block(Kind::Immutable);
    let list = ParsedList::parse(ListType::Compact, &plain).unwrap();
    assert_eq!(list.edition(), None);
    every_shorter_input_is_refused(ListType::Compact, &data, &[]);
}

#[test]
fn an_edition_stands_once_and_before_all_blocks() {
    let good = block(Kind::Immutable);
    let compact = |parts: &[&[u8]]| refusal(ListType::Compact, &parts.concat());
    let edition = edition("a", 1);
    assert_eq!(compact(&[&edition, &good]), None);
    assert_eq!(compact(&[&edition]), Some(Cause::Empty));
    let misplaced = Some(Cause::UnexpectedField);
    assert_eq!(compact(&[&edition, &edition, &good]), misplaced);
    assert_eq!(compact(&[&good, &edition]), misplaced);
    // Two editions in one block, one without room for a number, one without a NUL.
    for (position, value, error) in [
        (2, 2, Cause::BadLength),
        (6, 8, Cause::BadLength),
        (11, 1, Cause::MissingNul),
    ] {
        let mut other = edition.clone();
        other[position] = value;
        assert_eq!(compact(&[&other, &good]), Some(error), "{position}");
    }
}

#[test]
fn names_are_printable_and_not_long() {
    let long = "n".repeat(65);
    for name in ["", "two words", "new\nline", "ä", &long] {
        assert_eq!(Edition::new(name.as_bytes(), 1), Err(Cause::BadListName));
    }
    for name in ["a", "debian-13+security", &long[..64]] {
        assert!(Edition::new(name.as_bytes(), u64::MAX).is_ok());
    }
}

#[test]
fn a_serial_number_never_goes_down() {
    let list = |serial, byte| Floor {
        serial,
        list: Digest::new(HashAlgo::Sha256, &[byte; 32]).unwrap(),
    };
    let floor = list(5, 1);
    for (list, judged) in [
        (list(4, 2), Err(Cause::OlderSerial)),
        (list(0, 1), Err(Cause::OlderSerial)),
        (list(5, 1), Ok(Standing::Same)),
        (list(5, 2), Err(Cause::SameSerial)),
        (list(6, 1), Ok(Standing::Higher)),
        (list(u64::MAX, 2), Ok(Standing::Higher)),
    ] {
        assert_eq!(Floor::judge(Some(&floor), &list), judged, "{list:?}");
        assert_eq!(Floor::judge(None, &list), Ok(Standing::Higher));
    }
}

#[test]
fn a_digest_of_fs_verity_is_no_digest_of_content() {
    let digest = Digest::new(HashAlgo::Sha256, &DIGEST).unwrap();
    let data = written(|sink| {
        for kind in [Kind::Immutable, Kind::Revoked] {
            let digests = [&DIGEST[..]].into_iter();
            compact::write_verity_block(kind, HashAlgo::Sha256, digests, sink)?;
        }
        Ok(())
    })
    .unwrap();
    let list = ParsedList::parse(ListType::Compact, &data).unwrap();
    let mut entries = list.entries();
    for kind in [Kind::Immutable, Kind::Revoked] {
        let (found, entry) = entries.next().unwrap();
        assert_eq!(found, kind);
        assert!(entries.is_verity());
        assert_ne!(entry, digest);
        assert_eq!(verity::entry(&entry), digest);
    }
    assert_eq!(entries.next(), None);
    // Each algorithm has its own part of the constant, and no entry stands for empty content.
    for algo in HashAlgo::STRONG {
        let empty = Digest::new(algo, algo.empty_digest()).unwrap();
        let entry = verity::entry(&empty);
        assert_ne!(entry, empty);
        let data = written(|sink| {
            let digests = [entry.as_bytes()].into_iter();
            compact::write_verity_block(Kind::Immutable, algo, digests, sink)
        })
        .unwrap();
        let list = ParsedList::parse(ListType::Compact, &data).unwrap();
        assert_eq!((list.counts().total(), list.skipped_empty()), (0, 1));
    }
    let mutable = written(|sink| {
        let digests = [&DIGEST[..]].into_iter();
        compact::write_verity_block(Kind::Mutable, HashAlgo::Sha256, digests, sink)
    });
    assert_eq!(mutable, Err(Cause::UnknownEntryId));
}
