// SPDX-License-Identifier: GPL-2.0

//! What a rule does, and sets of it.

/// What a rule asks for when it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Record the file in the measurement list.
    Measure,
    /// Stop looking for a `measure` rule.
    DontMeasure,
    /// Require a good reference value before the access proceeds.
    Appraise,
    /// Stop looking for an `appraise` rule.
    DontAppraise,
    /// Leave an audit record with the file's digest.
    Audit,
    /// Stop looking for an `audit` rule.
    DontAudit,
    /// Store the file's digest in `security.ima` without enforcing it.
    Hash,
    /// Stop looking for a `hash` rule.
    DontHash,
}

impl Action {
    /// Every action, in the order in which the documentation names them.
    pub const ALL: [Self; 8] = [
        Self::Measure,
        Self::DontMeasure,
        Self::Appraise,
        Self::DontAppraise,
        Self::Audit,
        Self::DontAudit,
        Self::Hash,
        Self::DontHash,
    ];

    /// The word of the policy language.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Measure => "measure",
            Self::DontMeasure => "dont_measure",
            Self::Appraise => "appraise",
            Self::DontAppraise => "dont_appraise",
            Self::Audit => "audit",
            Self::DontAudit => "dont_audit",
            Self::Hash => "hash",
            Self::DontHash => "dont_hash",
        }
    }

    /// The action called `name`, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

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

/// A set of [`Action`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionSet(u8);

impl ActionSet {
    /// No action.
    pub const EMPTY: Self = Self(0);
    /// Every action.
    pub const ALL: Self = Self(u8::MAX);

    /// The set with `action` added.
    #[must_use]
    pub const fn with(self, action: Action) -> Self {
        Self(self.0 | Self::bit(action))
    }

    /// The set with `action` taken out.
    #[must_use]
    pub const fn without(self, action: Action) -> Self {
        Self(self.0 & !Self::bit(action))
    }

    /// Whether `action` is in the set.
    pub const fn contains(self, action: Action) -> bool {
        self.0 & Self::bit(action) != 0
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn bit(action: Action) -> u8 {
        // CAST: The places of the variants, which are fewer than the bits.
        1u8.wrapping_shl(action as u32)
    }
}
