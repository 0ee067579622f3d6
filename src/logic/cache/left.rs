// SPDX-License-Identifier: GPL-2.0

//! What remains to be done with a file, given the result of an earlier look.

use super::entry::Entry;
use crate::policy::Decision;

/// What remains to be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Measure it, unless a list that counts knows it.
    pub measure: bool,
    /// Audit it.
    pub audit: bool,
    /// Appraise it.
    pub appraise: bool,
    /// Store its digest.
    pub hash: bool,
}

impl Left {
    /// All that `decision` asks for.
    pub fn all(decision: &Decision) -> Self {
        Self {
            measure: decision.measure.is_some(),
            audit: decision.audit.is_some(),
            appraise: decision.appraise.is_some(),
            hash: decision.hash.is_some(),
        }
    }

    /// The part of `decision` that an earlier look did not settle. `result` is an entry whose
    /// result holds. Measuring is settled if the content has a record in `pcr`, or if the lists of
    /// generation `lists` know it and the rule has `digest_list`.
    pub fn of(decision: &Decision, pcr: u8, lists: u64, result: &Entry) -> Self {
        let all = Self::all(decision);
        let by_list = decision.measure.is_some_and(|measure| measure.digest_list);
        let settled = result.is_measured(pcr) || by_list && result.is_known(lists);
        let passed = decision
            .appraise
            .is_some_and(|rule| result.vouchers(lists).is_some_and(|v| v.satisfy(&rule)));
        Self {
            measure: all.measure && !settled,
            audit: all.audit && !result.is_audited(),
            appraise: all.appraise && !passed,
            hash: all.hash && !result.has_own(),
        }
    }

    /// Whether nothing remains.
    pub fn is_nothing(self) -> bool {
        !self.measure && !self.audit && !self.appraise && !self.hash
    }
}
