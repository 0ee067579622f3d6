// SPDX-License-Identifier: GPL-2.0

//! What was published into a directory of lists before: a file among them, which takes its place
//! with them.
//!
//! An InRelease stays signed for ever. Without this a mirror could serve an old one, and so hide
//! the updates that came after it, or that of another release.

use std::{
    collections::BTreeSet,
    path::Path, //
};

use anyhow::{
    Context,
    Result, //
};
use serde::{
    Deserialize,
    Serialize, //
};

use super::archive::{
    name_of,
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
    /// Take, once, the InRelease of this Date, as the refusal names it, though one that is newer
    /// was published into DIR before
    #[arg(long, value_name = "DATE")]
    older: Option<String>,

    /// Add the lists of this release, as the refusal names it, to those of others that were
    /// published into DIR before
    #[arg(long, value_name = "RELEASE")]
    other: Option<String>,

    /// Take an InRelease by this key, as the refusal names it, which is another than that of the
    /// one that was published into DIR before
    #[arg(long, value_name = "FINGERPRINT")]
    signer: Option<String>,
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
    /// The names of its lists that are in the directory. Of one that an earlier version has
    /// published they are not known: all may be.
    lists: Option<BTreeSet<String>>,
    /// The dates that were published and named by `--older`. Each is taken once: an option that
    /// stays in a script would let a mirror go back to it whenever it likes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    back: Vec<String>,
}

impl Entry {
    fn is_of(&self, release: &Release) -> bool {
        (&self.origin, &self.release) == (&release.origin, &release.release)
    }

    fn name(&self) -> String {
        name_of(&self.origin, &self.release)
    }
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
    /// another. Returns the date from which it goes back.
    pub(super) fn add(
        &mut self,
        new: &Release,
        signers: &[String],
        taken: &Taken,
        directory: &Path,
    ) -> Result<Option<String>> {
        // Also a date that is none to go back to now: an option that stays in a script would go
        // back to it later.
        let named = taken.older.iter().filter(|older| **older == new.date);
        let entry = Entry {
            origin: new.origin.clone(),
            release: new.release.clone(),
            date: new.date.clone(),
            signers: signers.to_vec(),
            lists: Some(BTreeSet::new()),
            back: named.cloned().collect(),
        };
        let Some(old) = self.releases.iter_mut().find(|old| old.is_of(new)) else {
            let name = new.name();
            let is_named = taken.other.as_ref() == Some(&name);
            if let Some(first) = self.releases.first().filter(|_| !is_named) {
                return Err(No::error(format!(
                    "it is {name}, and {} has the lists of {}: publish it into another \
                     directory, or --other '{name}' adds it to those",
                    quoted(directory),
                    first.name(),
                )));
            }
            self.releases.push(entry);
            return Ok(None);
        };
        let is_taken =
            |signer: &String| old.signers.contains(signer) || taken.signer.as_ref() == Some(signer);
        if !signers.iter().any(is_taken) {
            return Err(No::error(format!(
                "it is signed by {}, and the one that was published into {} before by \
                 {}: if the archive has a new key, --signer {} takes it",
                signers.join(", "),
                quoted(directory),
                old.signers.join(", "),
                signers.first().map_or("", String::as_str)
            )));
        }
        let mut back = std::mem::take(&mut old.back);
        let mut back_from = None;
        // A date that is none, of a file that was changed by hand, is no reason to take anything.
        if seconds(&old.date).is_none_or(|old| new.made < old) {
            let is_named = taken.older.as_ref() == Some(&new.date);
            let was_taken = back.contains(&new.date);
            if !is_named || was_taken {
                let remedy = match was_taken {
                    true => format!(
                        "--older has taken this one before, and takes none twice; to go back to it \
                         again, take its date out of 'back' in {}",
                        quoted(&directory.join(NAME))
                    ),
                    false => format!("--older '{}' takes it", new.date),
                };
                return Err(No::error(format!(
                    "it is of {}, and the one that was published into {} before of {}: the mirror \
                     is behind, or hides what came later; get a newer one; {remedy}",
                    new.date,
                    quoted(directory),
                    old.date
                )));
            }
            back_from = Some(old.date.clone());
        }
        for date in &entry.back {
            if !back.contains(date) {
                back.push(date.clone());
            }
        }
        *old = Entry {
            lists: old.lists.take(),
            back,
            ..entry
        };
        Ok(back_from)
    }

    /// Another release than this one whose list of that name is in the directory, for people.
    pub(super) fn other_owner(&self, release: &Release, list: &str) -> Option<String> {
        let has = |entry: &&Entry| {
            let lists = entry.lists.as_ref();
            !entry.is_of(release) && lists.is_none_or(|lists| lists.contains(list))
        };
        self.releases.iter().find(has).map(Entry::name)
    }

    /// The lists of the release that are in the directory are the ones with these names, and those
    /// of before that `stay`.
    pub(super) fn set_lists<'a>(
        &mut self,
        release: &Release,
        names: impl Iterator<Item = &'a str>,
        stays: impl Fn(&str) -> bool,
    ) {
        if let Some(entry) = self.releases.iter_mut().find(|entry| entry.is_of(release)) {
            let before = entry.lists.take().unwrap_or_default().into_iter();
            let names = names.map(str::to_owned);
            entry.lists = Some(before.filter(|name| stays(name)).chain(names).collect());
        }
    }
}
