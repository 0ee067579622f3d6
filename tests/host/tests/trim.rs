// SPDX-License-Identifier: GPL-2.0

//! Trimming the measurement list: requests, numbers of records, and whose turn it is.

use digest_logic::{
    refusal::Cause,
    trim::{
        Numbers,
        Place,
        Request,
        Turns, //
    },
};

#[test]
fn the_words_are_those_of_ima() {
    for (data, staged, request) in [
        ("A\n", true, Some(Request::Stage)),
        ("A", true, Some(Request::Stage)),
        ("D\n", true, Some(Request::DeleteStaged)),
        ("5\n", true, None),
        ("A\n", false, None),
        ("D\n", false, None),
        ("5\n", false, Some(Request::Delete(5))),
        ("0\n", false, None),
        ("", false, None),
        ("\n", false, None),
        ("-5\n", false, None),
        ("5 \n", false, None),
        ("5\n\n", false, None),
        ("a\n", true, None),
        ("AD\n", true, None),
        (
            "18446744073709551615\n",
            false,
            Some(Request::Delete(u64::MAX)),
        ),
        ("18446744073709551616\n", false, None),
        ("0000000000000000000005\n", false, None),
    ] {
        assert_eq!(
            Request::parse(data.as_bytes(), staged),
            request.ok_or(Cause::BadLength),
            "{data:?} {staged}"
        );
    }
}

#[test]
fn a_record_keeps_its_number_whatever_is_staged_and_deleted() {
    // Each record is its number.
    let (mut staged, mut list) = (Vec::<usize>::new(), Vec::<usize>::new());
    let mut numbers = Numbers::default();
    let mut total = 0;
    let mut random = 1u64;
    for _ in 0..10_000 {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1);
        match random >> 61 {
            0 if staged.is_empty() && !list.is_empty() => {
                numbers.stage(list.len());
                core::mem::swap(&mut staged, &mut list);
            }
            1 => staged.clear(),
            2 if !list.is_empty() => {
                let count = (random >> 33) as usize % list.len() + 1;
                list.drain(..count);
                numbers.delete(count);
            }
            _ => {
                assert_eq!(numbers.of(list.len()), total);
                list.push(total);
                total += 1;
            }
        }
        assert_eq!(
            numbers.deleted(staged.len()),
            total - staged.len() - list.len()
        );
        for number in total.saturating_sub(30)..total + 2 {
            let found = match numbers.place(number, staged.len()) {
                Some(Place::Staged(index)) => staged.get(index),
                Some(Place::List(index)) => list.get(index),
                None => None,
            };
            let there = staged.contains(&number) || list.contains(&number);
            assert_eq!(found, there.then_some(&number));
        }
    }
}

#[test]
fn there_are_readers_or_one_writer() {
    let mut turns = Turns::new();
    assert!(turns.open(1, false) && turns.open(2, false));
    assert!(!turns.open(1, true), "a reader is there");
    turns.close(false);
    assert!(!turns.open(1, true), "another one is");
    turns.close(false);
    assert!(turns.open(1, true));
    assert!(!turns.open(2, true), "there is a writer");
    assert!(!turns.open(2, false) && !turns.open(1, false));
    assert!(turns.open(1, true), "it may open another file");
    turns.close(true);
    assert!(!turns.open(2, true), "it has one left");
    turns.close(true);
    assert!(turns.open(2, true));
}
