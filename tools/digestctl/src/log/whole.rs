// SPDX-License-Identifier: GPL-2.0

//! The measurement list with what was taken out of it, as one.
//!
//! Records leave the list for the staged one, and that for an archive. Where a piece of the archive
//! belongs is told by how many records the module has deleted: what follows them in the archive is
//! a piece of what is staged, that an archiving which was interrupted wrote, whole or not.

use std::{
    collections::BTreeMap,
    path::Path, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::evidence::records::Extends;

use super::{
    LIST,
    STAGED, //
};
use crate::{
    format,
    report::{
        count,
        quoted, //
    },
    securityfs::Location,
};

/// How many records the module has, by where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(super) deleted: u64,
    pub(super) staged: u64,
    pub(super) listed: u64,
}

impl Counts {
    /// Asks the module.
    pub(crate) fn read(location: &Location) -> Result<Self> {
        Self::of(&location.status()?)
    }

    /// From the lines of the module's status.
    pub(crate) fn of(status: &BTreeMap<String, String>) -> Result<Self> {
        let value = |key: &str| {
            let value = status
                .get(key)
                .with_context(|| format!("the module's status does not have {key}"))?;
            anyhow::Ok(value.parse::<u64>()?)
        };
        Ok(Self {
            deleted: value("records_deleted")?,
            staged: value("records_staged")?,
            listed: value("records")?,
        })
    }

    /// All records since the module was loaded.
    pub(crate) fn all(&self) -> u64 {
        self.deleted
            .saturating_add(self.staged)
            .saturating_add(self.listed)
    }
}

/// A piece of the list, as the module had it at one moment.
pub(super) struct Snapshot {
    pub(super) counts: Counts,
    pub(super) staged: Vec<u8>,
    pub(super) listed: Vec<u8>,
}

impl Snapshot {
    /// Takes one.
    pub(super) fn take(location: &Location) -> Result<Self> {
        // What is staged or deleted meanwhile leaves the list; so it is read again until nothing
        // was.
        loop {
            let counts = Counts::read(location)?;
            let staged = location.read(STAGED)?;
            let listed = location.read(LIST)?;
            let after = Counts::read(location)?;
            if (counts.deleted, counts.staged) == (after.deleted, after.staged) {
                return Ok(Self {
                    counts,
                    staged,
                    listed,
                });
            }
        }
    }
}

/// The records of the archive that the module has deleted, and what follows them there.
pub(super) fn deleted<'a>(
    archive: &'a [u8],
    deleted: u64,
    path: &Path,
) -> Result<(&'a [u8], &'a [u8])> {
    match split(archive, deleted).with_context(|| quoted(path))? {
        Split::Pieces(first, rest) => Ok((first, rest)),
        Split::Short(number) => bail!(
            "the module has deleted {}, and {} has {number} of them: \
             it is not the archive of this boot, or not the whole one",
            count(usize::try_from(deleted)?, "record"),
            quoted(path)
        ),
    }
}

/// A list that is cut after a number of records.
pub(crate) enum Split<'a> {
    /// Those records, and what follows them.
    Pieces(&'a [u8], &'a [u8]),
    /// The list has this many records, which are fewer.
    Short(u64),
}

/// Cuts a list after `number` records.
///
/// Fails where one of them cannot be read.
pub(crate) fn split(list: &[u8], number: u64) -> Result<Split<'_>> {
    let mut extends = Extends::new(list);
    for place in 0..number {
        match extends.next() {
            Some(extend) => drop(extend.with_context(|| format!("record {place} of the list"))?),
            None => return Ok(Split::Short(place)),
        }
    }
    let (first, rest) = list
        .split_at_checked(extends.offset())
        .unwrap_or((list, &[]));
    Ok(Split::Pieces(first, rest))
}

/// A list, or the end of one.
pub(crate) struct Piece {
    /// How many records precede it.
    pub(crate) first: u64,
    /// As `binary_runtime_measurements` has it.
    pub(crate) data: Vec<u8>,
}

impl From<Vec<u8>> for Piece {
    fn from(data: Vec<u8>) -> Self {
        Self { first: 0, data }
    }
}

/// The list with what precedes it: the archive, or else what the module has not deleted yet, and
/// what is staged.
pub(crate) fn there(location: &Location, archive: Option<&Path>) -> Result<Piece> {
    if archive.is_none() && Counts::read(location).is_ok() {
        let snapshot = Snapshot::take(location)?;
        return Ok(Piece {
            first: snapshot.counts.deleted,
            data: [snapshot.staged, snapshot.listed].concat(),
        });
    }
    whole(location, archive).map(Piece::from)
}

/// The same, from the first record on if there is an archive.
pub(crate) fn whole(location: &Location, archive: Option<&Path>) -> Result<Vec<u8>> {
    let Some(path) = archive else {
        // Also of a module that does not tell its counts.
        loop {
            let staged = location.read(STAGED).unwrap_or_default();
            let listed = location.read(LIST)?;
            if location.read(STAGED).unwrap_or_default() == staged {
                return Ok([staged, listed].concat());
            }
        }
    };
    // The archive grows before records are deleted.
    let snapshot = Snapshot::take(location)?;
    let archived = read(path)?;
    let (archived, _) = deleted(&archived, snapshot.counts.deleted, path)?;
    Ok([archived, &snapshot.staged, &snapshot.listed].concat())
}

/// Reads an archive, which need not be there yet.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    match path.exists() {
        true => format::read(path),
        false => Ok(Vec::new()),
    }
}
