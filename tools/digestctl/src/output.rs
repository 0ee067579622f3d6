// SPDX-License-Identifier: GPL-2.0

//! Files that appear whole or not at all, and the sink through which formats are written.

use std::{
    collections::{
        BTreeSet,
        HashMap, //
    },
    fs::{
        self,
        File,
        OpenOptions, //
    },
    io::Write,
    os::unix::fs::{
        MetadataExt,
        OpenOptionsExt, //
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
use digest_logic::cursor::Sink;
use rustix::fs::{
    flock,
    FlockOperation,
    RenameFlags,
    CWD, //
};
use tempfile::{
    NamedTempFile,
    TempPath, //
};

use crate::{
    report::{
        complain,
        detail,
        quoted, //
    },
    signature::remove_signatures, //
};

/// How the names of files begin that are not in their place yet.
pub(crate) const TEMPORARY: &str = ".digestctl-";

/// Collects what a format writes.
#[derive(Default)]
pub(crate) struct Buffer(pub(crate) Vec<u8>);

impl Sink for Buffer {
    fn put(&mut self, bytes: &[u8]) -> digest_logic::refusal::Result {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Whether the path means standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Puts a file with `data` at `path`, in place of what is there, readable by everyone. A device or
/// a pipe stays what it is, and takes the data; `-` is standard output.
pub(crate) fn write_atomically(path: &Path, data: &[u8]) -> Result<()> {
    write_with_mode(path, data, 0o644)
}

/// Puts many files at their paths, each as [`write_atomically`] does.
///
/// A file that is replaced is exchanged with the new one and becomes the next new one: to make and
/// delete many files takes file systems longer than to write them. One that has another name as
/// well, such as in a backup, is not written to. What is left is deleted at the end.
#[derive(Default)]
pub(crate) struct Replacer {
    /// By the directory that they are in.
    spare: HashMap<PathBuf, Vec<TempPath>>,
}

impl Replacer {
    /// Puts these files there. Their content is on the disk before the first of them is in its
    /// place; the disk is waited for once for all of them, and once for those of the call before.
    pub(crate) fn replace(&mut self, files: &[(&Path, String)]) -> Result<()> {
        // That the exchange is on the disk: until then a crash may bring back what is there now.
        for directory in self.spare.keys() {
            sync(directory)?;
        }
        let mut written = Vec::new();
        let mut directories = BTreeSet::new();
        for (path, data) in files {
            let directory = directory_of(path);
            let file = self
                .write(directory, data)
                .with_context(|| format!("cannot write {}", quoted(path)))?;
            written.push(file);
            directories.insert(directory);
        }
        for directory in directories {
            sync(directory)?;
        }
        for ((path, _), file) in files.iter().zip(written) {
            let flags = RenameFlags::EXCHANGE;
            // Where there is none yet, or the file system cannot do that.
            match rustix::fs::renameat_with(CWD, &*file, CWD, *path, flags) {
                Ok(()) if is_like(&file, path) => {
                    let directory = directory_of(path).to_owned();
                    self.spare.entry(directory).or_default().push(file);
                }
                Ok(()) => drop(file),
                Err(_) => file
                    .persist(path)
                    .with_context(|| format!("cannot write {}", quoted(path)))?,
            }
        }
        Ok(())
    }

    /// A file with `data` in the directory.
    fn write(&mut self, directory: &Path, data: &str) -> Result<TempPath> {
        let Some(path) = self.spare.get_mut(directory).and_then(Vec::pop) else {
            let mut file = temporary(directory, 0o644)?;
            file.as_file_mut().write_all(data.as_bytes())?;
            return Ok(file.into_temp_path());
        };
        let mut file = OpenOptions::new().write(true).open(&path)?;
        file.write_all(data.as_bytes())?;
        file.set_len(data.len() as u64)?;
        Ok(path)
    }
}

/// Whether what was replaced can become a file like the one in its place: it is no link, has no
/// other name, and is for the same users.
fn is_like(replaced: &Path, new: &Path) -> bool {
    let facts = |path: &Path| {
        let metadata = path.symlink_metadata().ok()?;
        let users = (metadata.uid(), metadata.gid(), metadata.mode());
        (metadata.is_file() && metadata.nlink() == 1).then_some(users)
    };
    let new = facts(new);
    new.is_some() && facts(replaced) == new
}

/// The same as [`write_atomically`], or standard output where `path` is none or `-`.
pub(crate) fn write_to(path: Option<&Path>, data: &[u8]) -> Result<()> {
    write_atomically(path.unwrap_or(Path::new("-")), data)
}

/// Puts a list at `path`. Signatures beside it that are of another list, which was there before,
/// are removed: they would only make this one look tampered with.
pub(crate) fn write_list(path: &Path, data: &[u8]) -> Result<()> {
    // A pipe is not read: another program may wait for what is written.
    let is_file = !is_standard(path) && path.metadata().is_ok_and(|there| there.is_file());
    if is_file && fs::read(path).is_ok_and(|there| there != data) {
        remove_signatures(path)?;
    }
    write_atomically(path, data)
}

/// The same as [`write_atomically`], readable by its owner only.
pub(crate) fn write_secret(path: &Path, data: &[u8]) -> Result<()> {
    write_with_mode(path, data, 0o600)
}

fn write_with_mode(path: &Path, data: &[u8], mode: u32) -> Result<()> {
    if is_standard(path) {
        // Half a file is none: that nobody reads it is a failure.
        let mut out = std::io::stdout().lock();
        return match out.write_all(data).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) => bail!("cannot write standard output: {error}"),
        };
    }
    let write = || {
        if path
            .metadata()
            .is_ok_and(|there| !there.is_file() && !there.is_dir())
        {
            OpenOptions::new().write(true).open(path)?.write_all(data)?;
            return Ok(());
        }
        if path.is_dir() {
            bail!("it is a directory; name a file in it");
        }
        let mut file = temporary(directory_of(path), mode)?;
        file.as_file_mut().write_all(data)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        detail(format_args!("wrote {}", quoted(path)));
        anyhow::Ok(())
    };
    write().with_context(|| format!("cannot write {}", quoted(path)))
}

/// Waits until what was written to the file system of the directory is on the disk.
pub(crate) fn sync(directory: &Path) -> Result<()> {
    File::open(directory)
        .and_then(|directory| Ok(rustix::fs::syncfs(directory)?))
        .with_context(|| format!("cannot write to {}", quoted(directory)))
}

/// Holds the directory, as long as the file lives that is returned. Waits for another run that
/// does, and says so.
pub(crate) fn lock(directory: &Path) -> Result<File> {
    let lock = || -> Result<File> {
        let file = File::open(directory)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            complain(format_args!(
                "note: another run works in {}; waiting for it",
                quoted(directory)
            ));
            flock(&file, FlockOperation::LockExclusive)?;
        }
        Ok(file)
    };
    lock().with_context(|| format!("cannot lock {}", quoted(directory)))
}

/// The directory that the file is in.
pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A file of another name in the directory. An error has no such name: it tells nobody anything.
fn temporary(directory: &Path, mode: u32) -> std::io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(TEMPORARY)
        .make_in(directory, |path| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(path)
        })
}
