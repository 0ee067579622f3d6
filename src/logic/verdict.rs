// SPDX-License-Identifier: GPL-2.0

//! What lists say of a file, over all lists and algorithms, and whether lists of one more algorithm could change it.
//!
//! A verdict only rises: known for measurement, then vouched for as mutable, as immutable, and at last revoked. So a file
//! needs to be hashed with another algorithm only while the lists of that algorithm can still raise what is known.

use crate::list::{
    Counts,
    Kind, //
};

/// What the lists say of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What counts: revoked before immutable before mutable.
    pub kind: Kind,
    /// Whether a list answers for measurement.
    pub measure: bool,
    /// What the lists say that answer for appraisal. A revocation counts whatever its list answers for: it only denies.
    pub appraise: Option<Kind>,
}

impl Verdict {
    /// That of a file which must not be taken as known, whatever lists say.
    pub const REVOKED: Self = Self {
        kind: Kind::Revoked,
        measure: false,
        appraise: Some(Kind::Revoked),
    };

    /// What one list says that has the digest as `kind` and answers for `measure` and `appraise`.
    pub const fn of(kind: Kind, measure: bool, appraise: bool) -> Self {
        Self {
            kind,
            measure,
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
            measure: self.measure || other.measure,
            appraise: match (self.appraise, other.appraise) {
                (Some(a), Some(b)) => Some(a.or(b)),
                (a, b) => a.or(b),
            },
        }
    }

    /// Whether the file needs no record where a rule lets lists answer.
    pub fn is_known(&self) -> bool {
        self.kind != Kind::Revoked && self.measure
    }
}

/// What two algorithms say together, each of which may know nothing.
pub fn join(a: Option<Verdict>, b: Option<Verdict>) -> Option<Verdict> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.or(b)),
        (a, b) => a.or(b),
    }
}

/// The most that the lists of one algorithm could say of any file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Whether there is a list that makes files known for measurement.
    measure: bool,
    /// The greatest kind, revoked aside, that a list has which answers for appraisal.
    appraise: Option<Kind>,
    /// Whether there are revoked digests.
    revoked: bool,
}

impl Reach {
    /// Adds a list.
    pub fn add(&mut self, counts: &Counts, measure: bool, appraise: bool) {
        let best = if counts.immutable > 0 {
            Some(Kind::Immutable)
        } else if counts.mutable > 0 {
            Some(Kind::Mutable)
        } else {
            None
        };
        self.revoked |= counts.revoked > 0;
        self.measure |= measure && best.is_some();
        if let Some(kind) = best.filter(|_| appraise) {
            self.appraise = Some(self.appraise.map_or(kind, |have| have.or(kind)));
        }
    }

    /// Whether any digest is revoked.
    pub const fn revokes(&self) -> bool {
        self.revoked
    }

    /// Whether these lists could change what is asked of `verdict`: whether the file is known, and, if it is being
    /// `appraised`, what vouches for it.
    pub fn may_raise(&self, verdict: Option<Verdict>, appraised: bool) -> bool {
        let rank = |kind: Option<Kind>| kind.map_or(0, |kind| kind.precedence().saturating_add(1));
        let (measure, appraise) = match verdict {
            Some(verdict) if verdict.kind == Kind::Revoked => return false,
            Some(verdict) => (verdict.measure, verdict.appraise),
            None => (false, None),
        };
        self.revoked
            || self.measure && !measure
            || appraised && rank(self.appraise) > rank(appraise)
    }
}
