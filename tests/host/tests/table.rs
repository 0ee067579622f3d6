// SPDX-License-Identifier: GPL-2.0

//! The whole table as a writer and readers use it: against a model, under threads, and its size in
//! memory.

use std::{
    collections::{
        BTreeMap,
        HashMap, //
    },
    slice,
    sync::{
        atomic::{
            AtomicBool,
            AtomicU64,
            Ordering, //
        },
        LazyLock, //
    },
    thread,
    time::Instant, //
};

use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind, //
    },
    refusal::Cause,
    siphash::Key,
    table::{
        self,
        Damaged,
        Memory,
        Writer, //
    },
    verdict::Verdict, //
};
use host_tests::{
    cases,
    table::{
        failing,
        grouped,
        indexes_made,
        live,
        slots_in_use,
        Error,
        Host,
        List,
        Published,
        Shared,
        Snapshot,
        Table, //
    }, //
};
use proptest::prelude::*;

const KEY: Key = Key([1, 2]);

/// How many numbers the tests against a model take digests from.
const NUMBERS: u64 = 2000;

/// A digest that is as good as random for a number.
fn digest(number: u64, algo: HashAlgo) -> Vec<u8> {
    (0..8u64)
        .flat_map(|word| Key([number, word]).hash(b"digest").to_le_bytes())
        .take(algo.digest_size())
        .collect()
}

fn known(number: u64, algo: HashAlgo) -> Digest {
    Digest::new(algo, &digest(number, algo)).unwrap()
}

/// The digests of the first numbers, of every algorithm.
static DIGESTS: LazyLock<Vec<(HashAlgo, u64, Digest)>> = LazyLock::new(|| {
    let numbers = |algo| (0..NUMBERS).map(move |number| (algo, number, known(number, algo)));
    HashAlgo::STRONG.into_iter().flat_map(numbers).collect()
});

fn entries(numbers: impl IntoIterator<Item = (Kind, u64)>, algo: HashAlgo) -> Vec<(Kind, Vec<u8>)> {
    numbers
        .into_iter()
        .map(|(kind, number)| (kind, digest(number, algo)))
        .collect()
}

/// What a list says, for the model.
#[derive(Clone, Debug)]
struct Said {
    algo: HashAlgo,
    signed: bool,
    entries: Vec<(Kind, u64)>,
}

/// A change of the table.
#[derive(Clone, Debug)]
enum Step {
    Add(Vec<Said>),
    Sign(prop::sample::Index),
    Remove(Vec<prop::sample::Index>),
    /// The list is found changed, its revocations included or not.
    Damage(prop::sample::Index, bool),
    /// The first list of which it is not known what it revoked is loaded again.
    Restore,
}

fn any_list() -> impl Strategy<Value = Said> {
    let kind = prop_oneof![
        6 => Just(Kind::Immutable),
        3 => Just(Kind::Mutable),
        1 => Just(Kind::Revoked),
    ];
    let entries = prop_oneof![
        // Many lists of a few common digests, and few of many.
        4 => prop::collection::vec((kind.clone(), 0u64..60), 1..80),
        1 => prop::collection::vec((kind, 0u64..NUMBERS), 1..700),
    ];
    (
        prop::sample::select(&HashAlgo::STRONG[..]),
        any::<bool>(),
        entries,
    )
        .prop_map(|(algo, signed, entries)| Said {
            algo,
            signed,
            entries,
        })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => prop::collection::vec(any_list(), 1..4).prop_map(Step::Add),
        1 => any::<prop::sample::Index>().prop_map(Step::Sign),
        3 => prop::collection::vec(any::<prop::sample::Index>(), 1..3).prop_map(Step::Remove),
        1 => (any::<prop::sample::Index>(), any::<bool>())
            .prop_map(|(list, revoked)| Step::Damage(list, revoked)),
        1 => Just(Step::Restore),
    ]
}

/// A change that is made, or tried.
type Change<'a> = dyn FnMut(&mut Table) -> Result<(), Error> + 'a;

/// The table beside what it should say.
struct Model {
    table: Table,
    lists: BTreeMap<u64, (Digest, Said)>,
    lost: Vec<(Digest, Said)>,
    next: u64,
}

/// All that can be seen of a table.
#[derive(Debug, PartialEq)]
struct Seen {
    lists: Vec<(Digest, bool, Counts)>,
    lost: usize,
    verdicts: Vec<Option<Verdict>>,
    digests: u64,
    usage: String,
    slots: (usize, usize),
    live: isize,
}

impl Model {
    fn new() -> Self {
        Self {
            table: Table::new(KEY),
            lists: BTreeMap::new(),
            lost: Vec::new(),
            next: 0,
        }
    }

    /// A list as the table takes it.
    fn made(&mut self, said: &Said) -> Shared<List> {
        let (counts, digests) = grouped(&entries(said.entries.clone(), said.algo));
        let mut list = self.table.list(said.algo, counts, &digests);
        list.signed = said.signed;
        Host::<List>::share(list).unwrap()
    }

    /// What the lists say, computed anew, of every digest that any of them has.
    fn expected(&self) -> HashMap<(HashAlgo, u64), Verdict> {
        let mut all: HashMap<_, Verdict> = HashMap::new();
        for (_, said) in self.lists.values() {
            for (kind, number) in &said.entries {
                let one = Verdict::of(*kind, said.signed);
                all.entry((said.algo, *number))
                    .and_modify(|sum| *sum = sum.or(one))
                    .or_insert(one);
            }
        }
        all
    }

    fn seen(&self) -> Seen {
        let now = self.table.published.get();
        Seen {
            lists: now
                .lists()
                .map(|l| (l.digest, l.signed, l.counts))
                .collect(),
            lost: now.lost(),
            verdicts: DIGESTS
                .iter()
                .map(|(.., digest)| now.verdict(digest))
                .collect(),
            digests: self.table.writer.digests(),
            usage: format!("{:?}", self.table.writer.usage),
            slots: slots_in_use(),
            live: live(),
        }
    }

    /// Whether all that can be seen is as the model says.
    fn check(&self) {
        let expected = self.expected();
        let now = self.table.published.get();
        for (algo, number, digest) in DIGESTS.iter() {
            let verdict = if self.lost.is_empty() {
                expected.get(&(*algo, *number)).copied()
            } else {
                Some(Verdict::REVOKED)
            };
            assert_eq!(now.verdict(digest), verdict, "{algo} {number}");
        }
        let lists: Vec<_> = now.lists().map(|list| list.digest).collect();
        assert_eq!(
            lists,
            self.lists
                .values()
                .map(|(digest, _)| *digest)
                .collect::<Vec<_>>()
        );
        assert_eq!(now.lost(), self.lost.len());
        assert_eq!(now.reach(), self.reach());
        assert_eq!(self.table.writer.digests(), expected.len() as u64);
    }

    /// Whether the writer knows what is in the indexes. No reader may hold an earlier snapshot.
    fn check_indexes(&self) {
        let usage = &self.table.writer.usage;
        let sum = usage.iter().fold((0, 0), |(live, tombstones), (_, usage)| {
            (
                live + usage.occupancy.live,
                tombstones + usage.occupancy.tombstones,
            )
        });
        assert_eq!(sum, slots_in_use(), "entries and tombstones");
    }

    fn reach(&self) -> table::PerAlgo<digest_logic::verdict::Reach> {
        let mut reach = table::PerAlgo::default();
        for (_, said) in self.lists.values() {
            let (counts, _) = grouped(&entries(said.entries.clone(), said.algo));
            let of: &mut digest_logic::verdict::Reach = reach.get_mut(said.algo).unwrap();
            of.add(&counts, said.signed);
        }
        reach
    }

    /// Does one step: `attempt` is given the change and makes it, in the end without an error.
    fn step(&mut self, step: &Step, attempt: &mut dyn FnMut(&mut Self, &mut Change<'_>)) {
        let pick = |index: &prop::sample::Index, lists: &BTreeMap<u64, (Digest, Said)>| {
            let keys: Vec<_> = lists.keys().copied().collect();
            keys[index.index(keys.len())]
        };
        match step {
            Step::Add(said) => {
                let new: Vec<_> = said.iter().map(|said| self.made(said)).collect();
                attempt(self, &mut |table| table.add(&new));
                for (list, said) in new.iter().zip(said) {
                    self.next += 1;
                    self.lists.insert(self.next, (list.digest, said.clone()));
                }
            }
            Step::Restore => {
                let Some((digest, said)) = self.lost.first().cloned() else {
                    return;
                };
                let (counts, digests) = grouped(&entries(said.entries.clone(), said.algo));
                let mut list = List::new(0, said.algo, counts, &digests);
                (list.digest, list.signed) = (digest, said.signed);
                let list = Host::<List>::share(list).unwrap();
                attempt(self, &mut |table| table.add(slice::from_ref(&list)));
                self.lost.remove(0);
                self.next += 1;
                self.lists.insert(self.next, (digest, said));
            }
            _ if self.lists.is_empty() => (),
            Step::Sign(index) => {
                let key = pick(index, &self.lists);
                let (digest, said) = self.lists[&key].clone();
                let (counts, digests) = grouped(&entries(said.entries, said.algo));
                let mut list = List::new(0, said.algo, counts, &digests);
                (list.digest, list.signed) = (digest, true);
                let list = Host::<List>::share(list).unwrap();
                attempt(self, &mut |table| {
                    let same = |old: &List| (old.digest == digest).then(|| list.clone());
                    table.writer.add(&*table.published, &[], same)
                });
                self.lists.get_mut(&key).unwrap().1.signed = true;
            }
            Step::Remove(indexes) => {
                let keys: Vec<_> = indexes
                    .iter()
                    .map(|index| pick(index, &self.lists))
                    .collect();
                let gone: Vec<_> = keys.iter().map(|key| self.lists[key].0).collect();
                attempt(self, &mut |table| {
                    let is_gone = |list: &List| gone.contains(&list.digest);
                    let commit = || Ok::<_, Error>(());
                    table.writer.remove(&*table.published, is_gone, commit)
                });
                self.lists.retain(|key, _| !keys.contains(key));
            }
            Step::Damage(index, revocations) => {
                let key = pick(index, &self.lists);
                let (digest, said) = self.lists[&key].clone();
                let revokes = said.entries.iter().any(|(kind, _)| *kind == Kind::Revoked);
                let revocations = *revocations && revokes;
                attempt(self, &mut |table| {
                    table.writer.withdraw(&*table.published, |list| {
                        Ok(match list.digest == digest {
                            false => Damaged::Intact,
                            true if revocations => Damaged::RevocationsLost,
                            true if revokes => {
                                Damaged::Revocations(Host::<List>::share(list.rest())?)
                            }
                            true => Damaged::Gone,
                        })
                    })
                });
                if revocations {
                    self.lost.push(self.lists.remove(&key).unwrap());
                } else if revokes {
                    let (_, said) = self.lists.get_mut(&key).unwrap();
                    said.signed = false;
                    said.entries.retain(|(kind, _)| *kind == Kind::Revoked);
                } else {
                    self.lists.remove(&key);
                }
            }
        }
    }
}

/// Does what is asked for.
fn at_once(model: &mut Model, change: &mut Change<'_>) {
    change(&mut model.table).unwrap();
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn the_table_agrees_with_a_map(steps in prop::collection::vec(any_step(), 1..40)) {
        let mut model = Model::new();
        let before = live();
        let mut held: Vec<(Shared<Snapshot>, _)> = Vec::new();
        for step in steps {
            let is_lost = !model.lost.is_empty();
            let snapshot = model.table.published.get();
            let expected = model.expected();
            match step {
                // Lists come by publication only: an old snapshot says what it said.
                Step::Add(_) | Step::Sign(_) if !is_lost => held.push((snapshot, expected)),
                // No reader may hold a snapshot across a removal.
                _ => {
                    drop(snapshot);
                    held.clear();
                }
            }
            model.step(&step, &mut at_once);
            model.check();
            if held.is_empty() {
                model.check_indexes();
            }
            for (snapshot, expected) in &held {
                for (algo, number, digest) in DIGESTS.iter().filter(|(_, number, _)| *number < 60) {
                    let verdict = expected.get(&(*algo, *number)).copied();
                    prop_assert_eq!(snapshot.verdict(digest), verdict);
                }
            }
        }

        held.clear();
        let all: Vec<_> = model.lists.values().map(|(digest, _)| *digest).collect();
        for list in all {
            model.table.remove(&list);
        }
        prop_assert_eq!(model.table.writer.digests(), 0);
        prop_assert_eq!(slots_in_use(), (0, 0));
        if model.lost.is_empty() {
            prop_assert_eq!(live(), before, "pieces of memory");
        }
        drop(model);
        prop_assert_eq!(live(), 0, "pieces of memory");
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn a_change_without_memory_leaves_everything_as_it_was(
        steps in prop::collection::vec(any_step(), 1..16),
    ) {
        let mut model = Model::new();
        let mut failures = 0;
        for step in steps {
            model.step(&step, &mut |model, change| {
                let before = model.seen();
                // Each allocation fails once, and, the second time, all that come after it fail as
                // well.
                for count in 0.. {
                    let mut failed = false;
                    for all in [true, false] {
                        let result;
                        (result, failed) = failing(count, all, || change(&mut model.table));
                        if failed {
                            assert_eq!(result, Err(Error::NoMemory));
                            assert_eq!(model.seen(), before);
                            failures += 1;
                        } else {
                            result.unwrap();
                            break;
                        }
                    }
                    if !failed {
                        break;
                    }
                }
            });
            model.check();
            model.check_indexes();
        }
        prop_assert!(model.next == 0 || failures > 0);
        drop(model);
        prop_assert_eq!(live(), 0, "pieces of memory");
    }
}

#[test]
fn a_removal_that_is_not_committed_removes_nothing() {
    let mut model = Model::new();
    for signed in [false, true] {
        let entries = (0..900).map(|number| (Kind::Immutable, number)).collect();
        let algo = HashAlgo::Sha256;
        model.step(
            &Step::Add(vec![Said {
                algo,
                signed,
                entries,
            }]),
            &mut at_once,
        );
    }
    let before = model.seen();
    let committed = std::cell::Cell::new(0);
    let refuse = || {
        committed.set(committed.get() + 1);
        Err(Error::Cause(Cause::Empty))
    };
    // One of two with the same digests, for which the index stays, and both, for which it would be
    // made anew.
    for gone in [
        &(|list: &List| list.signed) as &dyn Fn(&List) -> bool,
        &|_| true,
    ] {
        let Table {
            writer, published, ..
        } = &mut model.table;
        let result = writer.remove(&**published, gone, refuse);
        assert_eq!(result, Err(Error::Cause(Cause::Empty)));
        assert_eq!(model.seen(), before);
    }
    assert_eq!(committed.take(), 2);
    // Nothing is committed where memory is missing.
    for count in 0.. {
        let Table {
            writer, published, ..
        } = &mut model.table;
        let (result, failed) = failing(count, false, || {
            writer.remove(&**published, |_| true, refuse)
        });
        if !failed {
            break;
        }
        assert_eq!((result, committed.get()), (Err(Error::NoMemory), 0));
    }
    model.check();
}

/// A list that turns out to have more digests than it had when it was asked first.
struct Growing {
    list: List,
    asked: AtomicU64,
    grows_after: u64,
}

impl table::List for Growing {
    fn digest(&self) -> &Digest {
        &self.list.digest
    }

    fn algo(&self) -> HashAlgo {
        self.list.algo
    }

    fn counts(&self) -> Counts {
        let all = self.list.counts;
        if self.asked.fetch_add(1, Ordering::Relaxed) >= self.grows_after {
            return all;
        }
        Counts {
            immutable: 64.min(all.immutable),
            ..Counts::default()
        }
    }

    fn digests(&self) -> &[u8] {
        table::List::digests(&self.list)
    }

    fn counts_for_appraisal(&self) -> bool {
        false
    }

    fn found(&self, _position: u32) {}
}

#[test]
fn lists_that_do_not_fit_after_all_leave_the_indexes_as_they_were() {
    let algo = HashAlgo::Sha256;
    let list = |numbers: std::ops::Range<u64>, grows_after| {
        let number = numbers.start;
        let numbered = numbers.map(|number| (Kind::Immutable, number));
        let (counts, digests) = grouped(&entries(numbered, algo));
        Host::<Growing>::share(Growing {
            list: List::new(number, algo, counts, &digests),
            asked: AtomicU64::new(0),
            grows_after,
        })
        .unwrap()
    };
    let mut refused = 0;
    for grows_after in 0..200 {
        let mut writer = Writer::default();
        let published = Published::<Growing>::new(KEY);
        let honest = list(0..100, 0);
        writer.add(&published, &[honest], |_| None).unwrap();
        let usage = format!("{:?}", writer.usage);
        let lists = [list(50..110, 0), list(1000..3000, grows_after)];
        let Err(error) = writer.add(&published, &lists, |_| None) else {
            continue;
        };
        refused += usize::from(error == Error::Cause(Cause::IndexFull));
        assert_eq!(usage, format!("{:?}", writer.usage), "{grows_after}");
        assert_eq!(slots_in_use(), (100, 0), "{grows_after}");
        drop(lists);
        let now = published.get();
        assert_eq!(now.lists().count(), 1);
        for number in (0..110).chain(1000..3000) {
            let expected = (number < 100).then_some(Verdict::of(Kind::Immutable, false));
            assert_eq!(now.verdict(&known(number, algo)), expected, "{number}");
        }
    }
    assert!(refused > 0, "no insertion failed");
}

#[test]
fn a_lookup_asks_no_further_list_when_none_can_add_to_the_verdict() {
    let algo = HashAlgo::Sha256;
    let mut model = Model::new();
    let one = |kind, signed| Said {
        algo,
        signed,
        entries: vec![(kind, 1)],
    };
    let add = |model: &mut Model, said| model.step(&Step::Add(vec![said]), &mut at_once);
    // How many lists were asked for the digest.
    let asked = |model: &Model| {
        let now = model.table.published.get();
        let hits = || {
            now.lists()
                .map(|l| l.hits.load(Ordering::Relaxed))
                .sum::<u64>()
        };
        let before = hits();
        assert!(now.verdict(&known(1, algo)).is_some());
        hits() - before
    };
    for _ in 0..3 {
        add(&mut model, one(Kind::Immutable, false));
    }
    assert_eq!(asked(&model), 1, "all say the same");
    add(&mut model, one(Kind::Immutable, true));
    assert_eq!(asked(&model), 4, "the last one is signed");
    add(&mut model, one(Kind::Mutable, false));
    assert_eq!(asked(&model), 4, "it is the most that can be said");
    let other = Said {
        algo,
        signed: false,
        entries: vec![(Kind::Revoked, 2)],
    };
    add(&mut model, other);
    assert_eq!(asked(&model), 5, "it may be revoked");
    let elsewhere = Said {
        algo: HashAlgo::Sha512,
        signed: false,
        entries: vec![(Kind::Revoked, 1)],
    };
    let revoking = *model
        .lists
        .values()
        .last()
        .map(|(digest, _)| digest)
        .unwrap();
    model.table.remove(&revoking);
    model.lists.pop_last();
    add(&mut model, elsewhere);
    assert_eq!(
        asked(&model),
        4,
        "another algorithm's revocations are no reason"
    );
    model.check();
}

#[test]
fn a_list_that_repeats_one_digest_is_loaded_in_linear_time() {
    let algo = HashAlgo::Sha256;
    let list = entries((0..200_000).map(|_| (Kind::Immutable, 1)), algo);
    let (counts, digests) = grouped(&list);
    let mut table = Table::new(KEY);
    let list = table.load(algo, counts, &digests);
    assert_eq!((table.writer.digests(), slots_in_use()), (1, (1, 0)));
    assert!(table.published.get().verdict(&known(1, algo)).is_some());
    table.remove(&list);
    assert_eq!((table.writer.digests(), slots_in_use()), (0, (0, 0)));
}

#[test]
fn ten_thousand_lists_that_share_digests_come_and_go() {
    let algo = HashAlgo::Sha256;
    let mut table = Table::new(KEY);
    for part in 0..100 {
        let lists: Vec<_> = (0..100)
            .map(|list| {
                let own = (part * 100 + list) * 10;
                let shared = [(Kind::Mutable, 1_000_000), (Kind::Immutable, 1_000_001)];
                let own = (own..own + 10).map(|number| (Kind::Immutable, number));
                let (counts, digests) = grouped(&entries(own.chain(shared), algo));
                Host::<List>::share(table.list(algo, counts, &digests)).unwrap()
            })
            .collect();
        table.add(&lists).unwrap();
    }
    assert_eq!(table.writer.digests(), 100_002);
    assert_eq!(slots_in_use().0, 120_000);
    let (counts, digests) = grouped(&entries([(Kind::Revoked, 1_000_000)], algo));
    let revoked = table.load(algo, counts, &digests);
    let kind = |table: &Table, number| {
        let verdict = table.published.get().verdict(&known(number, algo));
        verdict.map(|verdict| verdict.kind)
    };
    assert_eq!(kind(&table, 1_000_000), Some(Kind::Revoked));
    assert_eq!(kind(&table, 1_000_001), Some(Kind::Immutable));
    table.remove(&revoked);
    assert_eq!(kind(&table, 1_000_000), Some(Kind::Mutable));
    let mut loaded: Vec<_> = table.published.get().lists().map(|l| l.digest).collect();
    // Removed in an order that has nothing to do with that of loading.
    loaded.sort_by_key(|list| KEY.hash(list.as_bytes()));
    let mut remove = |lists: &[Digest]| {
        for some in lists.chunks(10) {
            let gone = |list: &List| some.contains(&list.digest);
            let commit = || Ok::<_, Error>(());
            table
                .writer
                .remove(&*table.published, gone, commit)
                .unwrap();
        }
        table.writer.digests()
    };
    assert_eq!(remove(&loaded[..1_000]), 90_002);
    assert_eq!(remove(&loaded[1_000..]), 0);
    assert_eq!(slots_in_use(), (0, 0));
}

#[test]
fn readers_see_whole_lists_and_no_gap_in_a_revocation() {
    let algo = HashAlgo::Sha256;
    let mut table = Table::new(KEY);
    let load = |table: &mut Table, list: Vec<(Kind, u64)>| {
        let (counts, digests) = grouped(&entries(list, algo));
        table.load(algo, counts, &digests)
    };
    // Number 1 is known for good, number 2 is known and always revoked by a list that is replaced
    // again and again, and the numbers from 1000 stand for lists that come and go as a whole.
    load(&mut table, vec![(Kind::Immutable, 1), (Kind::Immutable, 2)]);
    let mut revocation = load(&mut table, vec![(Kind::Revoked, 2)]);
    let published = table.published.clone();
    let stop = AtomicBool::new(false);
    let lookups = AtomicU64::new(0);
    let mut rounds = 0u64;
    let indexes = indexes_made();

    thread::scope(|scope| {
        for _ in 0..3 {
            let (published, stop, lookups) = (&published, &stop, &lookups);
            scope.spawn(move || {
                let lists: Vec<Vec<Digest>> = (0..4)
                    .map(|list| {
                        (0..400)
                            .map(|n| known(1000 + list * 1000 + n, algo))
                            .collect()
                    })
                    .collect();
                let [first, revoked] = [known(1, algo), known(2, algo)];
                while !stop.load(Ordering::Relaxed) {
                    let snapshot = published.get();
                    let kind = |digest: &Digest| snapshot.verdict(digest).map(|said| said.kind);
                    assert_eq!(kind(&first), Some(Kind::Immutable));
                    assert_eq!(kind(&revoked), Some(Kind::Revoked));
                    for list in &lists {
                        let present = list.iter().filter(|digest| kind(digest).is_some()).count();
                        assert!(present == 0 || present == list.len(), "{present}");
                    }
                    lookups.fetch_add(2 + 1600, Ordering::Relaxed);
                }
            });
        }
        let start = Instant::now();
        let mut loaded = [None; 4];
        while start.elapsed().as_millis() < 3000 {
            rounds += 1;
            let next = load(&mut table, vec![(Kind::Revoked, 2), (Kind::Mutable, 9)]);
            table.remove(&revocation);
            revocation = next;
            let list = rounds % 4;
            if let Some(list) = loaded[list as usize].take() {
                table.remove(&list);
            } else {
                let numbers = 1000 + list * 1000..1400 + list * 1000;
                let added = load(&mut table, numbers.map(|n| (Kind::Immutable, n)).collect());
                loaded[list as usize] = Some(added);
            }
            if rounds % 50 == 0 {
                // A list so large that the index grows, and with it goes away again.
                let large = (10_000..14_000).map(|n| (Kind::Mutable, n)).collect();
                let large = load(&mut table, large);
                table.remove(&large);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    let made = indexes_made() - indexes;
    println!(
        "{rounds} rounds of the writer, {made} indexes made, {} lookups of the readers",
        lookups.load(Ordering::Relaxed)
    );
    assert!(rounds > 10 && made > 0);
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
        let mut table = Table::new(KEY);
        let mut numbers = 0u64..;
        for _ in 0..lists {
            let list = numbers.by_ref().take(per_list);
            let (counts, digests) = grouped(&entries(list.map(|n| (Kind::Immutable, n)), algo));
            table.load(algo, counts, &digests);
        }
        assert_eq!(table.writer.digests(), lists * per_list as u64);
        let per_digest = table.bytes() as f64 / (lists * per_list as u64) as f64;
        println!("{lists} lists of {per_list}: {per_digest:.2} bytes per digest");
        assert!(per_digest <= 40.0);
    }
}
