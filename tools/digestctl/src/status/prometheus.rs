// SPDX-License-Identifier: GPL-2.0

//! The status in the text format of Prometheus, for the directory of the node exporter's textfile
//! collector.

use std::{
    collections::BTreeMap,
    fmt::Write, //
};

/// What only grows while the module is loaded; the other numbers are gauges.
const COUNTERS: [&str; 15] = [
    "cache_hits",
    "digests_stored",
    "files_appraised",
    "files_checked",
    "files_denied",
    "files_known",
    "files_unknown",
    "files_unreadable",
    "hash_time_us",
    "hashed_bytes",
    "lists_corrupted",
    "pcr_extends",
    "records_deleted",
    "tpm_time_us",
    "violations",
];

/// The metrics of a status, and of the module's lists.
pub(super) fn text(status: &BTreeMap<String, String>, lists: &str) -> String {
    let mut out = String::new();
    let mut info = Vec::new();
    for (key, value) in status {
        // Numbers stay as they are written: no digit is lost.
        let number = match value.as_str() {
            "yes" => Some("1"),
            "no" => Some("0"),
            value if value.parse::<f64>().is_ok_and(f64::is_finite) => Some(value),
            _ => None,
        };
        let plain = |char: char| char.is_ascii_alphanumeric();
        let key = key.replace(|char| !plain(char), "_");
        let Some(number) = number else {
            info.push(format!("{key}=\"{}\"", escaped(value)));
            continue;
        };
        let (kind, end) = match COUNTERS.contains(&key.as_str()) {
            true => ("counter", "_total"),
            false => ("gauge", ""),
        };
        put(
            &mut out,
            format_args!("# TYPE digest_lists_{key}{end} {kind}"),
        );
        put(&mut out, format_args!("digest_lists_{key}{end} {number}"));
    }
    put(&mut out, format_args!("# TYPE digest_lists_info gauge"));
    put(
        &mut out,
        format_args!("digest_lists_info{{{}}} 1", info.join(",")),
    );
    put(
        &mut out,
        format_args!("# TYPE digest_lists_list_hits_total counter"),
    );
    for line in lists.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let field = |name: &str| {
            let word = words.iter().find_map(|word| word.strip_prefix(name));
            word.unwrap_or_default()
        };
        let (digest, hits) = (words.first().copied().unwrap_or_default(), field("hits="));
        if hits.parse::<u64>().is_ok() {
            let reference = escaped(field("ref_id="));
            put(
                &mut out,
                format_args!(
                    "digest_lists_list_hits_total{{list=\"{}\",ref_id=\"{reference}\"}} {hits}",
                    escaped(digest)
                ),
            );
        }
    }
    out
}

fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{line}");
}

/// A value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
