// SPDX-License-Identifier: GPL-2.0

//! What lists say of a file, over all lists and algorithms, and whether lists of one more algorithm
//! could change it.
//!
//! A verdict only rises: known, then as mutable, as immutable, and at last revoked. So a file needs
//! to be hashed with another algorithm only while the lists of that algorithm can still raise what
//! is known, and a lookup ends where no list can.

use crate::list::{
    Counts,
    Kind, //
};

/// What the lists say of one file. All lists count for measurement; those that are signed count for
/// appraisal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What counts: revoked before immutable before mutable.
    pub kind: Kind,
    /// What the lists say that count for appraisal. A revocation counts whatever its list counts
    /// for: it only denies.
    pub appraise: Option<Kind>,
}

impl Verdict {
    /// That of a file which must not be taken as known, whatever lists say.
    pub const REVOKED: Self = Self::of(Kind::Revoked, false);

    /// What one list says that has the digest as `kind` and counts for appraisal if `appraise` is
    /// set.
    pub const fn of(kind: Kind, appraise: bool) -> Self {
        Self {
            kind,
            appraise: if appraise || matches!(kind, Kind::Revoked) {
                Some(kind)
            } else {
                None
            },
        }
    }

    /// What two of them say together.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            kind: self.kind.or(other.kind),
            appraise: match (self.appraise, other.appraise) {
                (Some(a), Some(b)) => Some(a.or(b)),
                (a, b) => a.or(b),
            },
        }
    }

    /// Whether the file needs no record where a rule lets lists answer.
    pub fn is_known(&self) -> bool {
        self.kind != Kind::Revoked
    }
}

/// What two algorithms say together, each of which may know nothing.
pub fn join(a: Option<Verdict>, b: Option<Verdict>) -> Option<Verdict> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.or(b)),
        (a, b) => a.or(b),
    }
}

/// Where a kind stands among those that count, the absence of any included.
fn rank(kind: Option<Kind>) -> u8 {
    kind.map_or(0, |kind| kind.precedence().saturating_add(1))
}

/// The most that the lists of one algorithm could say of any file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The greatest kind, revoked aside, that a list has.
    known: Option<Kind>,
    /// The greatest kind, revoked aside, that a list has which counts for appraisal.
    appraise: Option<Kind>,
    /// Whether there are revoked digests.
    revoked: bool,
}

impl Reach {
    /// Adds a list, which counts for appraisal if `appraise` is set.
    pub fn add(&mut self, counts: &Counts, appraise: bool) {
        let mut kinds = [Kind::Immutable, Kind::Mutable].into_iter();
        let best = kinds.find(|kind| counts.of(*kind) > 0);
        let greater = |have: Option<Kind>| if rank(best) > rank(have) { best } else { have };
        self.revoked |= counts.revoked > 0;
        self.known = greater(self.known);
        if appraise {
            self.appraise = greater(self.appraise);
        }
    }

    /// Whether any digest is revoked.
    pub const fn revokes(&self) -> bool {
        self.revoked
    }

    /// Whether these lists could change what is asked of `verdict`: whether the file is known, and,
    /// if it is being `appraised`, what vouches for it.
    pub fn may_raise(&self, verdict: Option<Verdict>, appraised: bool) -> bool {
        match verdict {
            Some(verdict) if verdict.kind == Kind::Revoked => false,
            Some(verdict) => {
                self.revoked || appraised && rank(self.appraise) > rank(verdict.appraise)
            }
            None => self.revoked || self.known.is_some(),
        }
    }

    /// Whether none of these lists could add anything to `verdict`.
    pub fn is_exhausted_by(&self, verdict: &Verdict) -> bool {
        verdict.kind == Kind::Revoked
            || !self.revoked
                && rank(self.known) <= rank(Some(verdict.kind))
                && rank(self.appraise) <= rank(verdict.appraise)
    }
}
