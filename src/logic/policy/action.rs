// SPDX-License-Identifier: GPL-2.0

//! What a rule does, and sets of it.

use super::words::{
    set,
    words, //
};

words! {
    /// What a rule asks for when it matches.
    Action {
        /// Record the file in the measurement list.
        Measure = "measure";
        /// Stop looking for a `measure` rule.
        DontMeasure = "dont_measure";
        /// Require a good reference value before the access proceeds.
        Appraise = "appraise";
        /// Stop looking for an `appraise` rule.
        DontAppraise = "dont_appraise";
        /// Leave an audit record with the file's digest.
        Audit = "audit";
        /// Stop looking for an `audit` rule.
        DontAudit = "dont_audit";
        /// Store the file's digest in `security.ima` without enforcing it.
        Hash = "hash";
        /// Stop looking for a `hash` rule.
        DontHash = "dont_hash";
    }
}

set! {
    /// A set of [`Action`]s.
    ActionSet of Action in u8
}

impl Action {
    /// The positive action of the pair: `measure` for both `measure` and `dont_measure`.
    ///
    /// The first rule that matches settles its pair, whichever of the two it is.
    pub const fn subject(self) -> Self {
        match self {
            Self::Measure | Self::DontMeasure => Self::Measure,
            Self::Appraise | Self::DontAppraise => Self::Appraise,
            Self::Audit | Self::DontAudit => Self::Audit,
            Self::Hash | Self::DontHash => Self::Hash,
        }
    }

    /// Whether the rule asks for something, rather than for leaving it out.
    pub const fn is_positive(self) -> bool {
        matches!(
            self,
            Self::Measure | Self::Appraise | Self::Audit | Self::Hash
        )
    }
}
