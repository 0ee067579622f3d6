// SPDX-License-Identifier: GPL-2.0

//! One loaded list.

use super::evidence::{
    self,
    Bits, //
};
use crate::{
    reason::Reason,
    sys::{
        pages::Sealed,
        sha, //
    },
};
use core::{
    fmt,
    ops::Range, //
};
use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    edition::Edition,
    hash_algo::HashAlgo,
    list::{
        Counts,
        ListType, //
    },
    table::{
        self,
        Placed, //
    },
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
};

/// The identifier of the key that signed, as in `trusted_keys`.
#[derive(PartialEq, Eq)]
pub(crate) struct SignerId(KVVec<u8>);

impl SignerId {
    pub(super) fn new(bytes: &[u8]) -> Result<Self, Reason> {
        let mut id = KVVec::new();
        id.extend_from_slice(bytes, GFP_KERNEL)?;
        Ok(Self(id))
    }
}

impl fmt::Display for SignerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// The edition of a list.
pub(crate) struct Named {
    /// Printable characters.
    pub(super) name: KVVec<u8>,
    pub(super) serial: u64,
}

impl Named {
    pub(super) fn new(edition: &Edition<'_>) -> Result<Self> {
        let mut name = KVVec::new();
        name.extend_from_slice(edition.name(), GFP_KERNEL)?;
        Ok(Self {
            name,
            serial: edition.serial(),
        })
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = core::str::from_utf8(&self.name).unwrap_or("?");
        write!(f, "name={name} serial={}", self.serial)
    }
}

/// A list that was checked and is not in the table yet. Its digests are in a
/// [`crate::sys::pages::Writer`].
pub(super) struct Staged {
    /// The SHA-256 of the list file.
    pub(super) digest: Digest,
    pub(super) list_type: ListType,
    pub(super) algo: HashAlgo,
    pub(super) ref_id: KVVec<u8>,
    pub(super) counts: Counts,
    pub(super) signer: Option<Arc<SignerId>>,
    pub(super) named: Option<Arc<Named>>,
    pub(super) place: Range<usize>,
}

impl Staged {
    /// The bytes that it takes beside its digests.
    pub(super) fn footprint(&self) -> usize {
        footprint(&self.ref_id, self.signer.as_deref(), self.named.as_deref())
            .saturating_add(evidence::footprint(self.counts.total()))
    }
}

/// Counts the characters written.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.saturating_add(text.len());
        Ok(())
    }
}

/// The bytes that a list takes beside its digests: itself, its place in a snapshot, what it owns.
fn footprint(ref_id: &KVVec<u8>, signer: Option<&SignerId>, named: Option<&Named>) -> usize {
    let mut hex = Length(0);
    if let Some(signer) = signer {
        let _ = fmt::Write::write_fmt(&mut hex, format_args!("{signer}"));
    }
    // An `Arc` has a count before the value.
    size_of::<List>()
        .saturating_add(size_of::<usize>())
        .saturating_add(size_of::<Placed<Arc<List>>>())
        .saturating_add(ref_id.capacity())
        .saturating_add(hex.0 / 2)
        .saturating_add(named.map_or(0, |named| {
            size_of::<Named>().saturating_add(named.name.capacity())
        }))
}

/// Which digests of a list have changed in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Those that it makes known. Its revocations are intact, or it has none.
    Known,
    /// Those that it revokes.
    Revoked,
}

/// A loaded list.
pub(crate) struct List {
    /// The SHA-256 of the list file. It names the list, whatever algorithm its metadata used.
    pub(crate) digest: Digest,
    /// Its format.
    pub(crate) list_type: ListType,
    /// The algorithm of its digests.
    pub(crate) algo: HashAlgo,
    /// The reference that its metadata gave, in printable characters.
    pub(crate) ref_id: KVVec<u8>,
    /// Its digests by kind.
    pub(crate) counts: Counts,
    /// The signer. Signed lists count for appraisal as well as for measurement.
    pub(crate) signer: Option<Arc<SignerId>>,
    /// Its edition, if it has one.
    pub(crate) named: Option<Arc<Named>>,
    /// The memory that it shares with the lists of the same write.
    pub(super) memory: Arc<Sealed>,
    place: Range<usize>,
    /// The list lost the digests that it made known. Only its revocations are left.
    pub(super) is_rest: bool,
    /// The SHA-256 of its digests in memory, known ones and revoked ones, for the scrub.
    sums: [[u8; 32]; 2],
    /// How many lookups found a digest in it.
    pub(crate) hits: Atomic<u64>,
    /// Which digests of the file were found.
    pub(super) seen: Arc<Bits>,
    /// The number in the file of the first digest in memory.
    first: u32,
}

impl List {
    /// A list whose digests are in `memory`. May sleep.
    pub(super) fn new(staged: Staged, memory: Arc<Sealed>) -> Result<Self> {
        let seen = Arc::new(Bits::new(staged.counts.total())?, GFP_KERNEL)?;
        let mut list = Self {
            digest: staged.digest,
            list_type: staged.list_type,
            algo: staged.algo,
            ref_id: staged.ref_id,
            counts: staged.counts,
            signer: staged.signer,
            named: staged.named,
            memory,
            place: staged.place,
            is_rest: false,
            sums: [[0; 32]; 2],
            hits: Atomic::new(0),
            seen,
            first: 0,
        };
        list.sums = list.sums_now();
        Ok(list)
    }

    /// The same list with a signer.
    pub(super) fn signed_by(&self, signer: Arc<SignerId>, ref_id: KVVec<u8>) -> Self {
        Self {
            signer: Some(signer),
            ref_id,
            ..self.copy()
        }
    }

    /// The list with only its revocations, if it has any.
    pub(super) fn rest(&self) -> Result<Option<Self>> {
        if self.counts.revoked == 0 {
            return Ok(None);
        }
        let mut ref_id = KVVec::new();
        ref_id.extend_from_slice(&self.ref_id, GFP_KERNEL)?;
        let [_, revoked] = self.sums;
        Ok(Some(Self {
            ref_id,
            signer: self.signer.clone(),
            counts: Counts {
                revoked: self.counts.revoked,
                ..Counts::default()
            },
            place: self.revoked_place(),
            is_rest: true,
            first: (self.first)
                .saturating_add(self.counts.total().saturating_sub(self.counts.revoked)),
            // The sum of what was checked, not of what memory has now.
            sums: [sha::sha256(&[]), revoked],
            ..self.copy()
        }))
    }

    /// Another list with the same digests, without reference and signer.
    fn copy(&self) -> Self {
        Self {
            digest: self.digest,
            list_type: self.list_type,
            algo: self.algo,
            ref_id: KVVec::new(),
            counts: self.counts,
            signer: None,
            named: self.named.clone(),
            memory: self.memory.clone(),
            place: self.place.clone(),
            is_rest: self.is_rest,
            sums: self.sums,
            hits: Atomic::new(self.hits.load(Relaxed)),
            seen: self.seen.clone(),
            first: self.first,
        }
    }

    /// The bytes that it takes beside its digests.
    pub(super) fn footprint(&self) -> usize {
        footprint(&self.ref_id, self.signer.as_deref(), self.named.as_deref())
            .saturating_add(evidence::footprint(self.counts.total()))
    }

    /// Where its revoked digests are: at the end.
    fn revoked_place(&self) -> Range<usize> {
        let revoked = usize::try_from(self.counts.revoked)
            .unwrap_or(usize::MAX)
            .saturating_mul(self.algo.digest_size());
        let start = self.place.end.saturating_sub(revoked);
        start.max(self.place.start)..self.place.end
    }

    fn sums_now(&self) -> [[u8; 32]; 2] {
        let revoked = self.revoked_place();
        [self.place.start..revoked.start, revoked]
            .map(|place| sha::sha256(self.memory.get(place).unwrap_or_default()))
    }

    /// Whether its digests have changed since it was loaded. May sleep long for large lists.
    pub(super) fn damage(&self) -> Option<Damage> {
        let [known, revoked] = self.sums_now();
        let [was_known, was_revoked] = self.sums;
        if revoked != was_revoked {
            return Some(Damage::Revoked);
        }
        (known != was_known).then_some(Damage::Known)
    }

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
            Some(signer) => write!(f, "{}", &**signer)?,
            None => f.write_str("none")?,
        }
        if let Some(named) = &self.named {
            write!(f, " {}", &**named)?;
        }
        f.write_str(match self.signer {
            Some(_) => " actions=measure,appraise",
            None => " actions=measure",
        })
    }
}

impl table::List for List {
    fn digest(&self) -> &Digest {
        &self.digest
    }

    fn algo(&self) -> HashAlgo {
        self.algo
    }

    fn counts(&self) -> Counts {
        self.counts
    }

    fn digests(&self) -> &[u8] {
        self.memory.get(self.place.clone()).unwrap_or_default()
    }

    fn counts_for_appraisal(&self) -> bool {
        self.signer.is_some()
    }

    #[inline]
    fn found(&self, position: u32) {
        self.hits.add(1, Relaxed);
        self.seen.note(self.first.wrapping_add(position));
    }
}
