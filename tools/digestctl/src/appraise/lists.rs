// SPDX-License-Identifier: GPL-2.0

//! What signed lists say of a content: those that the kernel has loaded, or given ones.

use std::{
    collections::HashMap,
    fmt,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    Context,
    Result, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::Kind, //
};

use crate::{
    format,
    hash::hash_slices,
    report::quoted,
    securityfs::Location,
    verify::Verifier, //
};

/// Where lists are.
pub(crate) enum Lists<'a> {
    Kernel(&'a Location),
    Files(HashMap<Digest, Known>),
}

/// What a list says of a digest.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(super) kind: Kind,
    list: String,
    signer: String,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, list, signer } = self;
        write!(f, "{kind} in the list {list}, signed by {signer}")
    }
}

impl<'a> Lists<'a> {
    /// The loaded ones.
    pub(super) fn of_kernel(location: &'a Location) -> Result<Self> {
        location
            .read("digests_count")
            .context("cannot ask for loaded lists (--list names others)")?;
        Ok(Self::Kernel(location))
    }

    /// Those in `files`, each of which has to be signed.
    pub(super) fn of_files(files: &[PathBuf], verifier: &Verifier) -> Result<Self> {
        Self::of(files, |file| {
            let kind = verifier.verify(file)?;
            Ok(format!("a given key ({kind})"))
        })
    }

    /// Those in `files`, whose signatures are believed.
    pub(crate) fn signed(files: &[PathBuf]) -> Result<Self> {
        Self::of(files, |_| Ok("a key that was not asked".to_owned()))
    }

    fn of(files: &[PathBuf], signer: impl Fn(&Path) -> Result<String>) -> Result<Self> {
        let mut all = HashMap::new();
        for file in files {
            let name = quoted(file);
            let signer = signer(file).with_context(|| name.clone())?;
            let data = format::read(file)?;
            let (_, list) = format::list(&data).with_context(|| name.clone())?;
            for (kind, digest) in list.entries() {
                add(
                    &mut all,
                    digest,
                    Known {
                        kind,
                        list: name.clone(),
                        signer: signer.clone(),
                    },
                );
            }
        }
        Ok(Self::Files(all))
    }

    /// What is known of a content by any algorithm that lists may have.
    pub(super) fn find(&self, data: &[u8]) -> Result<Option<Known>> {
        let mut found: Option<Known> = None;
        for algo in HashAlgo::STRONG {
            if let Self::Files(all) = self {
                // To hash is what takes the time.
                if !all.keys().any(|digest| digest.algo() == algo) {
                    continue;
                }
            }
            let digest = Digest::new(algo, &hash_slices(algo, &[data]))?;
            let known = match self {
                Self::Files(all) => all.get(&digest).cloned(),
                Self::Kernel(location) => ask(location, &digest)?,
            };
            found = stronger(found, known);
        }
        Ok(found)
    }
}

/// As in the module, a digest that is revoked is so whatever other lists say, and an immutable one
/// is immutable.
fn stronger(one: Option<Known>, other: Option<Known>) -> Option<Known> {
    match (one, other) {
        (Some(one), Some(other)) if other.kind.precedence() > one.kind.precedence() => Some(other),
        (one, other) => one.or(other),
    }
}

fn add(all: &mut HashMap<Digest, Known>, digest: Digest, known: Known) {
    let before = all.remove(&digest);
    if let Some(known) = stronger(before, Some(known)) {
        all.insert(digest, known);
    }
}

/// What the loaded lists say of `digest`: the signed ones, and, as in the module, any that revokes
/// it.
fn ask(location: &Location, digest: &Digest) -> Result<Option<Known>> {
    let answer = location.ask("digest_query", digest.to_string().as_bytes())?;
    let answer = String::from_utf8_lossy(&answer);
    let mut found = None;
    for line in answer.lines() {
        let field = |name: &str| {
            line.split(' ')
                .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        };
        let (Some(kind), Some(signer)) = (field("kind"), field("signer")) else {
            continue;
        };
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind);
        let counts = |kind: &Kind| *kind == Kind::Revoked || signer != "none";
        if let Some(kind) = kind.filter(counts) {
            let known = Known {
                kind,
                list: field("ref_id").unwrap_or("without a name").to_owned(),
                signer: match signer {
                    "none" => "nobody".to_owned(),
                    id => id.to_owned(),
                },
            };
            found = stronger(found, Some(known));
        }
    }
    Ok(found)
}
