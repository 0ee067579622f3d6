// SPDX-License-Identifier: GPL-2.0

//! The system that is looked at, within bounds: nothing is read without an end, and what is being
//! read is known to the one who waits for it.
//!
//! What does not answer (a network share, an automount, a file that its owner has a lease on)
//! cannot be given up by the thread that reads it; that one is left behind.

use std::{
    ffi::OsString,
    fs::File,
    io,
    path::{
        Path,
        PathBuf, //
    },
    sync::{
        Arc,
        Mutex,
        PoisonError, //
    },
    time::{
        Duration,
        Instant, //
    }, //
};

use crate::rooted::{
    Links,
    Root, //
};

/// The longest text that is read, in bytes: configuration, and what the kernel shows.
const MOST_TEXT: u64 = 16 << 20;

/// How many names a directory may have.
const MOST_NAMES: usize = 50_000;

/// What is being read, and since when.
#[derive(Clone)]
pub(super) struct Now(Arc<Mutex<(PathBuf, Instant)>>);

impl Now {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new((PathBuf::new(), Instant::now()))))
    }

    /// It is this from now on.
    pub(super) fn is(&self, path: &Path) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = (path.to_owned(), Instant::now());
    }

    /// What it is, if it has been that for longer than `patience`.
    pub(super) fn late(&self, patience: Duration) -> Option<PathBuf> {
        let now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (now.1.elapsed() > patience).then(|| now.0.clone())
    }
}

/// The root of the system.
pub(super) struct System {
    root: Root,
    now: Now,
}

impl System {
    pub(super) fn new(root: Root, now: Now) -> Self {
        Self { root, now }
    }

    /// Something outside of these functions is done with the file, which is outside of the root.
    pub(super) fn is_at(&self, path: &Path) {
        self.now.is(&self.root.inside(path));
    }

    /// The root, to look at `path`.
    fn at(&self, path: &Path) -> &Root {
        self.now.is(&Path::new("/").join(path));
        &self.root
    }

    /// As [`Root::find`], links in the middle followed.
    pub(super) fn find(&self, path: &Path) -> io::Result<Option<File>> {
        self.at(path).find(path, Links::Followed)
    }

    /// As [`Root::real`].
    pub(super) fn real(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        self.at(path).real(path)
    }

    /// As [`Root::link`].
    pub(super) fn link(&self, path: &Path) -> Option<PathBuf> {
        self.at(path).link(path)
    }

    /// As [`Root::inside`].
    pub(super) fn inside(&self, real: &Path) -> PathBuf {
        self.root.inside(real)
    }

    /// As [`Root::read`].
    pub(super) fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.at(path).read(path)
    }

    /// The same of a file that is a text, of at most 16 MiB.
    pub(super) fn read_text(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.at(path).read_at_most(path, MOST_TEXT)
    }

    /// As [`Root::names`], of a directory with at most 50,000.
    pub(super) fn names(&self, path: &Path) -> io::Result<Option<Vec<OsString>>> {
        self.at(path).names_at_most(path, MOST_NAMES)
    }
}
