// SPDX-License-Identifier: GPL-2.0

//! The tables of files: one value per file in each of several tags.

use super::{
    entry::{
        Entry,
        Integers,
        Strings, //
    },
    tag,
    Header, //
};
use crate::{
    hash_algo::HashAlgo,
    list::Kind,
    refusal::{
        Cause,
        Result, //
    },
};

/// The type bits of a mode.
const S_IFMT: u64 = 0o170_000;
/// A regular file.
const S_IFREG: u64 = 0o100_000;
/// Execute, set-user-id, set-group-id and sticky bits.
const EXECUTABLE_OR_SPECIAL: u64 = 0o7111;
/// Write bits.
const WRITABLE: u64 = 0o222;
/// The flags of configuration (`RPMFILE_CONFIG`) and of files that are not in the package
/// (`RPMFILE_GHOST`).
const CONFIG_OR_GHOST: u64 = 1 | (1 << 6);

/// What a header says of a file, but its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content<'a> {
    /// The digest in hexadecimal digits; empty if there is none.
    pub digest: &'a [u8],
    /// Type and permissions.
    pub mode: u16,
    /// RPM's flags.
    pub flags: u32,
    /// The size in bytes.
    pub size: u64,
}

impl Content<'_> {
    /// Whether the file is a regular one that is not empty, and has a digest.
    pub const fn is_listed(&self) -> bool {
        // CAST: Widening, in a constant function.
        self.mode as u64 & S_IFMT == S_IFREG && self.size > 0 && !self.digest.is_empty()
    }

    /// Whether the file may change.
    pub const fn kind(&self) -> Kind {
        // CAST: Widening, in a constant function.
        let mode = self.mode as u64;
        let data = mode & EXECUTABLE_OR_SPECIAL == 0 && mode & WRITABLE != 0;
        if data || self.flags as u64 & CONFIG_OR_GHOST != 0 {
            Kind::Mutable
        } else {
            Kind::Immutable
        }
    }
}

/// The tables that say what files contain.
///
/// # Invariants
///
/// All have the same number of values.
#[derive(Clone, Debug)]
pub struct Contents<'a> {
    digests: Strings<'a>,
    modes: Integers<'a, 2>,
    flags: Integers<'a, 4>,
    sizes: Sizes<'a>,
}

#[derive(Clone, Debug)]
enum Sizes<'a> {
    Short(Integers<'a, 4>),
    Long(Integers<'a, 8>),
}

impl<'a> Contents<'a> {
    /// The tables of `header`.
    ///
    /// # Errors
    ///
    /// [`Cause::NoFileDigests`] without a table of digests, [`Cause::FileTableMismatch`] if another
    /// table is missing or has another number of values, [`Cause::BadHeaderEntry`] for a wrong
    /// type.
    pub fn of(header: &Header<'a>) -> Result<Self> {
        let digests = header.find(tag::FILE_DIGESTS).ok_or(Cause::NoFileDigests)?;
        let table = |tag| same_count(header.find(tag), digests.count());
        let short = header.find(tag::FILE_SIZES).is_some();
        let long = header.find(tag::LONG_FILE_SIZES).is_some();
        let sizes = match (short, long) {
            (true, false) => Sizes::Short(table(tag::FILE_SIZES)?.int32()?),
            (false, true) => Sizes::Long(table(tag::LONG_FILE_SIZES)?.int64()?),
            _ => return Err(Cause::FileTableMismatch),
        };
        // INVARIANT: `same_count` compared the numbers.
        Ok(Self {
            digests: digests.strings()?,
            modes: table(tag::FILE_MODES)?.int16()?,
            flags: table(tag::FILE_FLAGS)?.int32()?,
            sizes,
        })
    }
}

impl<'a> Iterator for Contents<'a> {
    type Item = Content<'a>;

    #[inline]
    fn next(&mut self) -> Option<Content<'a>> {
        // By the invariant all end at the same time. CAST: Integers of 2 and 4 bytes.
        Some(Content {
            digest: self.digests.next()?,
            mode: self.modes.next()? as u16,
            flags: self.flags.next()? as u32,
            size: match &mut self.sizes {
                Sizes::Short(sizes) => sizes.next()?,
                Sizes::Long(sizes) => sizes.next()?,
            },
        })
    }
}

fn same_count(entry: Option<Entry<'_>>, count: u32) -> Result<Entry<'_>> {
    entry
        .filter(|entry| entry.count() == count)
        .ok_or(Cause::FileTableMismatch)
}

/// The algorithm of the digests of a header's files.
///
/// # Errors
///
/// [`Cause::NoFileDigestAlgorithm`], [`Cause::WeakAlgorithm`], [`Cause::UnknownAlgorithm`],
/// [`Cause::BadHeaderEntry`].
pub fn digest_algo(header: &Header<'_>) -> Result<HashAlgo> {
    let entry = header
        .find(tag::FILE_DIGEST_ALGO)
        .ok_or(Cause::NoFileDigestAlgorithm)?;
    let algo = entry
        .int32()?
        .next()
        .filter(|_| entry.count() == 1)
        .ok_or(Cause::BadHeaderEntry)?;
    match algo {
        // MD5, SHA-1, RIPEMD-160 and MD2.
        1 | 2 | 3 | 5 => Err(Cause::WeakAlgorithm),
        8 => Ok(HashAlgo::Sha256),
        9 => Ok(HashAlgo::Sha384),
        10 => Ok(HashAlgo::Sha512),
        _ => Err(Cause::UnknownAlgorithm),
    }
}

/// A file of a package with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// The number of its directory; see [`Files::directories`].
    pub directory: u32,
    /// Its name in the directory.
    pub name: &'a [u8],
    /// What the header says of it.
    pub content: Content<'a>,
}

/// The files of a package with their names.
///
/// The digests are as the header has them, of whatever algorithm.
///
/// # Invariants
///
/// All tables have the same number of values.
#[derive(Clone, Debug)]
pub struct Files<'a> {
    contents: Contents<'a>,
    names: Strings<'a>,
    directory_of: Integers<'a, 4>,
    directories: Strings<'a>,
}

impl<'a> Files<'a> {
    /// The files of `header`.
    ///
    /// # Errors
    ///
    /// Those of [`Contents::of`], and [`Cause::FileTableMismatch`] if a file is in a directory that
    /// does not exist.
    pub fn of(header: &Header<'a>) -> Result<Self> {
        let contents = Contents::of(header)?;
        let count = header
            .find(tag::FILE_DIGESTS)
            .map_or(0, |entry| entry.count());
        let table = |tag| same_count(header.find(tag), count);
        let directories = header
            .find(tag::DIR_NAMES)
            .ok_or(Cause::FileTableMismatch)?;
        let directory_of = table(tag::DIR_INDEXES)?.int32()?;
        let last = u64::from(directories.count());
        if directory_of.clone().any(|directory| directory >= last) {
            return Err(Cause::FileTableMismatch);
        }
        // INVARIANT: `same_count` compared the numbers.
        Ok(Self {
            contents,
            names: table(tag::BASE_NAMES)?.strings()?,
            directory_of,
            directories: directories.strings()?,
        })
    }

    /// The directories, by number. Each ends with a slash.
    pub fn directories(&self) -> Strings<'a> {
        self.directories.clone()
    }
}

impl<'a> Iterator for Files<'a> {
    type Item = File<'a>;

    fn next(&mut self) -> Option<File<'a>> {
        // CAST: An integer of 4 bytes.
        Some(File {
            directory: self.directory_of.next()? as u32,
            name: self.names.next()?,
            content: self.contents.next()?,
        })
    }
}
