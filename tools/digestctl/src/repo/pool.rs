// SPDX-License-Identifier: GPL-2.0

//! The package files of a pool: each is read once, has to be what the archive vouches for, and
//! becomes a list.

use std::{
    collections::{
        BTreeMap,
        HashMap, //
    },
    fs::File,
    io::{
        self,
        Seek, //
    },
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::Hex,
    hash_algo::HashAlgo, //
};
use rayon::prelude::*;
use tempfile::NamedTempFile;

use super::{
    archive::Content,
    directory::put, //
};
use crate::{
    generate::{
        list_of_package,
        Format,
        How, //
    },
    hash::{
        self,
        hash_open, //
    },
    progress,
    report::{
        complain,
        count,
        quoted,
        No, //
    },
    walk::{
        walk,
        Options, //
    }, //
};

/// How many complaints are printed.
const MOST_SAID: usize = 20;

/// How lists are made.
const HOW: How = How {
    format: Format::Compact,
    algo: HashAlgo::Sha256,
    mutable: false,
    revoked: false,
};

/// What the archive vouches for: the contents of each file name, of which there is one, unless two
/// packages have the same name.
pub(super) type Known = HashMap<String, Vec<Content>>;

/// What is wanted of the pool.
#[derive(clap::Args)]
pub(super) struct Wanted {
    /// The directory that has the package files, at any depth
    #[arg(long, value_name = "DIR")]
    pool: PathBuf,

    /// The pool has only some of the packages
    #[arg(long)]
    partial: bool,

    /// Leave out packages that cannot be read; the exit status is 2 all the same
    #[arg(long)]
    keep_going: bool,
}

/// What became of the pool.
pub(super) struct Listed {
    /// The lists that were made.
    pub(super) made: Vec<Made>,
    /// The names of those that could not be made.
    pub(super) unread: Vec<String>,
}

/// A list that was made.
pub(super) struct Made {
    /// What it is called.
    pub(super) name: String,
    pub(super) digests: usize,
}

/// What was found of the files of one name.
#[derive(Default)]
struct Looked {
    made: Option<Made>,
    contents: Vec<Content>,
    /// Why the archive does not vouch for one.
    wrong: Vec<String>,
    /// Why the one that it vouches for has no list.
    unread: Option<String>,
}

/// Makes the lists of the pool's packages in `directory`. Each package has to be known, and each
/// that is known has to be there.
pub(super) fn list(wanted: &Wanted, known: &Known, directory: &Path) -> Result<Listed> {
    let (names, mut wrong) = find(&wanted.pool);
    let bar = progress::bar(
        names.len() as u64,
        "{wide_bar} {pos}/{len} packages verified and listed",
    );
    let names: Vec<_> = names.into_iter().collect();
    let looked: Vec<_> = names
        .par_iter()
        .map(|(name, paths)| {
            let looked = match name.to_str().and_then(|name| known.get_key_value(name)) {
                Some((name, contents)) => look(name, contents, paths, directory),
                None => Ok(Looked {
                    wrong: paths.iter().map(|path| unknown(path)).collect(),
                    ..Looked::default()
                }),
            };
            bar.inc(1);
            looked
        })
        .collect();
    bar.finish_and_clear();
    let mut listed = Listed {
        made: Vec::new(),
        unread: Vec::new(),
    };
    let mut unread = Vec::new();
    let mut there: HashMap<&str, Looked> = HashMap::new();
    for ((name, _), looked) in names.iter().zip(looked) {
        let mut looked = looked?;
        wrong.extend(looked.wrong.iter().cloned());
        listed.made.extend(looked.made.take());
        if let (Some(reason), Some(name)) = (looked.unread.take(), name.to_str()) {
            listed.unread.push(list_name(name).to_owned());
            unread.push(reason);
        }
        if let Some(name) = name.to_str() {
            there.insert(name, looked);
        }
    }
    if !wanted.partial {
        wrong.extend(missing(known, &there));
    }
    say(&mut wrong);
    if !wrong.is_empty() {
        return Err(No::error(format!(
            "the pool is not that of the archive, by {}; nothing was published",
            count(wrong.len(), "file")
        )));
    }
    say(&mut unread);
    if !unread.is_empty() && !wanted.keep_going {
        bail!(
            "{} cannot be listed; nothing was published (--keep-going leaves them out)",
            count(unread.len(), "package")
        );
    }
    if listed.made.is_empty() {
        bail!("{} has no package files to list", quoted(&wanted.pool));
    }
    Ok(listed)
}

fn unknown(path: &Path) -> String {
    format!("{} is in no Packages file", quoted(path))
}

/// The package files, by their names, and what could not be looked at.
fn find(pool: &Path) -> (BTreeMap<std::ffi::OsString, Vec<PathBuf>>, Vec<String>) {
    let options = Options {
        one_file_system: false,
        except: Path::new(""),
    };
    let pool = pool.to_owned();
    let bar = progress::spinner("{spinner} {pos} files found");
    let found = walk(std::slice::from_ref(&pool), &options, |files| {
        bar.set_position(files as u64)
    });
    bar.finish_and_clear();
    let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for file in found.files {
        if file.path.extension().is_some_and(|suffix| suffix == "deb") {
            let name = file.path.file_name().unwrap_or_default().to_owned();
            names.entry(name).or_default().push(file.path);
        }
    }
    names.values_mut().for_each(|paths| paths.sort());
    (names, found.errors)
}

/// What is known and not there. What is there with another content is told as that.
fn missing(known: &Known, there: &HashMap<&str, Looked>) -> Vec<String> {
    let nothing = Looked::default();
    let mut missing = Vec::new();
    for (name, contents) in known {
        let looked = there.get(name.as_str()).unwrap_or(&nothing);
        let gone = contents
            .iter()
            .filter(|content| looked.wrong.is_empty() && !looked.contents.contains(content));
        missing.extend(gone.map(|content| {
            let one = match contents.len() {
                1 => String::new(),
                _ => format!(" with sha256:{}", Hex(&content.sha256)),
            };
            format!(
                "{name}{one} is in Packages, and not in the pool (--partial takes what is there)"
            )
        }));
    }
    missing
}

/// Looks at the files of one name, and makes the list of them in `directory`.
fn look(name: &str, known: &[Content], paths: &[PathBuf], directory: &Path) -> Result<Looked> {
    let mut looked = Looked::default();
    let mut first: Option<&Path> = None;
    for path in paths {
        let copied = copy_of(path).with_context(|| quoted(path))?;
        let Some((copy, content)) = copied.filter(|(_, content)| known.contains(content)) else {
            let path = quoted(path);
            looked
                .wrong
                .push(format!("{path} has not the content that Packages says"));
            continue;
        };
        // The same package twice is one.
        if looked.contents.contains(&content) {
            continue;
        }
        looked.contents.push(content);
        if let Some(first) = first {
            looked.wrong.push(format!(
                "{} and {} are different packages, and both lists would be {}: publish them from \
                 two pools, into two directories",
                quoted(first),
                quoted(path),
                list_name(name)
            ));
            continue;
        }
        first = Some(path);
        match list_of_package(&HOW, copy.path()) {
            Ok(list) => {
                put(&directory.join(list_name(name)), &list.list)?;
                looked.made = Some(Made {
                    name: list_name(name).to_owned(),
                    digests: list.digests,
                });
            }
            Err(error) => looked.unread = Some(format!("{}: {error:#}", quoted(path))),
        }
    }
    Ok(looked)
}

/// What the list of a package file is called.
fn list_name(package: &str) -> &str {
    package.strip_suffix(".deb").unwrap_or(package)
}

/// A file of our own with the content of the package, and what that is; the list is made of what
/// was verified, whatever becomes of the path. Nothing if the copy is changed.
fn copy_of(path: &Path) -> Result<Option<(NamedTempFile, Content)>> {
    let copy = tempfile::Builder::new().suffix(".deb").tempfile();
    let mut copy = copy.context("cannot make a temporary file")?;
    io::copy(&mut File::open(path)?, &mut copy)?;
    let file = copy.as_file_mut();
    file.rewind()?;
    let hashed = hash_open(file, &[HashAlgo::Sha256], &mut hash::Buffer::new())?;
    Ok(hashed.and_then(|(size, digests)| {
        let sha256 = digests.first()?.as_slice().try_into().ok()?;
        Some((copy, Content { size, sha256 }))
    }))
}

/// Complains of these.
pub(super) fn say(wrong: &mut [String]) {
    wrong.sort();
    for reason in wrong.iter().take(MOST_SAID) {
        complain(reason);
    }
    if wrong.len() > MOST_SAID {
        complain(format_args!("and {} more", wrong.len() - MOST_SAID));
    }
}
