// SPDX-License-Identifier: GPL-2.0

//! A directory of lists that changes as a whole: what is new is made beside it and exchanged with
//! it, so a reader finds the old lists or the new ones, also after a crash.

use std::{
    fs::{
        self,
        File,
        OpenOptions,
        Permissions, //
    },
    io::Write,
    os::unix::fs::{
        MetadataExt,
        PermissionsExt, //
    },
    path::{
        Path,
        PathBuf, //
    },
    time::SystemTime, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use rustix::{
    fs::{
        RenameFlags,
        CWD, //
    },
    io::Errno, //
};
use tempfile::TempDir;

use super::published;
use crate::{
    format,
    output::{
        directory_of,
        lock,
        sync,
        TEMPORARY, //
    },
    report::{
        complain,
        quoted, //
    },
    signature::is_signature, //
};

/// The mode of files, whatever the umask: others read them.
const MODE: u32 = 0o644;

/// The mode of a directory that was not there.
const DIRECTORY_MODE: u32 = 0o755;

/// The directory, and what takes its place.
pub(super) struct Directory {
    /// Where it is, behind all links.
    path: PathBuf,
    /// As it was named.
    shown: String,
    /// What is there; none if the directory is not.
    before: Option<Vec<Entry>>,
    /// The directory above, held so that no other run does the same there.
    _held: File,
}

/// A file, and by what a change of it is seen. Another name for it is no change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) name: String,
    inode: u64,
    size: u64,
    changed: SystemTime,
}

impl Directory {
    /// Looks at what is at `path`: nothing, or a directory that has only lists.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let shown = quoted(path);
        let path = match path.symlink_metadata() {
            Ok(_) => path.canonicalize().with_context(|| {
                format!("{shown} is a link that leads nowhere: remove it, or make the directory")
            })?,
            Err(_) => path.to_owned(),
        };
        let parent = directory_of(&path);
        let held = lock(parent)?;
        remove_leftovers(parent)?;
        let before = match path.exists() {
            true => Some(entries(&path, true)?),
            false => None,
        };
        Ok(Self {
            path,
            shown,
            before,
            _held: held,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is there.
    pub(super) fn before(&self) -> &[Entry] {
        self.before.as_deref().unwrap_or_default()
    }

    /// A directory in which the new content is made. It is for the same users as the old one.
    pub(super) fn begin(&self) -> Result<TempDir> {
        let parent = directory_of(&self.path);
        let make = || -> Result<TempDir> {
            let new = tempfile::Builder::new()
                .prefix(&prefix())
                .tempdir_in(parent)?;
            let mode = match self.path.metadata() {
                Ok(old) => {
                    let is = new.path().metadata()?;
                    if (old.uid(), old.gid()) != (is.uid(), is.gid()) {
                        std::os::unix::fs::chown(new.path(), Some(old.uid()), Some(old.gid()))
                            .context("it cannot have the same owner and group as the old one")?;
                    }
                    old.mode() & 0o7777
                }
                Err(_) => DIRECTORY_MODE,
            };
            fs::set_permissions(new.path(), Permissions::from_mode(mode))?;
            Ok(new)
        };
        make().with_context(|| format!("cannot make a directory in {}", quoted(parent)))
    }

    /// Puts the new content at its place, unless what was there has changed since.
    pub(super) fn finish(self, new: TempDir) -> Result<()> {
        sync(new.path())?;
        let now = match self.path.exists() {
            true => Some(entries(&self.path, false)?),
            false => None,
        };
        if now != self.before {
            bail!(
                "{} was changed meanwhile: nothing was published; run this again",
                self.shown
            );
        }
        let flags = match now {
            Some(_) => RenameFlags::EXCHANGE,
            None => RenameFlags::NOREPLACE,
        };
        let renamed = rustix::fs::renameat_with(CWD, new.path(), CWD, &self.path, flags);
        let hint = match renamed {
            Err(Errno::BUSY) => ": it is a mount point; name a directory below it",
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                ": this file system cannot exchange directories; use another (ext4, XFS, Btrfs)"
            }
            _ => "",
        };
        renamed.with_context(|| format!("cannot put the lists at {}{hint}", self.shown))?;
        if now.is_none() {
            // It is no longer where it was made.
            let _ = new.keep();
        }
        sync(directory_of(&self.path))
    }
}

/// How the names of directories begin that are made here.
fn prefix() -> String {
    format!("{TEMPORARY}publish-")
}

/// Removes what a run left that was killed.
fn remove_leftovers(parent: &Path) -> Result<()> {
    let prefix = prefix();
    for entry in fs::read_dir(parent).with_context(|| format!("cannot read {}", quoted(parent)))? {
        let entry = entry?;
        let is_left = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(prefix.as_bytes());
        if is_left && entry.file_type()?.is_dir() {
            let path = entry.path();
            if let Err(error) = fs::remove_dir_all(&path) {
                let path = quoted(&path);
                complain(format_args!("note: {path} is left of another run: {error}"));
            }
        }
    }
    Ok(())
}

/// What is in the directory of lists, which has nothing else: that is seen to with `look`.
fn entries(directory: &Path, look: bool) -> Result<Vec<Entry>> {
    let read = |entry: std::io::Result<fs::DirEntry>| -> Result<Entry> {
        let entry = entry?;
        let path = entry.path();
        let is_ours = || {
            is_signature(&path)
                || path.ends_with(published::NAME)
                || format::read(&path).is_ok_and(|data| format::list(&data).is_ok())
        };
        let metadata = entry.metadata()?;
        match entry.file_name().into_string() {
            Ok(name) if metadata.is_file() && (!look || is_ours()) => Ok(Entry {
                name,
                inode: metadata.ino(),
                size: metadata.len(),
                changed: metadata.modified()?,
            }),
            _ => bail!(
                "{} is neither a list nor a signature: -o names a directory that has only lists",
                quoted(&path)
            ),
        }
    };
    let all = fs::read_dir(directory)
        .with_context(|| format!("cannot read {}", quoted(directory)))?
        .map(read);
    let mut entries = all.collect::<Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

/// Writes a new file, which others may read.
pub(super) fn put(path: &Path, data: &[u8]) -> Result<()> {
    let put = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(data)?;
        file.set_permissions(Permissions::from_mode(MODE))
    };
    put().with_context(|| format!("cannot write {}", quoted(path)))
}

/// The same file under another name, or one like it.
pub(super) fn keep(from: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).with_context(|| format!("cannot copy {}", quoted(from)))?;
    }
    Ok(())
}
