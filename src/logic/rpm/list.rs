// SPDX-License-Identifier: GPL-2.0

//! An RPM header as a digest list.

use super::{
    files::{
        digest_algo,
        Content,
        Contents, //
    },
    tag,
    Header, //
};
use crate::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind, //
    },
    refusal::{
        Cause,
        Result, //
    },
};

/// A checked header whose digests can be loaded.
///
/// # Invariants
///
/// Every digest of a listed file in `contents` is one of `algo` in hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    header: Header<'a>,
    algo: HashAlgo,
    counts: Counts,
    skipped_empty: u32,
}

impl<'a> List<'a> {
    /// Checks the whole of `data`, which is what a header's signature covers.
    ///
    /// # Errors
    ///
    /// Those of [`Header::parse`], [`Cause::BadRegion`] if the region is not all of the header,
    /// [`Cause::SourcePackage`], [`Cause::NoFileDigests`], [`Cause::NoFileDigestAlgorithm`],
    /// [`Cause::WeakAlgorithm`], [`Cause::UnknownAlgorithm`], [`Cause::FileTableMismatch`],
    /// [`Cause::BadHex`], [`Cause::BadDigestSize`], [`Cause::TooManyEntries`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let header = Header::parse(data)?;
        if !header.is_whole() {
            return Err(Cause::BadRegion);
        }
        if header.find(tag::SOURCE_RPM).is_none() {
            return Err(Cause::SourcePackage);
        }
        let contents = Contents::of(&header)?;
        if contents.clone().all(|content| content.digest.is_empty()) {
            return Err(Cause::NoFileDigests);
        }
        let algo = digest_algo(&header)?;
        let mut list = Self {
            header,
            algo,
            counts: Counts::default(),
            skipped_empty: 0,
        };
        for content in contents.filter(|content| !content.digest.is_empty()) {
            // Also for digests that are not loaded: the whole header must be valid.
            let digest = Digest::from_hex(algo, content.digest)?;
            if is_loaded(&content, &digest) {
                list.counts.add(content.kind(), 1)?;
            } else if content.size == 0 || is_empty(&digest) {
                list.skipped_empty = list.skipped_empty.saturating_add(1);
            }
        }
        // INVARIANT: The loop has decoded every digest.
        Ok(list)
    }

    /// The header.
    pub const fn header(&self) -> &Header<'a> {
        &self.header
    }

    /// The algorithm of every digest.
    pub const fn algo(&self) -> HashAlgo {
        self.algo
    }

    /// How many digests of each kind there are, without skipped ones.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// How many files were left out because they are empty.
    pub const fn skipped_empty(&self) -> u32 {
        self.skipped_empty
    }

    /// The digests of `kind`, or of all kinds, in the order of the file, without skipped ones.
    pub fn entries(&self, kind: Option<Kind>) -> Entries<'a> {
        let revoked = matches!(kind, Some(Kind::Revoked));
        Entries {
            // By the invariant this does not fail.
            contents: Contents::of(&self.header).ok().filter(|_| !revoked),
            algo: self.algo,
            kind,
        }
    }
}

fn is_empty(digest: &Digest) -> bool {
    digest.as_bytes() == digest.algo().empty_digest()
}

fn is_loaded(content: &Content<'_>, digest: &Digest) -> bool {
    content.is_listed() && !is_empty(digest)
}

/// The digests of a checked list; see [`List::entries`].
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    contents: Option<Contents<'a>>,
    algo: HashAlgo,
    kind: Option<Kind>,
}

impl Iterator for Entries<'_> {
    type Item = (Kind, Digest);

    fn next(&mut self) -> Option<Self::Item> {
        let (algo, kind) = (self.algo, self.kind);
        self.contents.as_mut()?.find_map(|content| {
            if !content.is_listed() || kind.is_some_and(|kind| kind != content.kind()) {
                return None;
            }
            let digest = Digest::from_hex(algo, content.digest).ok()?;
            is_loaded(&content, &digest).then_some((content.kind(), digest))
        })
    }
}
