// SPDX-License-Identifier: GPL-2.0

//! Lists of blocks: the common part of [`crate::compact`] and [`crate::compact16`].
//!
//! The formats differ in the header of a block, which a [`Layout`] reads, and in what may precede
//! the first block. The digest of empty content is skipped and counted; it is never an entry.

use core::marker::PhantomData;

use crate::{
    cursor::{
        Cursor,
        Sink, //
    },
    digest::Digest,
    edition::Edition,
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind, //
    },
    refusal::{
        Cause,
        Result, //
    },
    verity, //
};

/// How a format writes its blocks.
pub trait Layout {
    /// Reads the edition that may precede the first block.
    fn read_edition<'a>(_cursor: &mut Cursor<'a>) -> Result<Option<Edition<'a>>> {
        Ok(None)
    }

    /// Reads a block, header and digests.
    fn read_block<'a>(cursor: &mut Cursor<'a>) -> Result<Block<'a>>;
}

/// One block.
///
/// # Invariants
///
/// `digests` is `count` digests of `algo`, which is not weak, and `count` is not zero.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    kind: Kind,
    /// Whether these are fs-verity digests.
    verity: bool,
    algo: HashAlgo,
    count: u32,
    digests: &'a [u8],
}

impl<'a> Block<'a> {
    /// Reads the digests of a block whose header says `count` digests in `len` bytes.
    ///
    /// # Errors
    ///
    /// [`Cause::Empty`], [`Cause::WeakAlgorithm`], [`Cause::BadDigestSize`], [`Cause::Truncated`].
    pub(crate) fn read(
        kind: Kind,
        algo: HashAlgo,
        count: u32,
        len: u32,
        cursor: &mut Cursor<'a>,
    ) -> Result<Self> {
        if count == 0 {
            return Err(Cause::Empty);
        }
        if len_of(algo.strong()?, count) != Some(len) {
            return Err(Cause::BadDigestSize);
        }
        // INVARIANT: `len` bytes are `count` digests of `algo`.
        let digests = cursor.take(usize::try_from(len).map_err(|_| Cause::Truncated)?)?;
        Ok(Self {
            kind,
            verity: false,
            algo,
            count,
            digests,
        })
    }

    /// The same block, of fs-verity digests.
    pub(crate) const fn of_verity(self) -> Self {
        // INVARIANT: The digests are the same.
        Self {
            verity: true,
            ..self
        }
    }
}

/// The size of `count` digests in bytes, if the formats can express it.
pub(crate) fn len_of(algo: HashAlgo, count: u32) -> Option<u32> {
    u32::try_from(algo.digest_size()).ok()?.checked_mul(count)
}

/// A checked list of blocks.
///
/// # Invariants
///
/// `data` is a sequence of one or more blocks that `L::read_block` accepts, without a remainder,
/// all of digests of `algo`.
#[derive(Debug)]
pub struct List<'a, L> {
    data: &'a [u8],
    edition: Option<Edition<'a>>,
    algo: HashAlgo,
    counts: Counts,
    skipped_empty: u32,
    layout: PhantomData<L>,
}

impl<L> Clone for List<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for List<'_, L> {}

impl<'a, L: Layout> List<'a, L> {
    /// Checks the whole of `data`.
    ///
    /// # Errors
    ///
    /// [`Cause::Truncated`], [`Cause::Empty`] (no block, or a block of no digests),
    /// [`Cause::BadDigestSize`], [`Cause::WeakAlgorithm`], [`Cause::MixedAlgorithms`],
    /// [`Cause::TooManyEntries`], and those of the format.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let edition = L::read_edition(&mut cursor)?;
        if cursor.is_empty() {
            return Err(Cause::Empty);
        }
        let first = L::read_block(&mut cursor.clone())?;
        let mut list = Self {
            data: cursor.rest(),
            edition,
            algo: first.algo,
            counts: Counts::default(),
            skipped_empty: 0,
            layout: PhantomData,
        };
        while !cursor.is_empty() {
            let block = L::read_block(&mut cursor)?;
            if block.algo != list.algo {
                return Err(Cause::MixedAlgorithms);
            }
            let mut loaded = 0u32;
            for _ in Digests::new(&block) {
                loaded = loaded.saturating_add(1);
            }
            list.counts.add(block.kind, loaded)?;
            let skipped = block.count.saturating_sub(loaded);
            list.skipped_empty = list.skipped_empty.saturating_add(skipped);
        }
        // INVARIANT: The loop has read blocks of `algo` up to the end, the first of which exists.
        Ok(list)
    }

    /// The edition, if the list has one.
    pub const fn edition(&self) -> Option<Edition<'a>> {
        self.edition
    }

    /// The digests of `kind`, or of all kinds, in the order of the file, each as in the table.
    pub fn entries(&self, kind: Option<Kind>) -> Entries<'a, L> {
        Entries {
            blocks: Cursor::new(self.data),
            current: None,
            kind,
            layout: PhantomData,
        }
    }
}

impl<L> List<'_, L> {
    /// The algorithm of every digest.
    pub const fn algo(&self) -> HashAlgo {
        self.algo
    }

    /// How many digests of each kind there are, without skipped ones.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// How many digests of empty content were skipped.
    pub const fn skipped_empty(&self) -> u32 {
        self.skipped_empty
    }
}

/// The digests of a checked list; see [`List::entries`].
#[derive(Debug)]
pub struct Entries<'a, L> {
    blocks: Cursor<'a>,
    current: Option<(Kind, Digests<'a>)>,
    kind: Option<Kind>,
    layout: PhantomData<L>,
}

impl<L> Clone for Entries<'_, L> {
    fn clone(&self) -> Self {
        Self {
            blocks: self.blocks.clone(),
            current: self.current.clone(),
            kind: self.kind,
            layout: PhantomData,
        }
    }
}

impl<L> Entries<'_, L> {
    /// Whether the last returned digest is an entry for fs-verity; see [`verity::entry`].
    pub fn is_verity(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|(_, digests)| digests.verity)
    }
}

impl<L: Layout> Iterator for Entries<'_, L> {
    type Item = (Kind, Digest);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((kind, digests)) = &mut self.current {
                if let Some(digest) = digests.next() {
                    return Some((*kind, digest));
                }
            }
            if self.blocks.is_empty() {
                return None;
            }
            // By the invariant of `List` this does not fail.
            let block = L::read_block(&mut self.blocks).ok()?;
            if self.kind.is_none_or(|kind| kind == block.kind) {
                self.current = Some((block.kind, Digests::new(&block)));
            }
        }
    }
}

/// The digests of a block, except that of empty content.
#[derive(Clone, Debug)]
struct Digests<'a> {
    rest: &'a [u8],
    algo: HashAlgo,
    verity: bool,
}

impl<'a> Digests<'a> {
    const fn new(block: &Block<'a>) -> Self {
        Self {
            rest: block.digests,
            algo: block.algo,
            verity: block.verity,
        }
    }
}

impl Iterator for Digests<'_> {
    type Item = Digest;

    #[inline]
    fn next(&mut self) -> Option<Digest> {
        loop {
            let (digest, rest) = self.rest.split_at_checked(self.algo.digest_size())?;
            self.rest = rest;
            // By the invariant of `Block` this does not fail.
            let mut digest = Digest::new(self.algo, digest).ok()?;
            if self.verity {
                digest = verity::entry(&digest);
            }
            if digest.as_bytes() != self.algo.empty_digest() {
                return Some(digest);
            }
        }
    }
}

/// The number of digests and their size in bytes, as in a block's header.
///
/// # Errors
///
/// [`Cause::WeakAlgorithm`], [`Cause::Empty`], [`Cause::TooManyEntries`].
pub(crate) fn size_of_block(algo: HashAlgo, count: usize) -> Result<(u32, u32)> {
    algo.strong()?;
    let count = u32::try_from(count).map_err(|_| Cause::TooManyEntries)?;
    if count == 0 {
        return Err(Cause::Empty);
    }
    Counts::default().add(Kind::Immutable, count)?;
    let len = len_of(algo, count).ok_or(Cause::TooManyEntries)?;
    Ok((count, len))
}

/// Writes the digests of a block.
///
/// # Errors
///
/// [`Cause::BadDigestSize`] if a digest is not of `algo`, [`Cause::BadLength`] if `digests` does
/// not have the length it reports, and those of `sink`.
pub(crate) fn write_digests<'d>(
    algo: HashAlgo,
    digests: impl ExactSizeIterator<Item = &'d [u8]>,
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    let count = digests.len();
    let mut written = 0usize;
    for digest in digests {
        if digest.len() != algo.digest_size() {
            return Err(Cause::BadDigestSize);
        }
        sink.put(digest)?;
        written = written.saturating_add(1);
    }
    if written == count {
        Ok(())
    } else {
        Err(Cause::BadLength)
    }
}
