// SPDX-License-Identifier: GPL-2.0

//! One loaded list.

use super::evidence::{
    self,
    Bits, //
};
use crate::{
    reason::Reason,
    sys::{
        bytes::joined,
        pages::Sealed,
        sha, //
    },
};
use core::{
    fmt,
    ops::{
        Deref,
        Range, //
    }, //
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
        Ok(Self(joined(&[bytes])?))
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
        Ok(Self {
            name: joined(&[edition.name()])?,
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

/// What is known of a list. Its digests are in a [`crate::sys::pages::Writer`], later in the memory
/// that it made.
pub(crate) struct Facts {
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
    /// Where its digests are.
    pub(super) place: Range<usize>,
}

/// Counts the characters written.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.saturating_add(text.len());
        Ok(())
    }
}

impl Facts {
    /// The bytes that the list takes beside its digests: itself, its place in a snapshot, its bits,
    /// what it owns.
    pub(super) fn footprint(&self) -> usize {
        let mut hex = Length(0);
        if let Some(signer) = &self.signer {
            let _ = fmt::Write::write_fmt(&mut hex, format_args!("{}", &**signer));
        }
        // An `Arc` has a count before the value.
        size_of::<List>()
            .saturating_add(size_of::<usize>())
            .saturating_add(size_of::<Placed<Arc<List>>>())
            .saturating_add(self.ref_id.capacity())
            .saturating_add(hex.0 / 2)
            .saturating_add(self.named.as_ref().map_or(0, |named| {
                size_of::<Named>().saturating_add(named.name.capacity())
            }))
            .saturating_add(evidence::footprint(self.counts.total()))
    }

    pub(crate) fn ref_id(&self) -> &str {
        match core::str::from_utf8(&self.ref_id) {
            Ok(id) if !id.is_empty() => id,
            _ => "none",
        }
    }
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
    facts: Facts,
    /// The memory that it shares with the lists of the same write.
    pub(super) memory: Arc<Sealed>,
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

impl Deref for List {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl List {
    /// A list whose digests are in `memory`. May sleep.
    pub(super) fn new(facts: Facts, memory: Arc<Sealed>) -> Result<Self> {
        let seen = Arc::new(Bits::new(facts.counts.total())?, GFP_KERNEL)?;
        let mut list = Self {
            facts,
            memory,
            is_rest: false,
            sums: [[0; 32]; 2],
            hits: Atomic::new(0),
            seen,
            first: 0,
        };
        list.sums = list.sums_now();
        Ok(list)
    }

    /// Another list with the same memory, evidence of use and state, of which `facts` are known.
    fn with(&self, facts: Facts) -> Self {
        Self {
            facts,
            memory: self.memory.clone(),
            is_rest: self.is_rest,
            sums: self.sums,
            hits: Atomic::new(self.hits.load(Relaxed)),
            seen: self.seen.clone(),
            first: self.first,
        }
    }

    /// The same list with a signer.
    pub(super) fn signed_by(&self, signer: Arc<SignerId>, ref_id: KVVec<u8>) -> Self {
        self.with(Facts {
            ref_id,
            signer: Some(signer),
            named: self.named.clone(),
            place: self.place.clone(),
            ..self.facts
        })
    }

    /// The list with only its revocations, if it has any.
    pub(super) fn rest(&self) -> Result<Option<Self>> {
        let counts = Counts {
            revoked: self.counts.revoked,
            ..Counts::default()
        };
        if counts.revoked == 0 {
            return Ok(None);
        }
        let rest = self.with(Facts {
            ref_id: joined(&[&self.ref_id])?,
            counts,
            signer: self.signer.clone(),
            named: self.named.clone(),
            place: self.revoked_place(),
            ..self.facts
        });
        let known = self.counts.total().saturating_sub(counts.revoked);
        let [_, revoked] = self.sums;
        Ok(Some(Self {
            is_rest: true,
            first: self.first.saturating_add(known),
            // The sum of what was checked, not of what memory has now.
            sums: [sha::sha256(&[]), revoked],
            ..rest
        }))
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
