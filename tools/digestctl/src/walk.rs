// SPDX-License-Identifier: GPL-2.0

//! Which files a list is made of: the regular files of trees, without following links.

use std::{
    collections::{
        HashMap,
        HashSet, //
    },
    fs::Metadata,
    io,
    os::unix::fs::MetadataExt,
    path::{
        Path,
        PathBuf, //
    },
    sync::{
        Mutex,
        MutexGuard,
        PoisonError, //
    }, //
};

use rayon::Scope;

use crate::report::quoted;

/// A regular file that was found.
pub(crate) struct RegularFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its size when it was found, in bytes.
    pub(crate) size: u64,
}

/// What a walk found.
#[derive(Default)]
pub(crate) struct Walk {
    /// Regular files, each inode once.
    pub(crate) files: Vec<RegularFile>,
    /// Symbolic links, which are not followed.
    pub(crate) links: usize,
    /// Devices, sockets and pipes.
    pub(crate) special: usize,
    /// Mount points of pseudo file systems, which are not entered.
    pub(crate) pseudo: Vec<PathBuf>,
    /// What could not be looked at, and why.
    pub(crate) errors: Vec<String>,
}

/// How to walk.
pub(crate) struct Options<'a> {
    /// Whether to stay on the file system of each root.
    pub(crate) one_file_system: bool,
    /// A file to leave out: the list that is being made.
    pub(crate) except: &'a Path,
}

/// Walks `roots`, directories or files that are taken as they are, with several threads.
///
/// A root that is itself a link is followed, since it was named; no link below it is.
/// `progress` is called with the number of files found so far. The order of what is found is not
/// always the same.
pub(crate) fn walk(
    roots: &[PathBuf],
    options: &Options<'_>,
    progress: impl Fn(usize) + Sync,
) -> Walk {
    let walker = Walker {
        found: Mutex::default(),
        one_file_system: options.one_file_system,
        progress,
    };
    if let Ok(metadata) = std::fs::metadata(options.except) {
        walker.found().seen.insert(inode(&metadata));
    }
    rayon::scope(|scope| {
        for root in roots {
            match resolve(root) {
                Ok((path, metadata)) if metadata.is_dir() => {
                    walker.enter(scope, path, metadata.dev());
                }
                Ok((path, metadata)) => walker.found().take(path, &metadata),
                Err(error) => walker.found().error(root, &error),
            }
        }
    });
    let found = walker.found.into_inner();
    found.unwrap_or_else(PoisonError::into_inner).walk
}

/// What the threads of a walk share.
struct Walker<P> {
    found: Mutex<Found>,
    one_file_system: bool,
    progress: P,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    walk: Walk,
    /// Regular files that were found already.
    seen: HashSet<Inode>,
    /// For each device, whether its file system is a pseudo file system.
    devices: HashMap<u64, bool>,
}

impl<P: Fn(usize) + Sync> Walker<P> {
    /// A thread that panics takes the process with it, so what was found is whole.
    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a thread look into `directory`, of a tree that started on `device`.
    fn enter<'s>(&'s self, scope: &Scope<'s>, directory: PathBuf, device: u64) {
        scope.spawn(move |scope| {
            if let Err(error) = self.look(scope, &directory, device) {
                self.found().error(&directory, &error);
            }
        });
    }

    fn look<'s>(&'s self, scope: &Scope<'s>, directory: &Path, device: u64) -> io::Result<()> {
        for entry in directory.read_dir()? {
            let entry = entry?;
            let path = entry.path();
            // Of a link, this is the metadata of the link. No lock is held: it takes time.
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                Err(error) => {
                    self.found().error(&path, &error);
                    continue;
                }
            };
            let mut found = self.found();
            if !metadata.is_dir() {
                found.take(path, &metadata);
                (self.progress)(found.walk.files.len());
            } else if found.is_pseudo(&path, &metadata) {
                found.walk.pseudo.push(path);
            } else if metadata.dev() == device || !self.one_file_system {
                self.enter(scope, path, device);
            }
        }
        Ok(())
    }
}

impl Found {
    fn error(&mut self, path: &Path, error: &io::Error) {
        let error = format!("{}: {error}", quoted(path));
        self.walk.errors.push(error);
    }

    /// Takes in what is not a directory.
    fn take(&mut self, path: PathBuf, metadata: &Metadata) {
        if metadata.is_file() {
            if self.seen.insert(inode(metadata)) {
                let size = metadata.len();
                self.walk.files.push(RegularFile { path, size });
            }
        } else if metadata.is_symlink() {
            self.walk.links += 1;
        } else {
            self.walk.special += 1;
        }
    }

    /// Whether a directory is on a file system whose files are made up as they are read.
    fn is_pseudo(&mut self, path: &Path, metadata: &Metadata) -> bool {
        // CAST: The kernel's magic numbers have 32 bits; the C type is a signed long.
        *self.devices.entry(metadata.dev()).or_insert_with(|| {
            rustix::fs::statfs(path)
                .is_ok_and(|statfs| PSEUDO_FILE_SYSTEMS.contains(&(statfs.f_type as u32)))
        })
    }
}

/// Where `root` leads, if it is a link, and what is there.
fn resolve(root: &Path) -> io::Result<(PathBuf, Metadata)> {
    let metadata = root.symlink_metadata()?;
    if metadata.is_symlink() {
        let path = root.canonicalize()?;
        let metadata = path.symlink_metadata()?;
        return Ok((path, metadata));
    }
    Ok((root.to_owned(), metadata))
}

/// The device and the number of an inode.
type Inode = (u64, u64);

fn inode(metadata: &Metadata) -> Inode {
    (metadata.dev(), metadata.ino())
}

/// `s_magic` of file systems without stored content (`include/uapi/linux/magic.h`).
const PSEUDO_FILE_SYSTEMS: [u32; 16] = [
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x1cd1,      // devpts
    0x4249_4e4d, // binfmt_misc
    0x7363_6673, // securityfs
    0xf97c_ff8c, // selinuxfs
    0x4341_5d53, // smackfs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x6e73_6673, // nsfs
    0xde5e_81e4, // efivarfs
    0x6265_6570, // configfs
    0x6165_676c, // pstore
    0xcafe_4a11, // bpf
];
