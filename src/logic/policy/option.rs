// SPDX-License-Identifier: GPL-2.0

//! The names of a rule's options, and sets of them.

/// Declares the options from rows `Variant "word";`, in the order in which a policy is shown.
macro_rules! options {
    ($($variant:ident $name:literal;)*) => {
        /// An option of a rule, without its value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum OptionName {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl OptionName {
            /// Every option.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The word of the policy language, without operator and value.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

options! {
    Func "func";
    Mask "mask";
    Fsmagic "fsmagic";
    Fsuuid "fsuuid";
    Fsname "fsname";
    FsSubtype "fs_subtype";
    Uid "uid";
    Euid "euid";
    Gid "gid";
    Egid "egid";
    Fowner "fowner";
    Fgroup "fgroup";
    SubjUser "subj_user";
    SubjRole "subj_role";
    SubjType "subj_type";
    ObjUser "obj_user";
    ObjRole "obj_role";
    ObjType "obj_type";
    Pcr "pcr";
    Template "template";
    PermitDirectio "permit_directio";
    DigestType "digest_type";
    AppraiseType "appraise_type";
    AppraiseFlag "appraise_flag";
    AppraiseAlgos "appraise_algos";
    Keyrings "keyrings";
    Label "label";
    DigestList "digest_list";
}

impl OptionName {
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
