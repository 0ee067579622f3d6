// SPDX-License-Identifier: GPL-2.0

//! A repository of lists: a directory that any web server can serve.
//!
//! | file | content |
//! |------|---------|
//! | `objects/sha256/ab/<62 digits>` | a list, or metadata, by the SHA-256 of the file |
//! | the same with `.p7s` or `.sig` behind it | the signature of the list |
//! | `revocations` | the lists that revoke something, `sha256:<hex>` in each line |

use std::{
    collections::{
        hash_map::Entry,
        BTreeSet,
        HashMap,
        HashSet, //
    },
    fs::{
        self,
        File, //
    },
    io::ErrorKind,
    path::{
        Path,
        PathBuf, //
    },
    sync::{
        Mutex,
        PoisonError, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    hash_algo::HashAlgo, //
};
use rustix::fs::{
    flock,
    FlockOperation, //
};

use super::crypto::{
    sha256,
    Hashes, //
};
use crate::{
    format,
    output::{
        lock,
        write_atomically, //
    },
    progress,
    report::quoted,
    signature::with_suffix, //
};
use digest_logic::evidence::replay::Hasher;

/// A directory with lists.
pub(crate) struct Repository {
    root: PathBuf,
    /// The files by their digests in other algorithms than SHA-256, once somebody asked.
    others: Mutex<HashMap<HashAlgo, HashMap<Digest, Digest>>>,
}

impl Repository {
    /// The one at `root`.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            others: Mutex::default(),
        }
    }

    /// Where the file with this SHA-256 lies, or would.
    pub(crate) fn path_of(&self, digest: &Digest) -> PathBuf {
        let hex = Hex(digest.as_bytes()).to_string();
        let (first, rest) = hex.split_at(2);
        self.root.join("objects/sha256").join(first).join(rest)
    }

    /// The file with the digest `digest`, if it is there, and its path.
    pub(crate) fn find(&self, digest: &Digest) -> Result<Option<(PathBuf, Vec<u8>)>> {
        if digest.algo() == HashAlgo::Sha256 {
            return self.get(digest);
        }
        let others = self.others.lock();
        let mut others = others.unwrap_or_else(PoisonError::into_inner);
        let index = match others.entry(digest.algo()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let mut index = HashMap::new();
                for other in self.objects()? {
                    if let Some((_, data)) = self.get(&other)? {
                        index.insert(Hashes.hash(digest.algo(), &[&data]), other);
                    }
                }
                entry.insert(index)
            }
        };
        match index.get(digest) {
            Some(other) => self.get(other),
            None => Ok(None),
        }
    }

    fn get(&self, digest: &Digest) -> Result<Option<(PathBuf, Vec<u8>)>> {
        let path = self.path_of(digest);
        let data = match fs::read(&path) {
            Ok(data) => data,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", quoted(&path)))
            }
        };
        if sha256(&data) != *digest {
            bail!(
                "{} has changed: its SHA-256 is not its name; add the file again (digestctl repo \
                 add), or delete it if nobody has it",
                quoted(&path)
            );
        }
        Ok(Some((path, data)))
    }

    /// The digests of all files, sorted.
    pub(crate) fn objects(&self) -> Result<Vec<Digest>> {
        let mut digests = Vec::new();
        let objects = self.root.join("objects/sha256");
        for first in entries(&objects)? {
            for rest in entries(&objects.join(&first))? {
                let hex = format!("{first}{rest}");
                if let Ok(digest) = Digest::from_hex(HashAlgo::Sha256, hex.as_bytes()) {
                    digests.push((hex, digest));
                }
            }
        }
        digests.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(digests.into_iter().map(|(_, digest)| digest).collect())
    }

    /// Puts `data` there, and beside them the signature with this suffix. The signature comes
    /// first: a list that revokes would revoke nothing without it.
    pub(crate) fn put(&self, data: &[u8], signature: Option<(&str, &[u8])>) -> Result<Digest> {
        let digest = sha256(data);
        let path = self.path_of(&digest);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", quoted(parent)))?;
        }
        if let Some((suffix, signature)) = signature {
            write_atomically(&with_suffix(&path, suffix), signature)?;
        }
        write_atomically(&path, data)?;
        Ok(digest)
    }

    /// Holds the repository, so that no other run changes it; none begins to read what it revokes.
    pub(crate) fn hold(&self) -> Result<File> {
        lock(&self.root)
    }

    fn revocations_path(&self) -> PathBuf {
        self.root.join("revocations")
    }

    /// The lists that revoke something.
    ///
    /// # Errors
    ///
    /// The note of them cannot be read, or one of them is gone: nobody could say what it revoked.
    pub(crate) fn revocations(&self) -> Result<Vec<Digest>> {
        // A list that is just being added is noted before it is there. Not every file system lets
        // readers wait.
        let held = File::open(&self.root);
        if let Ok(held) = &held {
            let _ = flock(held, FlockOperation::LockShared);
        }
        let lists = self.noted()?;
        if let Some(lost) = lists.iter().find(|list| !self.path_of(list).exists()) {
            bail!("the repository has lost {lost}, which revokes: add it again");
        }
        Ok(lists)
    }

    /// The lists of which it is noted that they revoke something.
    fn noted(&self) -> Result<Vec<Digest>> {
        let path = self.revocations_path();
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = String::from_utf8(format::read(&path)?)
            .with_context(|| format!("{} is no text", quoted(&path)))?;
        let lists = text.lines();
        lists
            .map(|line| Digest::parse(line).with_context(|| format!("{}: {line}", quoted(&path))))
            .collect()
    }

    /// Notes which lists revoke something: of those that are there, of `more`, which will be, and
    /// those that were noted before without `gone`, which are to be deleted. What is noted and then
    /// does not come is an error to who reads it; what comes and is not noted would revoke nothing.
    pub(crate) fn write_revocations(&self, more: &[&[u8]], gone: &[Digest]) -> Result<()> {
        let revokes =
            |data: &[u8]| format::list(data).is_ok_and(|(_, list)| list.counts().revoked > 0);
        // What is there of these need not be looked at, and may be damaged.
        let mut done: HashSet<Digest> = gone.iter().copied().collect();
        let noted = self.noted()?.into_iter();
        let noted = noted.filter(|list| !done.contains(list));
        let mut lists: BTreeSet<String> = noted.map(|list| list.to_string()).collect();
        for data in more {
            let digest = sha256(data);
            if revokes(data) {
                lists.insert(digest.to_string());
            }
            done.insert(digest);
        }
        let objects = self.objects()?;
        let bar = progress::of_files(objects.len());
        for digest in objects {
            bar.inc(1);
            if done.contains(&digest) {
                continue;
            }
            if let Some((_, data)) = self.get(&digest)? {
                if revokes(&data) {
                    lists.insert(digest.to_string());
                }
            }
        }
        bar.finish_and_clear();
        let mut text = String::new();
        for list in lists {
            text.push_str(&format!("{list}\n"));
        }
        if text.is_empty() && !self.revocations_path().exists() {
            return Ok(());
        }
        write_atomically(&self.revocations_path(), text.as_bytes())
    }
}

/// The names in a directory, none if there is none.
fn entries(path: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new())
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", quoted(path))),
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}
