// SPDX-License-Identifier: GPL-2.0

//! Loading what can be loaded.
//!
//! The kernel takes a write whole or not at all, and its errno is that of one bad list. What can be
//! seen to be bad from here (a file that is not there, or is not the one described, or does not
//! parse) is left out first. If the kernel still refuses, each half is tried by itself, down to the
//! single lists. So there is one write, and one measurement, if what is left is good.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
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
    list::ParsedList,
    metadata::{
        Metadata,
        Record, //
    }, //
};

use crate::{
    hash::hash_slices,
    output::Buffer,
    report::{
        count,
        quoted, //
    },
    securityfs::Location, //
};

/// Loads the good ones of the lists that `data`, called `name`, describe.
pub(super) fn run(location: &Location, name: &str, data: &[u8]) -> Result<()> {
    let metadata =
        Metadata::parse(data).with_context(|| format!("cannot load {name}: it is not metadata"))?;
    location.check("digest_lists")?;
    let mut good = Vec::new();
    let mut bad = 0;
    for record in metadata.records() {
        match check(&record) {
            Ok(()) => good.push(record),
            Err(error) => {
                say(&record, &error);
                bad += 1;
            }
        }
    }
    let mut loaded = 0;
    load(location, &good, &mut loaded, &mut bad)?;
    if loaded == 0 {
        bail!("no list of {name} could be loaded");
    }
    let lists = count(loaded, "list");
    match bad {
        0 => writeln!(std::io::stdout(), "{name}: {lists} loaded")?,
        _ => writeln!(std::io::stdout(), "{name}: {lists} loaded, {bad} left out")?,
    }
    Ok(())
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

fn load(
    location: &Location,
    records: &[Record<'_>],
    loaded: &mut usize,
    bad: &mut usize,
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let mut metadata = Buffer::default();
    for record in records {
        record.write(&mut metadata)?;
    }
    let Err(error) = location.write("digest_lists", &metadata.0) else {
        *loaded += records.len();
        return Ok(());
    };
    if let [record] = records {
        say(record, &error);
        *bad += 1;
        return Ok(());
    }
    let (first, second) = records.split_at(records.len() / 2);
    load(location, first, loaded, bad)?;
    load(location, second, loaded, bad)
}

fn say(record: &Record<'_>, error: &Error) {
    let path = quoted(Path::new(OsStr::from_bytes(record.path)));
    eprintln!("digestctl: {path}: left out: {error:#}");
}
