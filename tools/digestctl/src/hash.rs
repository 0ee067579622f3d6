// SPDX-License-Identifier: GPL-2.0

//! The SHA-256 digest of a file's content.

use std::{
    fs::{
        File,
        Metadata,
        OpenOptions, //
    },
    io::{
        self,
        Read, //
    },
    os::unix::fs::{
        MetadataExt,
        OpenOptionsExt, //
    },
    path::Path, //
};

use rustix::fs::OFlags;
use sha2::{
    Digest,
    Sha256, //
};

/// A digest as lists hold it.
pub(crate) type FileDigest = [u8; 32];

/// What a file turned out to be.
pub(crate) enum Content {
    /// Nothing at all.
    Empty,
    /// Something, with this digest.
    Digest(FileDigest),
}

/// Space for the pieces of files, to be used again for the next file.
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    pub(crate) fn new() -> Self {
        Self(vec![0; 256 * 1024])
    }
}

/// Hashes the regular file at `path`, and calls `progress` with the size of each piece read.
///
/// A link is not followed. A file that changes meanwhile is an error, never a digest of a mixture.
pub(crate) fn hash_file(
    path: &Path,
    buffer: &mut Buffer,
    progress: impl Fn(u64),
) -> io::Result<Content> {
    // Without O_NONBLOCK, a pipe that took the file's place would stop us for ever.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    // CAST: The kernel defines flags as a C int; none of these is its sign.
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(io::Error::other("no regular file any more"));
    }
    let (digest, size) = hash(&mut file, buffer, progress)?;
    let after = file.metadata()?;
    if version(&before) != version(&after) || size != after.len() {
        return Err(io::Error::other("the file changed while it was read"));
    }
    Ok(if size == 0 {
        Content::Empty
    } else {
        Content::Digest(digest)
    })
}

/// The digest of `data`.
pub(crate) fn hash_bytes(data: &[u8]) -> FileDigest {
    Sha256::digest(data).into()
}

fn hash(
    file: &mut File,
    buffer: &mut Buffer,
    progress: impl Fn(u64),
) -> io::Result<(FileDigest, u64)> {
    let mut hasher = Sha256::new();
    let mut size = 0;
    loop {
        let read = match file.read(&mut buffer.0) {
            Ok(0) => return Ok((hasher.finalize().into(), size)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.0.get(..read).unwrap_or_default());
        size += read as u64;
        progress(read as u64);
    }
}

fn version(metadata: &Metadata) -> (u64, i64, i64, i64, i64) {
    (
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    )
}
