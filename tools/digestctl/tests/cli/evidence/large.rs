// SPDX-License-Identifier: GPL-2.0

//! What hostile evidence costs a verifier, in memory and in time: as much more as the evidence is
//! larger, whatever it consists of.

use std::fmt::Write;

use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::ListType,
    metadata, //
};
use serde_json::Value;

use super::{
    base64,
    digest_of,
    made::{
        loaded,
        removal,
        Made, //
    },
    named,
    own,
    sha256,
    unhex,
    verdict,
    Bytes,
    Record, //
};

/// The size of the evidence in bytes. DIGEST_LISTS_EVIDENCE_MIB in the environment asks for another
/// one: the largest that is read has 256.
fn size() -> usize {
    let asked = std::env::var("DIGEST_LISTS_EVIDENCE_MIB");
    asked.map_or(16, |size| size.parse().expect("a number")) << 20
}

/// How many times its size evidence may take in memory.
const MOST: u64 = 4;

/// Some fields of an object, as many as make evidence of [`size`].
fn fields(field: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut number = 0;
    while text.len() < size() {
        text.push_str(&field(number));
        text.push(',');
        number += 1;
    }
    text.pop();
    text
}

/// The records of `list` in batches, as many as make evidence of [`size`].
fn fill(made: &mut Made, record: impl Fn(usize) -> Record) {
    let mut number = 0;
    while made.list.len() < size() / 4 * 3 {
        let records: Vec<_> = (number..number + 6400).map(&record).collect();
        made.append_batches(&records);
        number += 6400;
    }
}

fn of_sha1(number: usize) -> Digest {
    // None is zero, which is a violation.
    let hex = format!("{:040x}", number + 1);
    Digest::new(HashAlgo::Sha1, &unhex(&hex)).expect("a digest")
}

#[test]
fn evidence_takes_memory_of_a_few_times_its_size_whatever_it_is() {
    let mut made = Made::new();
    made.boot(&["metadata"]);
    let small = made.whole().to_string();
    made.place.file("small", &small);
    let (code, base) = made.measured("small", "");
    assert_eq!(code, 0);
    let base_digest = digest_of(made.place.read("base"));
    let other = |from: &str, to: String| small.replacen(from, &to, 1);
    const MALFORMED: &str = "NOT JUDGED: evidence-malformed";
    let of_fields = [
        (
            "lines of status",
            other(
                "\"status\":{}",
                format!("\"status\":{{{}}}", fields(|n| format!("\"{n:x}\":\"\""))),
            ),
        ),
        (
            "banks",
            other(
                "\"pcrs\":{",
                format!("\"pcrs\":{{{},", fields(|n| format!("\"{n:x}\":{{}}"))),
            ),
        ),
        (
            "PCRs",
            other(
                "\"pcrs\":{",
                format!(
                    "\"pcrs\":{{\"x\":{{{}}},",
                    fields(|n| format!("\"{n}\":\"\""))
                ),
            ),
        ),
        (
            "metadata",
            other(
                "\"metadata\":{",
                format!(
                    "\"metadata\":{{{},",
                    fields(|n| format!("\"{n:064x}\":\"\""))
                ),
            ),
        ),
        (
            "short names of metadata",
            other(
                "\"metadata\":{",
                format!("\"metadata\":{{{},", fields(|n| format!("\"{n:x}\":\"\""))),
            ),
        ),
        (
            "an unknown field",
            other(
                "\"version\"",
                format!("\"{}\":1,\"version\"", "x".repeat(size())),
            ),
        ),
    ];
    let of_fields = of_fields.into_iter();
    let mut cases: Vec<_> = of_fields
        .map(|(name, text)| (name, text, MALFORMED))
        .collect();
    let mut of_records =
        |name, made: &Made, line| cases.push((name, made.whole().to_string(), line));
    let fresh = |made: &mut Made| {
        made.metadata.clear();
        made.boot(&["metadata"]);
    };
    fill(&mut made, |n| named(of_sha1(n), "/"));
    of_records("files", &made, "NOT TRUSTED: file-unknown");
    fresh(&mut made);
    fill(&mut made, |n| named(of_sha1(n), "digest_lists_metadata"));
    of_records(
        "loads of metadata that are nowhere",
        &made,
        "NOT TRUSTED: metadata-missing",
    );
    fresh(&mut made);
    let data = made.place.read("metadata");
    fill(&mut made, |n| match n % 2 {
        0 => removal(&[base_digest]),
        _ => loaded(&data),
    });
    of_records("removals of a list that is loaded again", &made, "TRUSTED");
    fresh(&mut made);
    fill(&mut made, |n| match n % 2 {
        0 => own("digest_lists_remove", &format!("sha256:{n:064x}\n")),
        _ => named(
            digest_of(format!("sha256:{:064x}\n", n - 1)),
            "digest_lists_refused",
        ),
    });
    of_records("removals that were refused", &made, "TRUSTED");
    fresh(&mut made);
    // One record may have 16 MiB.
    let mut lines = String::new();
    for number in 0..(size() / 4 * 3).min(16 << 20) / 9 {
        writeln!(lines, "k{number:06x}=").expect("text");
    }
    made.begin();
    made.append(&named(digest_of([0; 320]), "boot_aggregate"));
    made.append(&own("digest_lists_start", &lines));
    of_records("lines of the start record", &made, "NOT TRUSTED: log-start");
    for (name, text, line) in cases {
        let size = text.len() as u64;
        made.place.file("large", text);
        for more in ["", "--json"] {
            let (code, most) = made.measured("large", more);
            let out = made.place.read("out");
            assert!(
                !more.is_empty() || out.starts_with(line.as_bytes()),
                "{name}"
            );
            let out = out.len();
            let most = most.saturating_sub(base) << 10;
            println!(
                "{name} {more}: status {code}, {:.2} times the {size} bytes, {out} bytes of verdict",
                most as f64 / size as f64
            );
            assert!(
                most <= MOST * size,
                "{name} {more}: {most} bytes for {size}"
            );
        }
    }
}

#[test]
fn a_verdict_with_more_findings_than_it_tells_says_how_many() {
    let mut made = Made::new();
    made.boot(&["metadata"]);
    let records: Vec<_> = (0..10_064).map(|n| named(of_sha1(n), "/")).collect();
    made.append_batches(&records);
    let evidence = made.whole();
    let ran = made.judge(&evidence, "");
    verdict(&ran, 1, "NOT TRUSTED: file-unknown");
    let ran = ran.printed("  file-unknown: and 10044 more\n");
    ran.printed("files with a record: 10064\n");
    let value: Value = serde_json::from_str(&made.judge(&evidence, "--json").out).expect("JSON");
    assert_eq!(value["findings"].as_array().map(Vec::len), Some(10_000));
    assert_eq!(value["more"]["file-unknown"], 64);
    assert_eq!(value["files"].as_array().map(Vec::len), Some(10_064));
}

/// Metadata that name lists.
fn metadata_of(lists: &[Digest]) -> Vec<u8> {
    let mut data = Bytes::default();
    for list in lists {
        let record = metadata::Record {
            algo: list.algo(),
            digest: list.as_bytes(),
            signature: &[],
            path: b"/list",
            ref_id: b"list",
            list_type: ListType::Compact,
        };
        record.write(&mut data).expect("metadata");
    }
    data.0
}

/// So many lists of the repository, which need no signature.
fn many_lists(made: &Made, count: usize) -> Vec<Digest> {
    made.run("generate of-old -o model");
    let model = made.place.read("model");
    let entry = unhex(&sha256("a thing"));
    let at = model.windows(32).position(|part| part == entry);
    let at = at.expect("the digest is there");
    let mut expected = String::from_utf8(made.place.read("expected")).expect("text");
    let mut lists = Vec::new();
    let mut files = String::new();
    for number in 0..count {
        let mut list = model.clone();
        list[at..at + 32].copy_from_slice(&unhex(&sha256(format!("of list {number}"))));
        let digest = digest_of(&list);
        writeln!(expected, "allow_list={digest}").expect("text");
        write!(files, " list{number}").expect("text");
        made.place.file(&format!("list{number}"), list);
        lists.push(digest);
    }
    made.place.file("expected", expected);
    made.run(&format!("repo add repo{files}"));
    lists
}

#[test]
fn loads_and_removals_in_turn_are_judged_in_a_time_that_grows_as_the_list() {
    let mut made = Made::new();
    let lists = many_lists(&made, 1000);
    made.boot(&[]);
    let all = metadata_of(&lists);
    made.load(&all);
    let mut records = Vec::new();
    for number in 0..40_000 {
        records.push(removal(&[lists[number % 100]]));
        records.push(loaded(&all));
    }
    made.append_batches(&records);
    // Under the limit of `Made::judged()`.
    let ran = made.judge(&made.whole(), "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    // It is told how often each was loaded since it is in force.
    let kept = std::fs::read_dir(made.place.path("states/lists")).expect("lists");
    let kept = kept.map(|entry| std::fs::read_to_string(entry.expect("one").path()));
    let kept = kept.last().expect("one").expect("text");
    let times = |list: &Digest, times: u32| {
        let end = format!("\t{}*{times}", digest_of(&all));
        let line = format!("list\t{list}\t");
        kept.lines()
            .any(|text| text.starts_with(&line) && text.ends_with(&end))
    };
    assert!(times(&lists[500], 40_001), "{}", &kept[..400]);
    // The last one that went came with the last load, the one before with the last but one.
    assert!(times(&lists[99], 1) && times(&lists[98], 2) && times(&lists[0], 100));
}

#[test]
fn refused_loads_of_many_lists_are_judged_in_a_time_that_grows_as_the_list() {
    let mut made = Made::new();
    let lists = many_lists(&made, 1000);
    made.boot(&[]);
    let all = metadata_of(&lists);
    made.metadata.push(all.clone());
    let mut records = Vec::new();
    for _ in 0..40_000 {
        records.push(loaded(&all));
        records.push(named(digest_of(&all), "digest_lists_refused"));
    }
    made.append_batches(&records);
    // Lists without a signature cannot have been in force where one is asked for: these may.
    made.append(&named(digest_of("unknown"), "/unknown"));
    let expected = made.place.read("expected");
    made.place.file(
        "expected",
        [&expected[..], b"require_signature=0\n"].concat(),
    );
    let evidence = made.whole();
    let ran = made.judge(&evidence, "");
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(base64(&made.list).len() > 8 << 20);
}
