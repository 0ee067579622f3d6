// SPDX-License-Identifier: GPL-2.0

//! The digest of a file's content.

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

use digest_logic::hash_algo::HashAlgo;
use md5::Md5;
use rustix::fs::OFlags;
use sha2::{
    digest::DynDigest,
    Digest,
    Sha256,
    Sha384,
    Sha512, //
};

/// What a file turned out to be.
pub(crate) enum Content {
    /// Nothing at all.
    Empty,
    /// Something, with this digest.
    Digest(Vec<u8>),
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
    algo: HashAlgo,
    buffer: &mut Buffer,
    progress: impl Fn(u64),
) -> io::Result<Content> {
    let mut hasher = hasher(algo);
    let size = hash(path, &mut [&mut *hasher], buffer, progress)?;
    Ok(content(size, hasher))
}

/// Hashes what `reader` has.
pub(crate) fn hash_reader(
    reader: &mut impl Read,
    algo: HashAlgo,
    buffer: &mut Buffer,
) -> io::Result<Content> {
    let mut hasher = hasher(algo);
    let size = feed(reader, &mut [&mut *hasher], buffer, |_| ())?;
    Ok(content(size, hasher))
}

/// Hashes the open file, by MD5 as well. One that changes meanwhile is an error.
pub(crate) fn hash_open_with_md5(
    file: &mut File,
    algo: HashAlgo,
    buffer: &mut Buffer,
) -> io::Result<(Content, [u8; 16])> {
    let mut hasher = hasher(algo);
    let mut md5 = Md5::new();
    let size =
        feed_unchanged(file, &mut [&mut *hasher, &mut md5], buffer, |_| ())?.ok_or_else(changed)?;
    Ok((content(size, hasher), md5.finalize().into()))
}

fn changed() -> io::Error {
    io::Error::other("the file changed while it was read")
}

/// Hashes the open file by each of `algos`. Returns its size and the digests, or nothing if it
/// changed meanwhile.
pub(crate) fn hash_open(
    file: &mut File,
    algos: &[HashAlgo],
    buffer: &mut Buffer,
) -> io::Result<Option<(u64, Vec<Vec<u8>>)>> {
    let mut hashers: Vec<_> = algos.iter().map(|algo| hasher(*algo)).collect();
    let mut each = Vec::new();
    for hasher in &mut hashers {
        let hasher: &mut dyn DynDigest = &mut **hasher;
        each.push(hasher);
    }
    let size = feed_unchanged(file, &mut each, buffer, |_| ())?;
    let digests = hashers.into_iter().map(|hasher| hasher.finalize().into());
    Ok(size.map(|size| (size, digests.collect())))
}

fn content(size: u64, hasher: Box<dyn DynDigest>) -> Content {
    if size == 0 {
        Content::Empty
    } else {
        Content::Digest(hasher.finalize().into())
    }
}

/// The digest of `data` by SHA-256.
pub(crate) fn hash_bytes(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// The digest by `algo` of what the slices are together.
pub(crate) fn hash_slices(algo: HashAlgo, slices: &[&[u8]]) -> Vec<u8> {
    let mut hasher = hasher(algo);
    for slice in slices {
        hasher.update(slice);
    }
    hasher.finalize().into()
}

fn hasher(algo: HashAlgo) -> Box<dyn DynDigest> {
    match algo {
        HashAlgo::Sha384 => Box::new(Sha384::new()),
        HashAlgo::Sha512 => Box::new(Sha512::new()),
        _ => Box::new(Sha256::new()),
    }
}

/// Reads the file into `hashers`, and returns its size.
fn hash(
    path: &Path,
    hashers: &mut [&mut dyn DynDigest],
    buffer: &mut Buffer,
    progress: impl Fn(u64),
) -> io::Result<u64> {
    // Without O_NONBLOCK, a pipe that took the file's place would stop us for ever.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    // CAST: The kernel defines flags as a C int; none of these is its sign.
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("no regular file any more"));
    }
    feed_unchanged(&mut file, hashers, buffer, progress)?.ok_or_else(changed)
}

/// Reads the file into `hashers`, and returns its size, or nothing if it changed meanwhile.
fn feed_unchanged(
    file: &mut File,
    hashers: &mut [&mut dyn DynDigest],
    buffer: &mut Buffer,
    progress: impl Fn(u64),
) -> io::Result<Option<u64>> {
    let before = file.metadata()?;
    let size = feed(file, hashers, buffer, progress)?;
    let after = file.metadata()?;
    let same = version(&before) == version(&after) && size == after.len();
    Ok(same.then_some(size))
}

/// Reads all of `reader` into `hashers`, and returns how much it was.
fn feed(
    reader: &mut impl Read,
    hashers: &mut [&mut dyn DynDigest],
    buffer: &mut Buffer,
    progress: impl Fn(u64),
) -> io::Result<u64> {
    let mut size = 0;
    loop {
        let read = match reader.read(&mut buffer.0) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for hasher in hashers.iter_mut() {
            hasher.update(buffer.0.get(..read).unwrap_or_default());
        }
        size += read as u64;
        progress(read as u64);
    }
    Ok(size)
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
