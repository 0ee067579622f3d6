// SPDX-License-Identifier: GPL-2.0

//! Evidence of use: which digests have their bit, the text of it, and the record of a checkpoint.

use std::{
    sync::atomic::{
        AtomicU8,
        Ordering, //
    },
    thread, //
};

use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::Kind,
    refusal::Cause,
    seen::{
        self,
        bytes_for,
        note,
        put_back,
        take,
        write_line,
        Checkpoint,
        Line,
        Take, //
    },
    siphash::Key,
};
use host_tests::{
    table::{
        grouped,
        List,
        Table, //
    },
    written, //
};

const SHA256: HashAlgo = HashAlgo::Sha256;

fn digest(number: u64) -> Digest {
    let words = (0..4u64).flat_map(|word| Key([number, word]).hash(b"seen").to_le_bytes());
    Digest::new(SHA256, &words.collect::<Vec<_>>()).unwrap()
}

fn bits(count: u32) -> Vec<AtomicU8> {
    (0..bytes_for(count)).map(|_| AtomicU8::new(0)).collect()
}

fn taken(bits: &[AtomicU8], how: Take) -> Vec<u8> {
    let mut out = vec![0xaa; bits.len()];
    take(bits, how, &mut out);
    out
}

fn line(count: u32, bits: &[u8]) -> Vec<u8> {
    written(|sink| write_line(&digest(1), count, bits, sink)).unwrap()
}

/// The numbers of the digests of the list that have their bit.
fn seen_of(list: &List) -> Vec<u32> {
    let text = line(list.counts.total(), &taken(&list.seen, Take::Keep));
    let (line, _) = Line::parse(&text).unwrap();
    (0..line.count).filter(|n| line.is_seen(*n)).collect()
}

#[test]
fn a_digest_costs_an_eighth_of_a_byte() {
    assert_eq!(bytes_for(0), 0);
    assert_eq!(bytes_for(1), 1);
    assert_eq!(bytes_for(8), 1);
    assert_eq!(bytes_for(9), 2);
    assert_eq!(bytes_for(1_000_000), 125_000);
}

#[test]
fn the_text_has_the_first_digest_in_the_lowest_bit() {
    let bits = bits(12);
    for position in [0, 1, 5, 11] {
        note(&bits, position);
        note(&bits, position);
    }
    // Behind the end there is nothing to note.
    note(&bits, 16);
    let text = line(12, &taken(&bits, Take::Keep));
    assert_eq!(
        String::from_utf8(text.clone()).unwrap(),
        format!("{} 12 2308\n", digest(1))
    );
    let more = [text.as_slice(), &line(0, &[])].concat();
    let (first, rest) = Line::parse(&more).unwrap();
    assert_eq!((first.list, first.count), (digest(1), 12));
    let seen: Vec<_> = (0..20).filter(|n| first.is_seen(*n)).collect();
    assert_eq!(seen, [0, 1, 5, 11]);
    assert_eq!(first.seen(), 4);
    let (second, rest) = Line::parse(rest).unwrap();
    assert_eq!((second.count, second.seen(), rest.len()), (0, 0, 0));
}

#[test]
fn only_the_text_that_is_written_is_read() {
    let name = digest(1).to_string();
    for (tail, error) in [
        (" 12 2308", Cause::Truncated),
        (" 12 230\n", Cause::BadLength),
        (" 12 230800\n", Cause::BadLength),
        (" 12 2318\n", Cause::BadLength),
        (" 012 2308\n", Cause::BadLength),
        (" +12 2308\n", Cause::BadLength),
        (" 4294967296 \n", Cause::BadLength),
        (" 99999999999999999999 \n", Cause::BadLength),
        (" 12\t2308\n", Cause::BadLength),
        (" 12 23 8\n", Cause::BadHex),
        (" 16 23AB\n", Cause::BadHex),
        ("12 2308\n", Cause::BadLength),
        ("", Cause::Truncated),
    ] {
        let text = format!("{name}{tail}");
        assert_eq!(Line::parse(text.as_bytes()), Err(error), "{tail:?}");
    }
    let upper = format!("{} 8 00\n", name.to_uppercase());
    assert_eq!(Line::parse(upper.as_bytes()), Err(Cause::UnknownAlgorithm));
}

#[test]
fn the_record_of_a_checkpoint_is_read_as_it_is_written() {
    for (how, length) in [
        (Take::Keep, 0),
        (Take::Keep, u64::MAX),
        (Take::Reset, 250_123),
    ] {
        let checkpoint = Checkpoint {
            text: digest(2),
            length,
            how,
        };
        let data = written(|sink| checkpoint.write(sink)).unwrap();
        assert!(data.len() <= Checkpoint::MAX);
        let reset = if how == Take::Reset { " reset" } else { "" };
        assert_eq!(
            String::from_utf8(data.clone()).unwrap(),
            format!("{} {length}{reset}\n", digest(2))
        );
        assert_eq!(Checkpoint::parse(&data), Ok(checkpoint));
        assert!(Checkpoint::parse(&data[..data.len() - 1]).is_err());
        assert!(Checkpoint::parse(&[data.as_slice(), b"\n"].concat()).is_err());
    }
}

#[test]
fn an_access_sets_the_bit_of_the_digest_that_was_found_and_a_question_none() {
    let mut table = Table::new(Key([1, 2]));
    let entry = |kind, number| (kind, digest(number).as_bytes().to_vec());
    let (counts, digests) = grouped(&[
        entry(Kind::Mutable, 10),
        entry(Kind::Immutable, 11),
        entry(Kind::Revoked, 12),
        entry(Kind::Immutable, 13),
        // Once more: only the first one is found.
        entry(Kind::Immutable, 11),
    ]);
    table.load(SHA256, counts, &digests);
    let now = table.published.get();
    let list = now.lists().next().unwrap();
    for number in 10..14 {
        assert!(now.peek(&digest(number)).is_some());
    }
    assert!(now.verdict(&digest(14)).is_none());
    assert_eq!(seen_of(list), []);
    // Immutable first, then mutable, then revoked, each in the order of the file.
    for (number, seen) in [
        (12, vec![4]),
        (11, vec![0, 4]),
        (10, vec![0, 3, 4]),
        (13, vec![0, 1, 3, 4]),
    ] {
        assert!(now.verdict(&digest(number)).is_some());
        assert_eq!(seen_of(list), seen);
    }
}

#[test]
fn no_bit_is_lost_when_the_table_grows_or_other_lists_come_and_go() {
    let mut table = Table::new(Key([1, 2]));
    let list_of = |numbers: core::ops::Range<u64>| {
        let entries = numbers.map(|n| (Kind::Immutable, digest(n).as_bytes().to_vec()));
        grouped(&entries.collect::<Vec<_>>())
    };
    let first = list_of(0..300);
    table.load(SHA256, first.0, &first.1);
    for number in (0..300).step_by(7) {
        assert!(table.published.get().verdict(&digest(number)).is_some());
    }
    let expected: Vec<u32> = (0..300).step_by(7).collect();
    let other = list_of(1_000..20_000);
    let other = table.load(SHA256, other.0, &other.1);
    let seen = |table: &Table| seen_of(table.published.get().lists().next().unwrap());
    assert_eq!(seen(&table), expected, "after growth");
    table.remove(&other);
    assert_eq!(seen(&table), expected, "after a removal");
}

#[test]
fn a_bit_that_is_set_while_bits_start_anew_is_taken_or_stays() {
    const COUNT: u32 = 20_000;
    let bits = bits(COUNT);
    let mut all = vec![0; bits.len()];
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|reader| {
                let bits = &bits;
                scope
                    .spawn(move || (0..COUNT).for_each(|n| note(bits, (n * 7919 + reader) % COUNT)))
            })
            .collect();
        let mut done = false;
        while !done {
            done = readers.iter().all(|reader| reader.is_finished());
            for (all, byte) in all.iter_mut().zip(taken(&bits, Take::Reset)) {
                *all |= byte;
            }
        }
    });
    let last = taken(&bits, Take::Reset);
    let missing = all.iter().zip(&last).filter(|(a, b)| *a | *b != 0xff);
    assert_eq!(missing.count(), 0);
    assert!(taken(&bits, Take::Keep).iter().all(|byte| *byte == 0));
}

#[test]
fn bits_that_are_put_back_join_those_that_were_set_meanwhile() {
    let bits = bits(16);
    note(&bits, 3);
    let before = taken(&bits, Take::Reset);
    note(&bits, 9);
    put_back(&bits, &before);
    assert_eq!(taken(&bits, Take::Keep), [8, 2]);
    assert_eq!(bits[0].load(Ordering::Relaxed), 8);
    assert_eq!(seen::bytes_for(16), 2);
}

#[test]
fn every_bit_is_counted_whatever_the_length() {
    let list = digest(1);
    for count in (0..2000).step_by(7) {
        let bits: Vec<u8> = (0..count).map(|n| (n * 37 % 256) as u8).collect();
        let line = written(|sink| write_line(&list, count * 8, &bits, sink)).unwrap();
        let (line, rest) = Line::parse(&line).unwrap();
        let wanted: u32 = bits.iter().map(|byte| byte.count_ones()).sum();
        assert_eq!((line.seen(), rest.len()), (wanted, 0), "{count} bytes");
    }
}
