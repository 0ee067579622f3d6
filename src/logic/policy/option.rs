// SPDX-License-Identifier: GPL-2.0

//! The names of a rule's options, and sets of them.

/// An option of a rule, without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionName {
    /// `func=`
    Func,
    /// `mask=`
    Mask,
    /// `fsmagic=`
    Fsmagic,
    /// `fsuuid=`
    Fsuuid,
    /// `fsname=`
    Fsname,
    /// `fs_subtype=`
    FsSubtype,
    /// `uid=`, `uid<`, `uid>`
    Uid,
    /// `euid=`, `euid<`, `euid>`
    Euid,
    /// `gid=`, `gid<`, `gid>`
    Gid,
    /// `egid=`, `egid<`, `egid>`
    Egid,
    /// `fowner=`, `fowner<`, `fowner>`
    Fowner,
    /// `fgroup=`, `fgroup<`, `fgroup>`
    Fgroup,
    /// `subj_user=`
    SubjUser,
    /// `subj_role=`
    SubjRole,
    /// `subj_type=`
    SubjType,
    /// `obj_user=`
    ObjUser,
    /// `obj_role=`
    ObjRole,
    /// `obj_type=`
    ObjType,
    /// `pcr=`
    Pcr,
    /// `template=`
    Template,
    /// `permit_directio`
    PermitDirectio,
    /// `digest_type=`
    DigestType,
    /// `appraise_type=`
    AppraiseType,
    /// `appraise_flag=`
    AppraiseFlag,
    /// `appraise_algos=`
    AppraiseAlgos,
    /// `keyrings=`
    Keyrings,
    /// `label=`
    Label,
    /// `digest_list`
    DigestList,
}

impl OptionName {
    /// Every option.
    pub const ALL: [Self; 28] = [
        Self::Func,
        Self::Mask,
        Self::Fsmagic,
        Self::Fsuuid,
        Self::Fsname,
        Self::FsSubtype,
        Self::Uid,
        Self::Euid,
        Self::Gid,
        Self::Egid,
        Self::Fowner,
        Self::Fgroup,
        Self::SubjUser,
        Self::SubjRole,
        Self::SubjType,
        Self::ObjUser,
        Self::ObjRole,
        Self::ObjType,
        Self::Pcr,
        Self::Template,
        Self::PermitDirectio,
        Self::DigestType,
        Self::AppraiseType,
        Self::AppraiseFlag,
        Self::AppraiseAlgos,
        Self::Keyrings,
        Self::Label,
        Self::DigestList,
    ];

    /// The word of the policy language, without operator and value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Func => "func",
            Self::Mask => "mask",
            Self::Fsmagic => "fsmagic",
            Self::Fsuuid => "fsuuid",
            Self::Fsname => "fsname",
            Self::FsSubtype => "fs_subtype",
            Self::Uid => "uid",
            Self::Euid => "euid",
            Self::Gid => "gid",
            Self::Egid => "egid",
            Self::Fowner => "fowner",
            Self::Fgroup => "fgroup",
            Self::SubjUser => "subj_user",
            Self::SubjRole => "subj_role",
            Self::SubjType => "subj_type",
            Self::ObjUser => "obj_user",
            Self::ObjRole => "obj_role",
            Self::ObjType => "obj_type",
            Self::Pcr => "pcr",
            Self::Template => "template",
            Self::PermitDirectio => "permit_directio",
            Self::DigestType => "digest_type",
            Self::AppraiseType => "appraise_type",
            Self::AppraiseFlag => "appraise_flag",
            Self::AppraiseAlgos => "appraise_algos",
            Self::Keyrings => "keyrings",
            Self::Label => "label",
            Self::DigestList => "digest_list",
        }
    }

    /// The option called `name`, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|option| option.name() == name)
    }

    /// Whether the option is a bare word, without `=` and value.
    pub const fn is_bare(self) -> bool {
        matches!(self, Self::PermitDirectio | Self::DigestList)
    }

    /// Whether the option's value is a user or group, which may be compared with `<` and `>`.
    pub const fn is_id(self) -> bool {
        matches!(
            self,
            Self::Uid | Self::Euid | Self::Gid | Self::Egid | Self::Fowner | Self::Fgroup
        )
    }
}

/// A set of [`OptionName`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionSet(u32);

impl OptionSet {
    /// No option.
    pub const EMPTY: Self = Self(0);
    /// Every option.
    pub const ALL: Self = Self(u32::MAX);

    /// The set of the options in `names`.
    pub const fn of(mut names: &[OptionName]) -> Self {
        let mut set = Self::EMPTY;
        while let [first, rest @ ..] = names {
            set = set.with(*first);
            names = rest;
        }
        set
    }

    /// The set with `option` added.
    #[must_use]
    pub const fn with(self, option: OptionName) -> Self {
        Self(self.0 | Self::bit(option))
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether `option` is in the set.
    pub const fn contains(self, option: OptionName) -> bool {
        self.0 & Self::bit(option) != 0
    }

    /// The first option of the set, in the order of [`OptionName::ALL`].
    pub fn first(self) -> Option<OptionName> {
        OptionName::ALL
            .into_iter()
            .find(|option| self.contains(*option))
    }

    const fn bit(option: OptionName) -> u32 {
        // CAST: The places of the variants, which are fewer than the bits.
        1u32.wrapping_shl(option as u32)
    }
}
