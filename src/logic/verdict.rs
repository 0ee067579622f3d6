// SPDX-License-Identifier: GPL-2.0

//! What all lists say of a file, and whether lists of another algorithm could change it.
//!
//! A verdict only rises: unknown, mutable, immutable, revoked. So a file is hashed with another
//! algorithm only while lists of that algorithm can raise the verdict, and a lookup ends when no
//! list can.

use crate::list::{
    Counts,
    Kind, //
};

/// What the lists say of one file. All lists count for measurement. Signed lists also count for
/// appraisal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What counts: revoked before immutable before mutable.
    pub kind: Kind,
    /// What lists that count for appraisal say. Revocations of all lists count, because they only
    /// deny.
    pub appraise: Option<Kind>,
}

impl Verdict {
    /// The verdict on a file that must not count as known, whatever lists say.
    pub const REVOKED: Self = Self::of(Kind::Revoked, false);

    /// The verdict of one list that has the digest as `kind`. `appraise` if it counts for
    /// appraisal.
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

    /// The verdict of both together.
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

    /// Whether the file needs no record if the rule has `digest_list`.
    pub fn is_known(&self) -> bool {
        self.kind != Kind::Revoked
    }
}

/// The verdict of two algorithms together. Each may have none.
pub fn join(a: Option<Verdict>, b: Option<Verdict>) -> Option<Verdict> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.or(b)),
        (a, b) => a.or(b),
    }
}

/// The rank of a kind; no kind is the lowest.
fn rank(kind: Option<Kind>) -> u8 {
    kind.map_or(0, |kind| kind.precedence().saturating_add(1))
}

/// The most that the lists of one algorithm could say of any file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The greatest kind of a list, without revocations.
    known: Option<Kind>,
    /// The greatest kind of a list that counts for appraisal, without revocations.
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

    /// Whether these lists could change what matters of `verdict`: whether the file is known, and
    /// what vouches for it if it is `appraised`.
    pub fn may_raise(&self, verdict: Option<Verdict>, appraised: bool) -> bool {
        match verdict {
            Some(verdict) if verdict.kind == Kind::Revoked => false,
            Some(verdict) => {
                self.revoked || appraised && rank(self.appraise) > rank(verdict.appraise)
            }
            None => self.revoked || self.known.is_some(),
        }
    }

    /// Whether none of these lists could add to `verdict`.
    pub fn is_exhausted_by(&self, verdict: &Verdict) -> bool {
        verdict.kind == Kind::Revoked
            || !self.revoked
                && rank(self.known) <= rank(Some(verdict.kind))
                && rank(self.appraise) <= rank(verdict.appraise)
    }
}
