// SPDX-License-Identifier: GPL-2.0

//! The whole table as a writer and readers use it: against a model, under threads, and its size in memory.

use std::{
    collections::HashMap,
    sync::atomic::{
        AtomicBool,
        AtomicU64,
        Ordering, //
    },
    thread,
    time::Instant, //
};

use digest_logic::{
    hash_algo::HashAlgo,
    list::Kind,
    siphash::Key, //
};
use host_tests::{
    cases,
    table::{
        grouped,
        Writer, //
    }, //
};
use proptest::prelude::*;

const KEY: Key = Key([1, 2]);

/// A digest that is as good as random for a number.
fn digest(number: u64, algo: HashAlgo) -> Vec<u8> {
    (0..8u64)
        .flat_map(|word| Key([number, word]).hash(b"digest").to_le_bytes())
        .take(algo.digest_size())
        .collect()
}

fn entries(numbers: impl IntoIterator<Item = (Kind, u64)>, algo: HashAlgo) -> Vec<(Kind, Vec<u8>)> {
    numbers
        .into_iter()
        .map(|(kind, number)| (kind, digest(number, algo)))
        .collect()
}

#[derive(Clone, Debug)]
enum Step {
    Load(Vec<(Kind, u64)>),
    LoadTwo(Vec<(Kind, u64)>, Vec<(Kind, u64)>),
    Remove(prop::sample::Index),
}

fn any_list() -> impl Strategy<Value = Vec<(Kind, u64)>> {
    let kind = prop_oneof![
        6 => Just(Kind::Immutable),
        3 => Just(Kind::Mutable),
        1 => Just(Kind::Revoked),
    ];
    prop_oneof![
        // Many lists of a few common digests, and few of many.
        4 => prop::collection::vec((kind.clone(), 0u64..60), 1..80),
        1 => prop::collection::vec((kind, 0u64..2000), 1..700),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any_list().prop_map(Step::Load),
        1 => (any_list(), any_list()).prop_map(|(a, b)| Step::LoadTwo(a, b)),
        3 => any::<prop::sample::Index>().prop_map(Step::Remove),
    ]
}

/// What the table should say, computed from the loaded lists every time.
fn model(lists: &HashMap<usize, Vec<(Kind, u64)>>) -> HashMap<u64, Kind> {
    let mut model: HashMap<u64, Kind> = HashMap::new();
    for (kind, number) in lists.values().flatten() {
        let best = model.entry(*number).or_insert(*kind);
        if kind.precedence() > best.precedence() {
            *best = *kind;
        }
    }
    model
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn the_table_agrees_with_a_map(
        algo in prop::sample::select(&HashAlgo::ALL[1..]),
        steps in prop::collection::vec(any_step(), 1..40),
    ) {
        let mut writer = Writer::new(algo, KEY);
        let mut lists = HashMap::new();
        let mut held = Vec::new();
        for step in steps {
            let before = (writer.published.get(), model(&lists));
            match step {
                Step::Load(list) => {
                    let (counts, digests) = grouped(&entries(list.clone(), algo));
                    let number = writer.load(counts, digests).unwrap();
                    lists.insert(number, list);
                    // Lists come and go only by publication: an old snapshot says what it said.
                    held.push(before);
                }
                Step::LoadTwo(a, b) => {
                    let both = [&a, &b].map(|list| grouped(&entries(list.clone(), algo)));
                    let numbers = writer.load_all(both.to_vec()).unwrap();
                    lists.extend(numbers.into_iter().zip([a, b]));
                    held.push(before);
                }
                Step::Remove(index) if !lists.is_empty() => {
                    let loaded = writer.loaded();
                    let number = loaded[index.index(loaded.len())];
                    lists.remove(&number);
                    // No reader may hold a snapshot across the removal.
                    held.clear();
                    drop(before);
                    writer.remove(number);
                }
                Step::Remove(_) => (),
            }

            let now = model(&lists);
            prop_assert_eq!(writer.distinct as usize, now.len());
            let snapshot = writer.published.get();
            let view = snapshot.view();
            for number in 0..2000 {
                let digest = digest(number, algo);
                let found = view.lookup(&digest);
                prop_assert_eq!(found.map(|found| found.kind), now.get(&number).copied());
                if let Some(found) = found {
                    prop_assert_eq!(view.resolve(found.id), Some((found.kind, digest.as_slice())));
                    let owner = view.owner(found.id).unwrap().0.as_ref().unwrap();
                    prop_assert!(found.id >= owner.base);
                }
            }
            drop(snapshot);
            for (snapshot, model) in &held {
                let view = snapshot.view();
                for number in 0..60 {
                    let found = view.lookup(&digest(number, algo));
                    prop_assert_eq!(found.map(|found| found.kind), model.get(&number).copied());
                }
            }
        }

        held.clear();
        for number in writer.loaded() {
            writer.remove(number);
        }
        prop_assert_eq!(writer.distinct, 0);
        prop_assert_eq!(writer.occupancy.live, 0);
        prop_assert_eq!(writer.occupancy.tombstones, 0);
    }
}

#[test]
fn a_list_that_repeats_one_digest_is_loaded_in_linear_time() {
    let algo = HashAlgo::Sha256;
    let list = entries((0..200_000).map(|_| (Kind::Immutable, 1)), algo);
    let (counts, digests) = grouped(&list);
    let mut writer = Writer::new(algo, KEY);
    let number = writer.load(counts, digests).unwrap();
    assert_eq!((writer.distinct, writer.occupancy.live), (1, 1));
    let snapshot = writer.published.get();
    assert!(snapshot.view().lookup(&digest(1, algo)).is_some());
    drop(snapshot);
    writer.remove(number);
    assert_eq!((writer.distinct, writer.occupancy.live), (0, 0));
}

#[test]
fn ten_thousand_lists_that_share_digests_come_and_go() {
    let algo = HashAlgo::Sha256;
    let mut writer = Writer::new(algo, KEY);
    for part in 0..100 {
        let lists = (0..100)
            .map(|list| {
                let own = (part * 100 + list) * 10;
                let shared = [(Kind::Mutable, 1_000_000), (Kind::Immutable, 1_000_001)];
                let own = (own..own + 10).map(|number| (Kind::Immutable, number));
                grouped(&entries(own.chain(shared), algo))
            })
            .collect();
        writer.load_all(lists).unwrap();
    }
    assert_eq!(writer.distinct, 100_002);
    assert_eq!(writer.occupancy.live, 120_000);
    let revoke = grouped(&entries([(Kind::Revoked, 1_000_000)], algo));
    let revoked = writer.load(revoke.0, revoke.1).unwrap();
    let kind = |writer: &Writer, number| {
        let snapshot = writer.published.get();
        let found = snapshot.view().lookup(&digest(number, algo));
        found.map(|found| found.kind)
    };
    assert_eq!(kind(&writer, 1_000_000), Some(Kind::Revoked));
    assert_eq!(kind(&writer, 1_000_001), Some(Kind::Immutable));
    writer.remove(revoked);
    assert_eq!(kind(&writer, 1_000_000), Some(Kind::Mutable));
    let mut loaded = writer.loaded();
    // Removed in an order that has nothing to do with that of loading.
    loaded.sort_by_key(|number| KEY.hash(&number.to_le_bytes()));
    for number in loaded.split_off(9_000) {
        writer.remove(number);
    }
    assert_eq!(writer.distinct, 90_002);
    for number in loaded {
        writer.remove(number);
    }
    assert_eq!((writer.distinct, writer.occupancy.live), (0, 0));
    assert_eq!(writer.occupancy.tombstones, 0);
}

#[test]
fn readers_see_whole_lists_and_no_gap_in_a_revocation() {
    let algo = HashAlgo::Sha256;
    let mut writer = Writer::new(algo, KEY);
    let load = |writer: &mut Writer, list: Vec<(Kind, u64)>| {
        let (counts, digests) = grouped(&entries(list, algo));
        writer.load(counts, digests).unwrap()
    };
    // Number 1 is known for good, number 2 is known and always revoked by a list that is replaced again and
    // again, and the numbers from 1000 stand for lists that come and go as a whole.
    load(
        &mut writer,
        vec![(Kind::Immutable, 1), (Kind::Immutable, 2)],
    );
    let mut revocation = load(&mut writer, vec![(Kind::Revoked, 2)]);
    let published = writer.published.clone();
    let stop = AtomicBool::new(false);
    let lookups = AtomicU64::new(0);
    let mut rounds = 0u64;

    thread::scope(|scope| {
        for reader in 0..3u64 {
            let (published, stop, lookups) = (&published, &stop, &lookups);
            scope.spawn(move || {
                let known = digest(1, algo);
                let revoked = digest(2, algo);
                let lists: Vec<Vec<Vec<u8>>> = (0..4)
                    .map(|list| {
                        (0..400)
                            .map(|n| digest(1000 + list * 1000 + n, algo))
                            .collect()
                    })
                    .collect();
                let mut turn = reader;
                while !stop.load(Ordering::Relaxed) {
                    let snapshot = published.get();
                    let view = snapshot.view();
                    let kind = |digest: &[u8]| view.lookup(digest).map(|found| found.kind);
                    assert_eq!(kind(&known), Some(Kind::Immutable));
                    assert_eq!(kind(&revoked), Some(Kind::Revoked));
                    for list in &lists {
                        let present = list.iter().filter(|digest| kind(digest).is_some()).count();
                        assert!(present == 0 || present == list.len(), "{present}");
                    }
                    turn = turn.wrapping_add(1);
                    lookups.fetch_add(2 + 1600, Ordering::Relaxed);
                }
            });
        }
        let start = Instant::now();
        let mut loaded = [None; 4];
        while start.elapsed().as_millis() < 3000 {
            rounds += 1;
            let next = load(&mut writer, vec![(Kind::Revoked, 2), (Kind::Mutable, 9)]);
            writer.remove(revocation);
            revocation = next;
            let list = rounds % 4;
            if let Some(number) = loaded[list as usize].take() {
                writer.remove(number);
            } else {
                let numbers = 1000 + list * 1000..1400 + list * 1000;
                let number = load(&mut writer, numbers.map(|n| (Kind::Immutable, n)).collect());
                loaded[list as usize] = Some(number);
            }
            if rounds % 50 == 0 {
                // A list so large that the index grows, and with it goes away again.
                let large = load(
                    &mut writer,
                    (10_000..14_000).map(|n| (Kind::Mutable, n)).collect(),
                );
                writer.remove(large);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!(
        "{rounds} rounds of the writer, {} growths, {} lookups of the readers",
        writer.growths,
        lookups.load(Ordering::Relaxed)
    );
    assert!(rounds > 10 && writer.growths > 0);
}

#[test]
fn memory_per_digest_is_at_most_40_bytes_however_the_lists_are_cut() {
    let algo = HashAlgo::Sha256;
    for (lists, per_list) in [
        (1, 100_000),
        (1_000, 100),
        (300, 333),
        (1, 1_000_000),
        (100, 10_000),
    ] {
        let mut writer = Writer::new(algo, KEY);
        let mut numbers = 0u64..;
        for _ in 0..lists {
            let list = numbers.by_ref().take(per_list);
            let (counts, digests) = grouped(&entries(list.map(|n| (Kind::Immutable, n)), algo));
            writer.load(counts, digests).unwrap();
        }
        assert_eq!(writer.distinct as usize, lists * per_list);
        let per_digest = writer.bytes() as f64 / f64::from(writer.distinct);
        println!(
            "{lists} lists of {per_list}: {per_digest:.2} bytes per digest, {} growths",
            writer.growths
        );
        assert!(per_digest <= 40.0);
    }
}
