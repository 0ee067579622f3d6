// SPDX-License-Identifier: GPL-2.0

//! One loaded list.

use super::signature::SignerId;
use crate::sys::{
    pages::Sealed,
    sha, //
};
use core::{
    fmt,
    ops::Range,
    sync::atomic::AtomicU64, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::{
        Counts,
        ListType, //
    },
    table::{
        Arena,
        ArenaView, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// What a list may answer for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Actions {
    /// Files need no record: the list, or the metadata that named it, has one.
    pub(crate) measure: bool,
    /// Files need no signature of their own: the list's was verified.
    pub(crate) appraise: bool,
}

impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.measure, self.appraise) {
            (true, true) => "measure,appraise",
            (true, false) => "measure",
            (false, true) => "appraise",
            (false, false) => "none",
        })
    }
}

/// A list that was checked and is not in the table yet. Its digests stand in a [`crate::sys::pages::Writer`].
pub(super) struct Staged {
    pub(super) digest: Digest,
    pub(super) list_type: ListType,
    pub(super) algo: HashAlgo,
    pub(super) ref_id: KVVec<u8>,
    pub(super) counts: Counts,
    pub(super) signer: Option<SignerId>,
    pub(super) actions: Actions,
    pub(super) place: Range<usize>,
}

/// A loaded list.
pub(crate) struct List {
    /// The digest of the list file, by which the list is known.
    pub(crate) digest: Digest,
    /// Its format.
    pub(crate) list_type: ListType,
    /// The algorithm of its digests.
    pub(crate) algo: HashAlgo,
    /// The reference that its metadata gave, in printable characters.
    pub(crate) ref_id: KVVec<u8>,
    /// Its digests by kind.
    pub(crate) counts: Counts,
    /// Who signed it.
    pub(crate) signer: Option<SignerId>,
    /// What it may answer for.
    pub(crate) actions: Actions,
    /// The memory that it shares with the lists of the same write.
    pub(super) memory: Arc<Sealed>,
    place: Range<usize>,
    /// The SHA-256 of its digests in memory, for the scrub.
    sum: [u8; 32],
    /// The id of the first digest; set when the list is put into the table.
    pub(super) base: u32,
    /// How often a file was found in it.
    pub(crate) hits: AtomicU64,
}

impl List {
    /// A list whose digests are in `memory`.
    pub(super) fn new(staged: Staged, memory: Arc<Sealed>) -> Self {
        let mut list = Self {
            digest: staged.digest,
            list_type: staged.list_type,
            algo: staged.algo,
            ref_id: staged.ref_id,
            counts: staged.counts,
            signer: staged.signer,
            actions: staged.actions,
            memory,
            place: staged.place,
            sum: [0; 32],
            base: 0,
            hits: AtomicU64::new(0),
        };
        list.sum = sha::sha256(list.digests());
        list
    }

    /// Its digests side by side.
    pub(super) fn digests(&self) -> &[u8] {
        self.memory.get(self.place.clone()).unwrap_or_default()
    }

    /// Whether its digests are still what they were when it was loaded. May sleep for long lists.
    pub(super) fn is_intact(&self) -> bool {
        sha::sha256(self.digests()) == self.sum
    }

    /// Its reference.
    pub(crate) fn ref_id(&self) -> &str {
        match core::str::from_utf8(&self.ref_id) {
            Ok(id) if !id.is_empty() => id,
            _ => "none",
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ref_id={} type={} algo={} signer=",
            self.digest,
            self.ref_id(),
            self.list_type,
            self.algo
        )?;
        match &self.signer {
            Some(signer) => write!(f, "{signer}")?,
            None => f.write_str("none")?,
        }
        write!(f, " actions={}", self.actions)
    }
}

/// A list as an arena of the table.
pub(super) struct Loaded(pub(super) Arc<List>);

impl Arena for Loaded {
    fn arena(&self) -> Option<ArenaView<'_>> {
        Some(ArenaView {
            base: self.0.base,
            counts: self.0.counts,
            digests: self.0.digests(),
        })
    }
}
