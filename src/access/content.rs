// SPDX-License-Identifier: GPL-2.0

//! The digest of a file's content.
//!
//! The file is read through the page cache. No lock is taken but the file system's, so other
//! readers are not delayed. The cache decides whether the content has stayed the same.

use super::file_access::Access;
use crate::{
    stats::Stats,
    sys::{
        file::{
            File,
            OwnedFile, //
        },
        kernel_crate::{
            kvvec_zeroed,
            EOPNOTSUPP, //
        },
        sha::{
            self,
            Hasher, //
        },
        task, //
    },
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    num::usize_as_u64,
    policy::{
        Func,
        Mask, //
    }, //
};
use kernel::prelude::*;

/// The most bytes read at once.
const CHUNK: usize = 64 << 10;

/// The SHA-256 of what the access will see, or with `verity` the fs-verity digest. May sleep.
///
/// # Errors
///
/// `EINTR` if the task is killed; `ENODATA` without fs-verity; `EAGAIN` if the file keeps shrinking
/// while it is read; errors of the file system.
pub(crate) fn digest(access: &Access<'_>, verity: bool, stats: &Stats) -> Result<Digest> {
    if verity {
        return verity_digest(access.file);
    }
    hash_access(access, stats, Hasher::sha256, Hasher::update).map(Hasher::finish)
}

fn verity_digest(file: &File) -> Result<Digest> {
    let mut bytes = [0u8; 64];
    let (size, algo) = file.verity_digest(&mut bytes)?;
    let algo = HashAlgo::from_id(algo).map_err(|_| EOPNOTSUPP)?;
    Digest::new(algo, bytes.get(..size).unwrap_or_default()).map_err(|_| EINVAL)
}

/// The digests by `algos` of what the access will see. Reads the file again; its SHA-256 was
/// `first`. May sleep.
///
/// # Errors
///
/// `EAGAIN` if the content has changed, and those of [`digest`].
pub(crate) fn further_digests(
    access: &Access<'_>,
    stats: &Stats,
    first: &Digest,
    algos: [Option<HashAlgo>; 2],
) -> Result<[Option<Digest>; 2]> {
    let [one, two] = algos;
    let algos = [Some(HashAlgo::Sha256), one, two];
    let start = || algos.map(|algo| algo.and_then(Hasher::new));
    let update = |hashers: &mut [Option<Hasher>; 3], data: &[u8]| {
        hashers
            .iter_mut()
            .flatten()
            .for_each(|hasher| hasher.update(data));
    };
    let hashers = hash_access(access, stats, start, update)?;
    let [again, one, two] = hashers.map(|hasher| hasher.map(Hasher::finish));
    if again.as_ref() != Some(first) {
        return Err(EAGAIN);
    }
    Ok([one, two])
}

pub(crate) fn digest_of_bytes(bytes: &[u8], stats: &Stats) -> Digest {
    stats.hash_ns.time(|| {
        stats.hashed_bytes.add(usize_as_u64(bytes.len()));
        sha::sha256_digest(bytes)
    })
}

pub(crate) fn further_digests_of_bytes(
    bytes: &[u8],
    stats: &Stats,
    algos: [Option<HashAlgo>; 2],
) -> [Option<Digest>; 2] {
    stats.hash_ns.time(|| {
        algos.map(|algo| {
            let mut hasher = Hasher::new(algo?)?;
            stats.hashed_bytes.add(usize_as_u64(bytes.len()));
            hasher.update(bytes);
            Some(hasher.finish())
        })
    })
}

/// Hashes all that the access will see.
fn hash_access<T>(
    access: &Access<'_>,
    stats: &Stats,
    start: impl Fn() -> T,
    update: impl Fn(&mut T, &[u8]),
) -> Result<T> {
    // An open with `O_TRUNC` keeps its file system from being frozen until the file is truncated.
    // It counts as an open for writing even with `O_RDONLY`.
    let (read, reopen): (Read, Reopen) =
        match access.func == Func::FileCheck && access.mask.intersects(Mask::WRITE) {
            true => (File::read_unasked_at, File::reopen_unasked),
            false => (File::read_at, File::reopen),
        };
    stats.hash_ns.time(|| match access.content {
        Some(content) => {
            let mut sha = start();
            stats.hashed_bytes.add(usize_as_u64(content.len()));
            update(&mut sha, content);
            Ok(sha)
        }
        None if access.file.is_readable() => hash(access.file, read, stats, start, update),
        None => hash(&*reopen(access.file)?, read, stats, start, update),
    })
}

/// How a piece of a file is read: [`File::read_at`] or [`File::read_unasked_at`].
type Read = fn(&File, &mut [u8], u64) -> Result<usize>;

/// How a file is opened to be read: [`File::reopen`] or [`File::reopen_unasked`].
type Reopen = fn(&File) -> Result<OwnedFile>;

/// Hashes the whole file, piece by piece.
fn hash<T>(
    file: &File,
    read: Read,
    stats: &Stats,
    start: impl Fn() -> T,
    update: impl Fn(&mut T, &[u8]),
) -> Result<T> {
    // A file that shrinks meanwhile is read again, a few times.
    for _ in 0..4 {
        let mut sha = start();
        if hash_size(file, read, file.size(), stats, |data| {
            update(&mut sha, data)
        })? {
            return Ok(sha);
        }
    }
    Err(EAGAIN)
}

/// Reads the first `size` bytes. Returns whether the file had so many.
fn hash_size(
    file: &File,
    read: Read,
    size: u64,
    stats: &Stats,
    mut update: impl FnMut(&[u8]),
) -> Result<bool> {
    let chunk = usize::try_from(size).unwrap_or(CHUNK).clamp(1, CHUNK);
    let mut buf = kvvec_zeroed(chunk, GFP_KERNEL)?;
    let mut offset = 0u64;
    while offset < size {
        if task::is_being_killed() {
            return Err(EINTR);
        }
        let left = usize::try_from(size.saturating_sub(offset)).unwrap_or(chunk);
        let room = buf.get_mut(..left.min(chunk)).ok_or(EINVAL)?;
        let len = read(file, room, offset)?;
        if len == 0 {
            // Files of pseudo file systems report a size that they do not have. Elsewhere a mapping
            // may show what this read does not.
            return Ok(file.size() == size && !file.content_is_stable());
        }
        update(room.get(..len).ok_or(EIO)?);
        stats.hashed_bytes.add(usize_as_u64(len));
        offset = offset.saturating_add(usize_as_u64(len));
    }
    Ok(true)
}

/// Reads the whole of a file of at most `limit` bytes for the module's own use. May sleep.
///
/// # Errors
///
/// `EFBIG` beyond the limit, `EINVAL` unless it is a regular file, `EINTR` if the task is killed,
/// and those of the file system.
pub(crate) fn read_all(file: &File, limit: usize) -> Result<KVVec<u8>> {
    if !file.is_regular() {
        return Err(EINVAL);
    }
    let size = usize::try_from(file.size()).map_err(|_| EFBIG)?;
    if size > limit {
        return Err(EFBIG);
    }
    let mut data = kvvec_zeroed(size, GFP_KERNEL)?;
    let mut filled = 0usize;
    while let Some(room) = data.get_mut(filled..).filter(|room| !room.is_empty()) {
        if task::is_being_killed() {
            return Err(EINTR);
        }
        let end = room.len().min(1 << 20);
        let read = file.read_at(room.get_mut(..end).ok_or(EINVAL)?, usize_as_u64(filled))?;
        if read == 0 {
            break;
        }
        filled = filled.saturating_add(read);
    }
    data.truncate(filled);
    Ok(data)
}
