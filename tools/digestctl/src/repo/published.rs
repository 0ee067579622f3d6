// SPDX-License-Identifier: GPL-2.0

//! What was published into a directory of lists before: a file among them, which takes its place
//! with them.
//!
//! An InRelease stays signed for ever. Without this a mirror could serve an old one, and so hide
//! the updates that came after it, or that of another release.

use std::path::Path;

use anyhow::{
    Context,
    Result, //
};
use serde::{
    Deserialize,
    Serialize, //
};

use super::archive::{
    seconds,
    Release, //
};
use crate::{
    format,
    report::{
        quoted,
        No, //
    }, //
};

/// The file's name, which no list has: those of packages begin with a letter or digit.
pub(super) const NAME: &str = ".published";

/// What is taken all the same.
#[derive(clap::Args)]
pub(super) struct Taken {
    /// Take an InRelease that is older than the one that was published into DIR before
    #[arg(long)]
    older: bool,

    /// Take an InRelease of another release or by another signer than what was published into DIR
    /// before; its lists are added to the others
    #[arg(long)]
    other: bool,
}

/// The releases whose lists are in the directory.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Published {
    releases: Vec<Entry>,
}

/// A release.
#[derive(Serialize, Deserialize)]
struct Entry {
    origin: String,
    /// Its codename, or else its suite.
    release: String,
    /// The date of InRelease, as it says it.
    date: String,
    /// The fingerprints of the keys that signed it.
    signers: Vec<String>,
}

impl Published {
    /// That of the directory; empty if nothing was published there.
    pub(super) fn read(directory: &Path) -> Result<Self> {
        let path = directory.join(NAME);
        if !path.exists() {
            return Ok(Self::default());
        }
        let data = format::read(&path)?;
        serde_json::from_slice(&data).with_context(|| {
            format!(
                "{} is damaged, so whether InRelease is newer is not known: look at its date, \
                 and delete the file",
                quoted(&path)
            )
        })
    }

    /// The text of the file.
    pub(super) fn text(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Adds the release, which is published into `directory`, unless it is older than before, or
    /// another.
    pub(super) fn add(
        &mut self,
        new: &Release,
        signers: &[String],
        taken: &Taken,
        directory: &str,
    ) -> Result<()> {
        let entry = Entry {
            origin: new.origin.clone(),
            release: new.release.clone(),
            date: new.date.clone(),
            signers: signers.to_vec(),
        };
        let is_same = |old: &&mut Entry| (&old.origin, &old.release) == (&new.origin, &new.release);
        let Some(old) = self.releases.iter_mut().find(is_same) else {
            if let Some(first) = self.releases.first().filter(|_| !taken.other) {
                return Err(No::error(format!(
                    "it is {}, and {directory} has the lists of {}: publish it into another \
                     directory, or --other adds it to those",
                    new.name(),
                    [first.origin.as_str(), first.release.as_str()].join(" "),
                )));
            }
            self.releases.push(entry);
            return Ok(());
        };
        if !taken.other && !signers.iter().any(|signer| old.signers.contains(signer)) {
            return Err(No::error(format!(
                "it is signed by {}, and the one that was published into {directory} before by \
                 {}: if the archive has a new key, --other takes it",
                signers.join(", "),
                old.signers.join(", ")
            )));
        }
        // A date that is none, of a file that was changed by hand, is no reason to take anything.
        if !taken.older && seconds(&old.date).is_none_or(|old| new.made < old) {
            return Err(No::error(format!(
                "it is of {}, and the one that was published into {directory} before of {}: the \
                 mirror is behind, or hides what came later; get a newer one, or --older takes it",
                new.date, old.date
            )));
        }
        *old = entry;
        Ok(())
    }
}
