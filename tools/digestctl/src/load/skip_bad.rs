// SPDX-License-Identifier: GPL-2.0

//! Loading what can be loaded.
//!
//! The kernel takes a write whole or not at all, and its errno is that of one bad list. What can be
//! seen to be bad from here (a file that is not there, or is not the one described, or does not
//! parse) is left out first. If the kernel still refuses, each half is tried by itself, down to the
//! single lists. So there is one write, and one measurement, if what is left is good.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::Path, //
};

use anyhow::{
    bail,
    Context,
    Error,
    Result, //
};
use digest_logic::{
    digest::Hex,
    list::ParsedList,
    metadata::{
        Metadata,
        Record, //
    }, //
};
use indicatif::ProgressBar;
use rustix::io::Errno;
use serde_json::json;

use super::Args;
use crate::{
    hash::hash_slices,
    json,
    output::Buffer,
    progress,
    report::{
        complain,
        count,
        if_read,
        quoted,
        remark, //
    },
    securityfs::Location, //
};

/// Loads the good ones of the lists that `data`, called `name`, describe.
pub(super) fn run(args: &Args, name: &str, data: &[u8]) -> Result<()> {
    let metadata =
        Metadata::parse(data).with_context(|| format!("cannot load {name}: it is not metadata"))?;
    args.location.check("digest_lists")?;
    let mut good = Vec::new();
    let mut outcome = Outcome::default();
    let bar = progress::of_lists(metadata.len());
    for record in metadata.records() {
        match check(&record) {
            Ok(()) => good.push(record),
            Err(error) => {
                outcome.leave_out(&record, &error, &bar);
            }
        }
    }
    load(args, &good, &mut outcome, &bar)?;
    bar.finish_and_clear();
    if args.json {
        let left_out = outcome.bad.iter();
        let left_out = left_out.map(|(path, reason)| json!({"path": path, "reason": reason}));
        let left_out: Vec<_> = left_out.collect();
        if_read(json::print(
            &json!({"loaded": outcome.loaded, "left_out": left_out}),
        ))?;
    }
    if outcome.loaded == 0 {
        bail!("no list of {name} could be loaded");
    }
    if args.json {
        return Ok(());
    }
    let lists = count(outcome.loaded, "list");
    match outcome.bad.len() {
        0 => remark(format_args!("{name}: {lists} loaded")),
        bad => remark(format_args!("{name}: {lists} loaded, {bad} left out")),
    }
}

/// What can be seen from here.
fn check(record: &Record<'_>) -> Result<()> {
    let data = fs::read(Path::new(OsStr::from_bytes(record.path)))?;
    if hash_slices(record.algo, &[&data]) != record.digest {
        bail!("the file is not the list that the metadata describe");
    }
    ParsedList::parse(record.list_type, &data)?;
    Ok(())
}

/// How the lists fared.
#[derive(Default)]
struct Outcome {
    loaded: usize,
    /// The paths of those that are left out, each with the reason.
    bad: Vec<(String, String)>,
}

impl Outcome {
    fn leave_out(&mut self, record: &Record<'_>, error: &Error, bar: &ProgressBar) {
        let path = Path::new(OsStr::from_bytes(record.path));
        let reason = format!("{error:#}");
        bar.suspend(|| complain(format_args!("{}: left out: {reason}", quoted(path))));
        self.bad.push((path.display().to_string(), reason));
        bar.inc(1);
    }
}

fn load(
    args: &Args,
    records: &[Record<'_>],
    outcome: &mut Outcome,
    bar: &ProgressBar,
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let mut metadata = Buffer::default();
    for record in records {
        record.write(&mut metadata)?;
    }
    args.keep(&metadata.0);
    let Err(error) = args.location.write("digest_lists", &metadata.0) else {
        outcome.loaded += records.len();
        bar.inc(records.len() as u64);
        return Ok(());
    };
    // A list that was to be replaced by one of these could not be removed: both are in force.
    if is_busy(&error) && are_loaded(&args.location, records) {
        bar.suspend(|| complain(format_args!("note: {error:#}")));
        outcome.loaded += records.len();
        bar.inc(records.len() as u64);
        return Ok(());
    }
    if let [record] = records {
        outcome.leave_out(record, &error, bar);
        return Ok(());
    }
    let (first, second) = records.split_at(records.len() / 2);
    load(args, first, outcome, bar)?;
    load(args, second, outcome, bar)
}

fn is_busy(error: &Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.and_then(Errno::from_io_error) == Some(Errno::BUSY)
}

/// Whether the module shows all of the lists as loaded.
fn are_loaded(location: &Location, records: &[Record<'_>]) -> bool {
    let Ok(lists) = location.read("digest_lists") else {
        return false;
    };
    let lists = String::from_utf8_lossy(&lists);
    let loaded: HashSet<&str> = lists.split([' ', '\n', '=']).collect();
    records.iter().all(|record| {
        let digest = format!("{}:{}", record.algo, Hex(record.digest));
        loaded.contains(digest.as_str())
    })
}
