// SPDX-License-Identifier: GPL-2.0

//! What a verifier brings for all machines that it judges: what it expects, whom it trusts, and the
//! lists of its repository.
//!
//! Machines of a fleet have the same lists. So each list is read, and its signature verified, once
//! for all of them. What is kept is bounded by the repository, and where machines choose what is
//! asked, by [`MOST_KEPT`].

use std::{
    cmp::Ordering,
    collections::{
        HashMap,
        HashSet, //
    },
    path::PathBuf,
    sync::{
        Arc,
        Mutex,
        MutexGuard,
        PoisonError, //
    }, //
};

use anyhow::{
    Context,
    Result, //
};
use digest_logic::{
    digest::Digest,
    list::Kind, //
};
use indicatif::ProgressBar;
use tempfile::TempDir;

use super::{
    crypto::sha256,
    expected::Expected,
    repository::Repository, //
};
use crate::{
    format,
    progress,
    terminal::plain,
    verify::Verifier, //
};

/// The most answers to questions of machines that are kept.
const MOST_KEPT: usize = 1 << 16;

/// In place of a signer, of lists that count without a signature.
pub(crate) const ALLOWED: &str = "allowed by the expectations";

/// By whom a list is signed, or why by nobody who is trusted.
pub(crate) type Signer = std::result::Result<String, String>;

/// What a verifier brings.
pub(crate) struct Trust {
    pub(crate) repository: Repository,
    /// The SHA-256 of certificates and keys that may be given to the module.
    pub(crate) known_keys: HashSet<Digest>,
    pub(crate) expected: Expected,
    /// The lists of the repository that revoke something.
    pub(crate) revocations: Vec<Digest>,
    /// The SHA-256 of all of this.
    pub(crate) inputs: Digest,
    /// Whether it may show how far it is: not where something else does.
    pub(crate) progress: bool,
    /// Verifies signatures of lists, one at a time.
    signers: Mutex<Verifier>,
    /// The same without the clock, if that is asked for other lists: what is revoked stays revoked
    /// when a certificate ends.
    revokers: Option<Mutex<Verifier>>,
    /// By the digest that metadata name.
    lists: Mutex<HashMap<Digest, Arc<ListFile>>>,
    /// By the SHA-256 of the list and of the signature that a machine has of it.
    signed: Mutex<HashMap<(Digest, Digest), Signer>>,
    /// Of lists that revoke, by their SHA-256.
    revoking: Mutex<HashMap<Digest, Signer>>,
    /// By the lists that revoke.
    revoked: Mutex<HashMap<Vec<Digest>, Arc<Revoked>>>,
    /// The lists of the repository that know a digest, in the order of their names.
    places: Mutex<HashMap<Digest, Arc<[Digest]>>>,
}

/// A file of the repository.
pub(crate) struct ListFile {
    pub(crate) path: PathBuf,
    /// Its SHA-256.
    pub(crate) digest: Digest,
    /// What it is as a list, or why it is none.
    pub(crate) list: std::result::Result<ListFacts, String>,
}

/// What is in a list.
pub(crate) struct ListFacts {
    /// How many digests it has.
    pub(crate) digests: u32,
    /// The name and the serial number of its edition.
    pub(crate) edition: Option<(String, u64)>,
}

/// A digest of a list that is revoked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Its number in evidence of use.
    pub(crate) number: u32,
    pub(crate) digest: Digest,
    /// Whether files with it were known by the list, which may also be what revokes it.
    pub(crate) is_known: bool,
}

/// What lists revoke.
pub(crate) struct Revoked {
    /// The digests, each with the list that revokes it.
    pub(crate) by: HashMap<Digest, Digest>,
    /// Of lists of the repository the digests that are revoked, with their numbers.
    of_list: Mutex<HashMap<Digest, Arc<[Entry]>>>,
}

/// Digests that are looked for. A machine chooses how many: they take no more memory than they have
/// bytes.
pub(crate) struct Wanted(Vec<Digest>);

impl Wanted {
    /// These, each once.
    pub(crate) fn new(digests: impl Iterator<Item = Digest>) -> Self {
        let most = digests.size_hint().1;
        let mut all = Vec::with_capacity(most.unwrap_or(0));
        all.extend(digests);
        all.sort_unstable_by(order);
        all.dedup();
        Self(all)
    }

    /// Whether this one is among them.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.0
            .binary_search_by(|other| order(other, digest))
            .is_ok()
    }
}

fn order(one: &Digest, other: &Digest) -> Ordering {
    let by_algo = one.algo().cmp(&other.algo());
    by_algo.then_with(|| one.as_bytes().cmp(other.as_bytes()))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps an answer, and no others if there are too many.
fn keep<K: Eq + std::hash::Hash, V>(answers: &mut HashMap<K, V>, key: K, value: V) {
    if answers.len() >= MOST_KEPT {
        answers.clear();
    }
    answers.insert(key, value);
}

impl Trust {
    /// Of these parts.
    pub(crate) fn new(
        repository: Repository,
        signers: Verifier,
        revokers: Option<Verifier>,
        known_keys: HashSet<Digest>,
        expected: Expected,
        revocations: Vec<Digest>,
        inputs: Digest,
    ) -> Self {
        Self {
            repository,
            known_keys,
            expected,
            revocations,
            inputs,
            progress: false,
            signers: Mutex::new(signers),
            revokers: revokers.map(Mutex::new),
            lists: Mutex::default(),
            signed: Mutex::default(),
            revoking: Mutex::default(),
            revoked: Mutex::default(),
            places: Mutex::default(),
        }
    }

    /// The file with this digest, if the repository has it.
    pub(crate) fn list(&self, named: &Digest) -> Result<Option<Arc<ListFile>>> {
        if let Some(file) = locked(&self.lists).get(named) {
            return Ok(Some(file.clone()));
        }
        let Some((path, data)) = self.repository.find(named)? else {
            return Ok(None);
        };
        let list = match format::list(&data) {
            Ok((_, list)) => Ok(ListFacts {
                digests: list.counts().total(),
                edition: list
                    .edition()
                    .map(|edition| (edition.name_text().to_owned(), edition.serial())),
            }),
            Err(error) => Err(error.to_string()),
        };
        let file = Arc::new(ListFile {
            path,
            digest: sha256(&data),
            list,
        });
        locked(&self.lists).insert(*named, file.clone());
        Ok(Some(file))
    }

    /// By whom the list is signed, beside it or by `signature`, which a machine has.
    pub(crate) fn signer_of(&self, file: &ListFile, signature: &[u8]) -> Result<Signer> {
        let beside = (file.digest, sha256(&[]));
        let own = (file.digest, sha256(signature));
        let signers = locked(&self.signers);
        let known = |key| locked(&self.signed).get(key).cloned();
        let of_beside = match known(&beside) {
            Some(signer) => signer,
            None => {
                let signer = of(signers.signer(&file.path));
                keep(&mut locked(&self.signed), beside, signer.clone());
                signer
            }
        };
        if of_beside.is_ok() || signature.is_empty() {
            return Ok(of_beside);
        }
        if let Some(signer) = known(&own) {
            return Ok(signer);
        }
        let Some((_, data)) = self.repository.find(&file.digest)? else {
            return Ok(of_beside);
        };
        let place = TempDir::new().context("cannot make a temporary directory")?;
        let list = place.path().join("list");
        std::fs::write(&list, data)?;
        std::fs::write(place.path().join("list.p7s"), signature)?;
        let signer = of(signers.signer(&list));
        keep(&mut locked(&self.signed), own, signer.clone());
        Ok(signer)
    }

    /// Whether a signature may count at one time and not at another.
    pub(crate) fn asks_clock(&self) -> bool {
        self.revokers.is_some()
    }

    /// By whom a list that revokes is signed.
    pub(crate) fn revoker_of(&self, file: &ListFile) -> Result<Signer> {
        let Some(revokers) = &self.revokers else {
            return self.signer_of(file, &[]);
        };
        let revokers = locked(revokers);
        if let Some(signer) = locked(&self.revoking).get(&file.digest) {
            return Ok(signer.clone());
        }
        let signer = of(revokers.signer(&file.path));
        locked(&self.revoking).insert(file.digest, signer.clone());
        Ok(signer)
    }

    /// What these lists of the repository revoke.
    pub(crate) fn revoked_by(&self, lists: Vec<Digest>) -> Result<Arc<Revoked>> {
        if let Some(revoked) = locked(&self.revoked).get(&lists) {
            return Ok(revoked.clone());
        }
        let mut by = HashMap::new();
        for digest in &lists {
            let found = self.repository.find(digest)?;
            let list = found.as_ref().map(|(_, data)| format::list(data));
            if let Some(Ok((_, list))) = list {
                let entries = list.entries().filter(|(kind, _)| *kind == Kind::Revoked);
                by.extend(entries.map(|(_, entry)| (entry, *digest)));
            }
        }
        let revoked = Arc::new(Revoked {
            by,
            of_list: Mutex::default(),
        });
        keep(&mut locked(&self.revoked), lists, revoked.clone());
        Ok(revoked)
    }

    /// Which digests of a list are revoked, by `revoked` or by the expectations.
    pub(crate) fn revoked_in(&self, revoked: &Revoked, list: &Digest) -> Result<Arc<[Entry]>> {
        if let Some(found) = locked(&revoked.of_list).get(list) {
            return Ok(found.clone());
        }
        let mut found = Vec::new();
        // Of what is not there, a machine may name as much as it has records.
        let Some((_, data)) = self.repository.find(list)? else {
            return Ok(found.into());
        };
        if let Ok((_, list)) = format::list(&data) {
            // As the table has them: by kind, each in the order of the file.
            let entries = Kind::ALL
                .into_iter()
                .flat_map(|kind| list.entries().filter(move |(other, _)| *other == kind));
            let entries = (0..).zip(entries).map(|(number, (kind, digest))| Entry {
                number,
                digest,
                is_known: kind != Kind::Revoked,
            });
            found.extend(entries.filter(|Entry { digest, .. }| {
                self.expected.revoke.contains(digest) || revoked.by.contains_key(digest)
            }));
        }
        let found: Arc<[_]> = found.into();
        locked(&revoked.of_list).insert(*list, found.clone());
        Ok(found)
    }

    /// The lists of the repository that know some of the digests `wanted`, signed or not, by these
    /// digests. Lists count as known by those that are them.
    pub(crate) fn places_of(&self, wanted: &Wanted) -> Result<HashMap<Digest, Arc<[Digest]>>> {
        let mut found: HashMap<Digest, Arc<[Digest]>> = HashMap::new();
        let mut kept = 0;
        {
            let places = locked(&self.places);
            for digest in &wanted.0 {
                if let Some(lists) = places.get(digest) {
                    kept += 1;
                    if !lists.is_empty() {
                        found.insert(*digest, lists.clone());
                    }
                }
            }
        }
        if kept == wanted.0.len() {
            return Ok(found);
        }
        // Of those that no list knows there may be as many as a machine has records.
        let mut new: HashMap<Digest, Vec<Digest>> = HashMap::new();
        let objects = self.repository.objects()?;
        let bar = match self.progress {
            true => progress::of_files(objects.len()),
            false => ProgressBar::hidden(),
        };
        for object in objects {
            bar.inc(1);
            let Some((_, data)) = self.repository.find(&object)? else {
                continue;
            };
            let Ok((_, list)) = format::list(&data) else {
                continue;
            };
            let entries = list.entries().filter(|(kind, _)| *kind != Kind::Revoked);
            let entries = entries.map(|(_, entry)| entry).chain([object]);
            for entry in entries.filter(|entry| wanted.has(entry)) {
                let lists = new.entry(entry).or_default();
                if lists.last() != Some(&object) {
                    lists.push(object);
                }
            }
        }
        bar.finish_and_clear();
        let mut places = locked(&self.places);
        let new = new.into_iter();
        found.extend(new.map(|(digest, lists)| (digest, lists.into())));
        if wanted.0.len() <= MOST_KEPT {
            let nowhere: Arc<[Digest]> = Arc::new([]);
            for digest in &wanted.0 {
                let lists = found.get(digest).unwrap_or(&nowhere);
                keep(&mut places, *digest, lists.clone());
            }
        }
        Ok(found)
    }
}

fn of(signer: Result<String>) -> Signer {
    match signer {
        Ok(signer) => Ok(plain(signer.as_bytes())),
        Err(error) => Err(format!("{error:#}")),
    }
}
