// SPDX-License-Identifier: GPL-2.0

//! Lookups, loading and memory of the digest table, from a thousand to ten million digests, beside
//! other tables; and the longest lookup while lists come and go.
//!
//! The table at the end is made from criterion's own estimates. With `BENCH_LOOKUPS_ONLY=1` only
//! lookups are measured: the second time, in memory of huge pages, which
//! `GLIBC_TUNABLES=glibc.malloc.hugetlb=1` asks for.

use std::{
    hint::black_box,
    path::Path,
    sync::atomic::{
        AtomicBool,
        Ordering, //
    },
    time::{
        Duration,
        Instant, //
    }, //
};

use bench_host::tables::{
    Bytes,
    Chains1024,
    ChainsOf30,
    Hashbrown,
    Ours,
    Table, //
};
use criterion::{
    BenchmarkId,
    Criterion,
    Throughput, //
};
use digest_logic::{
    compact,
    digest::Digest,
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind, //
    },
    siphash::Key, //
};
use host_tests::{
    table,
    VecSink, //
};

const SIZES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// At how many digests loading is measured.
const LOADED: usize = 1_000_000;

/// The digest by this number. It looks random, and is the same every time: a counter through
/// SplitMix64.
fn bytes(number: u64) -> Bytes {
    let mut digest = [0; 32];
    for (part, word) in (0..).zip(digest.chunks_exact_mut(8)) {
        let state = (4 * number + part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes());
    }
    digest
}

/// The same, as the module has it when it asks for a file.
#[inline]
fn digest(number: u64) -> Digest {
    Digest::new(HashAlgo::Sha256, &bytes(number)).expect("32 bytes")
}

/// Those with the numbers from `first` on.
fn digests(first: u64, count: usize) -> Vec<Bytes> {
    (first..).take(count).map(bytes).collect()
}

/// Numbers below `count` in an order that no prefetcher knows.
fn random_numbers(count: usize) -> impl FnMut() -> u64 {
    let mut state = 1u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        // The high bits of the product are a number below `count`.
        ((state >> 32) * count as u64) >> 32
    }
}

fn list_of(digests: &[Bytes]) -> Vec<u8> {
    let mut list = VecSink::default();
    let items = digests.iter().map(|digest| digest.as_slice());
    compact::write_block(Kind::Immutable, HashAlgo::Sha256, items, &mut list).expect("a list");
    list.0
}

/// Where the numbers of digests begin that no table has.
const UNKNOWN: u64 = 1 << 40;

/// Every lookup asks for another digest. It is made when it is asked for, as in the kernel, where
/// it has just been computed: read from memory, it would cost as much as the lookup.
fn lookups<T: Table>(criterion: &mut Criterion, list: &[u8], count: usize) -> usize {
    let table = T::load(list, count);
    let mut group = criterion.benchmark_group("lookup");
    for (kind, first) in [("hit", 0), ("miss", UNKNOWN)] {
        let mut number = random_numbers(count);
        let id = BenchmarkId::new(format!("{} {kind}", T::NAME), count);
        group.bench_function(id, |bencher| {
            bencher.iter(|| {
                let digest = digest(first + number());
                let found = table.has(black_box(&digest));
                debug_assert_eq!(found, first == 0);
                black_box(found)
            })
        });
    }
    group.finish();
    table.bytes()
}

/// What the making of the digest costs in the figures of [`lookups`], and what this machine needs
/// to fetch 32 bytes from somewhere in as much memory as `count` digests take: less than that, no
/// table can need for a hit.
fn floor(criterion: &mut Criterion, known: &[Bytes]) {
    let count = known.len();
    let mut group = criterion.benchmark_group("lookup");
    let mut number = random_numbers(count);
    group.bench_function(BenchmarkId::new("no table", count), |bencher| {
        bencher.iter(|| black_box(digest(number())))
    });
    let mut at = 0u64;
    let mut number = random_numbers(count);
    group.bench_function(BenchmarkId::new("one fetch", count), |bencher| {
        bencher.iter(|| {
            // The next address depends on what was fetched, as the slot does on nothing and the
            // digest on the slot.
            let place = (number() ^ (at & 1)) as usize;
            at = u64::from(known[place.min(count - 1)][31]);
            black_box(at)
        })
    });
    group.finish();
}

fn loading<T: Table>(criterion: &mut Criterion, list: &[u8]) {
    let mut group = criterion.benchmark_group("load");
    group.throughput(Throughput::Elements(LOADED as u64));
    group.bench_function(T::NAME, |bencher| {
        bencher.iter_with_large_drop(|| T::load(list, LOADED))
    });
    group.finish();
}

/// Looks digests up without a pause while a million others are loaded in a hundred lists, and then
/// removed, and prints how long the longest lookup took. A lookup that the scheduler interrupts
/// counts in full.
fn longest() {
    const LISTS: usize = 100;
    let mut table = table::Table::new(Key([1, 2]));
    let load = |table: &mut table::Table, digests: &[Bytes]| {
        let counts = Counts {
            immutable: digests.len() as u32,
            ..Counts::default()
        };
        table.load(HashAlgo::Sha256, counts, &digests.concat())
    };
    load(&mut table, &digests(0, 1000));
    let known: Vec<_> = (0..1000).map(digest).collect();
    let published = table.published.clone();
    let done = AtomicBool::new(false);
    let (mut times, spans) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut times = Vec::with_capacity(1 << 26);
            'all: loop {
                for digest in &known {
                    // With the snapshot of one reader's section, taken and given back: by a
                    // reader-writer lock and a count here, where the writer can hold it up, and by
                    // a load in the kernel.
                    let start = Instant::now();
                    let snapshot = published.get();
                    let found = snapshot.verdict(black_box(digest)).is_some();
                    drop(snapshot);
                    let time = start.elapsed().as_nanos() as u64;
                    assert!(found, "a lookup missed what was there all the time");
                    times.push(time);
                    if times.len() == times.capacity() {
                        break 'all;
                    }
                }
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
            times
        });
        let more = digests(1000, LOADED);
        let start = Instant::now();
        let lists: Vec<_> = more
            .chunks(LOADED / LISTS)
            .map(|digests| load(&mut table, digests))
            .collect();
        let loading = start.elapsed();
        let start = Instant::now();
        for list in lists {
            table.remove(&list);
        }
        let removing = start.elapsed();
        done.store(true, Ordering::Relaxed);
        (reader.join().expect("the reader"), (loading, removing))
    });
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "\n{} lookups while {LOADED} digests were loaded in {LISTS} lists ({:.0} ms) and removed ({:.0} ms):\n  \
         median {} ns, 99.9 % {} ns, 99.99 % {} ns, longest {} ns; {} took longer than 1 ms",
        times.len(),
        spans.0.as_secs_f64() * 1e3,
        spans.1.as_secs_f64() * 1e3,
        at(0.5),
        at(0.999),
        at(0.9999),
        at(1.0),
        times.iter().filter(|time| **time > 1_000_000).count()
    );
}

/// How much memory of this process stands in huge pages, in KiB.
fn huge_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("AnonHugePages:"));
    line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

/// Criterion's estimate in nanoseconds.
fn estimate(group: &str, parts: &[String]) -> f64 {
    let mut path = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("criterion");
    path.push(group);
    path.extend(
        parts
            .iter()
            .map(|part| part.replace(['?', '"', '/', '\\', '*', '<', '>', ':', '|', '^'], "_")),
    );
    path.push("new/estimates.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let estimates: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    estimates["median"]["point_estimate"]
        .as_f64()
        .expect("a number")
}

fn main() {
    // `cargo bench … -- longest` measures that alone.
    if std::env::args().any(|argument| argument == "longest") {
        return longest();
    }
    let lookups_only = std::env::var_os("BENCH_LOOKUPS_ONLY").is_some();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(20)
        .configure_from_args();
    let names = [
        Ours::NAME,
        Hashbrown::NAME,
        ChainsOf30::NAME,
        Chains1024::NAME,
    ];
    let mut memory = Vec::new();
    let mut huge = 0;
    for size in SIZES {
        let known = digests(0, size);
        let list = list_of(&known);
        let criterion = &mut criterion;
        floor(criterion, &known);
        huge = huge_kib();
        drop(known);
        memory.push([
            lookups::<Ours>(criterion, &list, size),
            lookups::<Hashbrown>(criterion, &list, size),
            lookups::<ChainsOf30>(criterion, &list, size),
            lookups::<Chains1024>(criterion, &list, size),
        ]);
    }
    if !lookups_only {
        let list = list_of(&digests(0, LOADED));
        loading::<Ours>(&mut criterion, &list);
        loading::<Hashbrown>(&mut criterion, &list);
        loading::<ChainsOf30>(&mut criterion, &list);
        loading::<Chains1024>(&mut criterion, &list);
    }
    criterion.final_summary();

    println!(
        "\n{} KiB of this process stand in huge pages\n{:>10}  {:<14} {:>10} {:>10} {:>14}",
        huge, "digests", "table", "hit ns", "miss ns", "bytes/digest"
    );
    for (size, memory) in SIZES.iter().zip(&memory) {
        for (name, bytes) in names.iter().zip(memory) {
            let time =
                |kind: &str| estimate("lookup", &[format!("{name} {kind}"), size.to_string()]);
            println!(
                "{size:>10}  {name:<14} {:>10.1} {:>10.1} {:>14.1}",
                time("hit"),
                time("miss"),
                *bytes as f64 / *size as f64
            );
        }
    }
    println!("\nin each figure: making the digest; and beside them: one fetch from as much memory as the digests take");
    for size in SIZES {
        let time = |what: &str| estimate("lookup", &[what.to_owned(), size.to_string()]);
        println!(
            "{size:>10}  {:>10.1} {:>10.1}",
            time("no table"),
            time("one fetch")
        );
    }
    if lookups_only {
        return;
    }
    println!("\n{:<14} {:>20}", "table", "M digests/s loaded");
    for name in names {
        let rate = LOADED as f64 / estimate("load", &[name.to_owned()]) * 1e3;
        println!("{name:<14} {rate:>20.1}");
    }
    println!(
        "\naims: hit and miss at 1,000,000 at most 100 ns; at most 40 bytes per digest at 100,000 and 1,000,000; \
         at least 5 M digests/s"
    );
    longest();
}
