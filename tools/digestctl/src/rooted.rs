// SPDX-License-Identifier: GPL-2.0

//! Files below a directory that is the root of a system, and nothing outside of it.
//!
//! Absolute names, `..` and symbolic links mean what they would mean to a task whose root the
//! directory is.

use std::{
    ffi::OsString,
    fs::{
        File,
        OpenOptions, //
    },
    io::{
        self,
        Read, //
    },
    os::{
        fd::AsRawFd,
        unix::{
            ffi::OsStringExt,
            fs::OpenOptionsExt, //
        }, //
    },
    path::{
        Path,
        PathBuf, //
    }, //
};

use rustix::{
    fs::{
        Mode,
        OFlags,
        ResolveFlags, //
    },
    io::Errno, //
};

/// How often a path is looked up again because something was renamed meanwhile.
const MOST_TRIES: usize = 10_000;

/// The longest file that is read, in bytes.
const MOST_BYTES: u64 = 256 << 20;

/// What becomes of symbolic links in the middle of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// They are followed.
    Followed,
    /// What is behind them is not there.
    Refused,
}

/// The root of a system.
pub(crate) struct Root(File);

impl Root {
    /// The directory `path`.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        File::open(path).map(Self)
    }

    /// What is at `path`, without opening it: a link at its end is the link. Nothing if the path is
    /// not there.
    pub(crate) fn find(&self, path: &Path, links: Links) -> io::Result<Option<File>> {
        self.look(path, links, OFlags::NOFOLLOW)
    }

    /// What is at `path`, behind all links.
    fn follow(&self, path: &Path) -> io::Result<Option<File>> {
        self.look(path, Links::Followed, OFlags::empty())
    }

    /// Where a file of the system is: the path outside of it, behind all links. Nothing if it is
    /// not there.
    pub(crate) fn real(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        match self.follow(path)? {
            Some(found) => std::fs::read_link(of_process(&found)).map(Some),
            None => Ok(None),
        }
    }

    /// Where the symbolic link at `path` leads to, as it says; nothing if it is none.
    pub(crate) fn link(&self, path: &Path) -> Option<PathBuf> {
        let found = self.find(path, Links::Followed).ok()??;
        let target = rustix::fs::readlinkat(&found, "", Vec::new()).ok()?;
        Some(OsString::from_vec(target.into_bytes()).into())
    }

    /// What such a path is called in the system.
    pub(crate) fn inside(&self, real: &Path) -> PathBuf {
        let root = std::fs::read_link(of_process(&self.0)).unwrap_or_default();
        let inside = real.strip_prefix(&root).unwrap_or(real);
        Path::new("/").join(inside)
    }

    fn look(&self, path: &Path, links: Links, end: OFlags) -> io::Result<Option<File>> {
        let flags = OFlags::PATH | OFlags::CLOEXEC | end;
        let mut resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        if links == Links::Refused {
            resolve |= ResolveFlags::NO_SYMLINKS;
        }
        let path = match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        };
        let open = || rustix::fs::openat2(&self.0, path, flags, Mode::empty(), resolve);
        let mut found = open();
        for _ in 0..MOST_TRIES {
            match found {
                // Something was renamed meanwhile, anywhere: whether `..` is inside is not known.
                Err(Errno::AGAIN) => found = open(),
                _ => break,
            }
        }
        match found {
            Ok(found) => Ok(Some(File::from(found))),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The content of the regular file at `path`, of at most 256 MiB. Nothing if the path is not
    /// there.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.read_at_most(path, MOST_BYTES)
    }

    /// The same of a file of at most `most` bytes.
    pub(crate) fn read_at_most(&self, path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
        match self.follow(path)? {
            Some(found) => read_found(&found, most).map(Some),
            None => Ok(None),
        }
    }

    /// The names in the directory at `path`, sorted. Nothing if the path is not there.
    pub(crate) fn names(&self, path: &Path) -> io::Result<Option<Vec<OsString>>> {
        self.names_at_most(path, usize::MAX)
    }

    /// The same of a directory with at most `most` names.
    pub(crate) fn names_at_most(
        &self,
        path: &Path,
        most: usize,
    ) -> io::Result<Option<Vec<OsString>>> {
        match self.follow(path)? {
            Some(directory) => names_of(&directory, most).map(Some),
            None => Ok(None),
        }
    }
}

/// The names in a directory that was found, sorted.
pub(crate) fn names(directory: &File) -> io::Result<Vec<OsString>> {
    names_of(directory, usize::MAX)
}

fn names_of(directory: &File, most: usize) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(of_process(directory))? {
        if names.len() == most {
            let reason = format!("more than {most} names");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        names.push(entry?.file_name());
    }
    names.sort();
    Ok(names)
}

/// The content of a file outside of any root, which has to be regular and of at most `most` bytes.
pub(crate) fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    read_found(&rustix::fs::open(path, flags, Mode::empty())?.into(), most)
}

fn read_found(found: &File, most: u64) -> io::Result<Vec<u8>> {
    let too_long = || {
        let reason = format!("longer than {} MiB", most >> 20);
        io::Error::new(io::ErrorKind::FileTooLarge, reason)
    };
    // What proc and sysfs show has no length before it is read.
    if found.metadata()?.len() > most {
        return Err(too_long());
    }
    let mut data = Vec::new();
    let read = open_regular(found)?.take(most + 1).read_to_end(&mut data)?;
    match read as u64 > most {
        true => Err(too_long()),
        false => Ok(data),
    }
}

/// Opens a file that was found. It has to be a regular file: opening a device does things.
pub(crate) fn open_regular(found: &File) -> io::Result<File> {
    if !found.metadata()?.is_file() {
        return Err(io::Error::other("no regular file"));
    }
    // Without O_NONBLOCK a lease of the file's owner would stop us.
    let flags = OFlags::NONBLOCK | OFlags::CLOEXEC;
    // CAST: The kernel defines flags as a C int; none of these is its sign.
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(of_process(found))
}

/// The path by which this process reaches the file, whatever has its name by now.
fn of_process(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}
