// SPDX-License-Identifier: GPL-2.0

//! Declares the words of the language that stand for one thing of several, and sets of these
//! things.

/// Declares an enum from rows `Variant = "word";`, with or without a description.
macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$row:meta])* $variant:ident = $word:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type {
            $(#[doc = concat!("`", $word, "`")] $(#[$row])* $variant,)*
        }

        impl $type {
            /// Every one, in the order of their declaration.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$variant),*];

            /// The word of the policy language.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The one called `name`, if there is one.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|known| known.name() == name)
            }
        }
    };
}

/// Declares a set of the variants of an enum, of which there are at most as many as bits.
macro_rules! set {
    ($(#[$doc:meta])* $set:ident of $type:ident in $bits:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $set($bits);

        impl $set {
            /// Nothing.
            pub const EMPTY: Self = Self(0);
            /// Everything.
            pub const ALL: Self = Self(<$bits>::MAX);

            /// What is among `members`.
            pub const fn of(mut members: &[$type]) -> Self {
                let mut set = Self::EMPTY;
                while let [first, rest @ ..] = members {
                    set = set.with(*first);
                    members = rest;
                }
                set
            }

            /// The set with `member`.
            #[must_use]
            pub const fn with(self, member: $type) -> Self {
                Self(self.0 | Self::bit(member))
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

            /// Whether `member` is in the set.
            pub const fn contains(self, member: $type) -> bool {
                self.0 & Self::bit(member) != 0
            }

            /// Whether nothing is in the set.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            const fn bit(member: $type) -> $bits {
                // CAST: The places of the variants, which are fewer than the bits.
                (1 as $bits).wrapping_shl(member as u32)
            }
        }
    };
}

pub(super) use {
    set,
    words, //
};
