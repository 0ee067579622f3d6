// SPDX-License-Identifier: GPL-2.0

//! `digestctl log archive`: records go out of the kernel to the end of a file.
//!
//! The module's words are `A`, which stages the list, and `D`, which deletes what is staged. What
//! is staged is on the disk before `D`. Where an archiving is interrupted the next one goes on.

use std::{
    fs::OpenOptions,
    io::{
        Seek,
        SeekFrom,
        Write, //
    },
    path::Path, //
};

use anyhow::{
    Context,
    Result, //
};
use digest_logic::evidence::records::Extends;

use super::{
    whole::{
        deleted,
        read,
        Counts, //
    },
    STAGED,
};
use crate::{
    report::{
        count,
        quoted,
        say, //
    },
    securityfs::Location,
};

/// Archives all records.
pub(super) fn run(path: &Path, location: &Location) -> Result<()> {
    // While it is open, nobody else stages, deletes or reads records.
    let _turn = location.hold(STAGED)?;
    let counts = Counts::read(location)?;
    let before = read(path)?;
    let (kept, rest) = deleted(&before, counts.deleted, path)?;
    // What is staged already may be in the archive already, or a piece of it.
    if counts.staged > 0 {
        let staged = location.read_held(STAGED)?;
        append(path, kept.len(), rest, &staged)?;
        location.write(STAGED, b"D")?;
    } else if !rest.is_empty() {
        return Err(foreign(path));
    }
    let mut number = counts.staged;
    if Counts::read(location)?.listed > 0 {
        location.write(STAGED, b"A")?;
        let staged = location.read_held(STAGED)?;
        number = number.saturating_add(Extends::new(&staged).count() as u64);
        append(path, read(path)?.len(), &[], &staged)?;
        location.write(STAGED, b"D")?;
    }
    say(format_args!(
        "{}: {} added",
        quoted(path),
        count(usize::try_from(number)?, "record")
    ))
}

/// Has the archive be its first `kept` bytes and `staged`, on the disk. `rest` is what follows the
/// `kept` bytes there.
fn append(path: &Path, kept: usize, rest: &[u8], staged: &[u8]) -> Result<()> {
    let Some(missing) = staged.strip_prefix(rest) else {
        return Err(foreign(path));
    };
    let write = || {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        file.seek(SeekFrom::Start((kept + rest.len()) as u64))?;
        file.write_all(missing)?;
        file.sync_all()?;
        // The name of a new file has to be on the disk as well.
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::File::open(directory)?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", quoted(path)))
}

fn foreign(path: &Path) -> anyhow::Error {
    let path = quoted(path);
    anyhow::anyhow!(
        "{path} has other records than the module has deleted and staged: \
         it is the archive of another boot; name a new file"
    )
}
