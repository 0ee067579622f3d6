// SPDX-License-Identifier: GPL-2.0

//! What every format of digest list has in common, and the one parser the rest of the module calls.
//!
//! Each format has a file of its own. How digests are stored and found afterwards is
//! [`crate::table`].

use crate::{
    compact,
    compact16,
    cursor::Sink,
    digest::Digest,
    edition::Edition,
    hash_algo::HashAlgo,
    refusal::{
        Cause,
        Result, //
    },
    rpm,
    tlv, //
};

/// The most digests one list, and one digest table, may hold.
///
/// An entry of the table's index has 24 bits for the number of a digest; see [`crate::table`].
pub const MAX_ENTRIES: u32 = (1 << 24) - 64;

/// Declares the formats from rows `Variant = number, "name", module;`, each with its description.
///
/// A module has the types `List` and `Entries`, with the functions that are called here.
macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident = $id:literal, $name:literal, $module:ident;)*) => {
        /// The format of a list file, as `DATA_TYPE` of its metadata names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ListType {
            $($(#[$doc])* $variant = $id,)*
        }

        impl ListType {
            /// Every format, by number.
            pub const ALL: [Self; [$($id),*].len()] = [$(Self::$variant),*];

            /// The type with this number.
            ///
            /// # Errors
            ///
            /// [`Cause::UnknownListType`].
            pub const fn from_id(id: u16) -> Result<Self> {
                match id {
                    $($id => Ok(Self::$variant),)*
                    _ => Err(Cause::UnknownListType),
                }
            }

            /// The number in metadata.
            pub const fn id(self) -> u16 {
                match self {
                    $(Self::$variant => $id,)*
                }
            }

            /// The name shown to users.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        /// A checked list of any format.
        #[derive(Clone, Copy, Debug)]
        pub enum ParsedList<'a> {
            $($(#[$doc])* $variant($module::List<'a>),)*
        }

        impl<'a> ParsedList<'a> {
            /// Checks the whole of `data` as a list of type `list_type`.
            ///
            /// # Errors
            ///
            /// Those of the format's parser.
            pub fn parse(list_type: ListType, data: &'a [u8]) -> Result<Self> {
                match list_type {
                    $(ListType::$variant => $module::List::parse(data).map(Self::$variant),)*
                }
            }

            /// The format.
            pub const fn list_type(&self) -> ListType {
                match self {
                    $(Self::$variant(_) => ListType::$variant,)*
                }
            }

            /// The algorithm of every digest of the list.
            pub const fn algo(&self) -> HashAlgo {
                match self {
                    $(Self::$variant(list) => list.algo(),)*
                }
            }

            /// How many digests of each kind the list holds, without skipped ones.
            pub const fn counts(&self) -> Counts {
                match self {
                    $(Self::$variant(list) => list.counts(),)*
                }
            }

            /// How many digests of empty content were skipped.
            pub const fn skipped_empty(&self) -> u32 {
                match self {
                    $(Self::$variant(list) => list.skipped_empty(),)*
                }
            }

            fn of_kind(&self, kind: Option<Kind>) -> Entries<'a> {
                match self {
                    $(Self::$variant(list) => Entries::$variant(list.entries(kind)),)*
                }
            }
        }

        /// The digests of a checked list; see [`ParsedList::entries`].
        #[derive(Clone, Debug)]
        pub enum Entries<'a> {
            $($(#[$doc])* $variant($module::Entries<'a>),)*
        }

        impl Iterator for Entries<'_> {
            type Item = (Kind, Digest);

            fn next(&mut self) -> Option<Self::Item> {
                match self {
                    $(Self::$variant(entries) => entries.next(),)*
                }
            }
        }
    };
}

formats! {
    /// Blocks of digests; see [`crate::compact`].
    Compact = 0, "compact", compact;
    /// The header of an RPM package; see [`crate::rpm`].
    RpmHeader = 1, "rpm", rpm;
    /// Blocks of digests with a header of 16 bytes; see [`crate::compact16`].
    Compact16 = 2, "compact16", compact16;
    /// Type, length, value; see [`crate::tlv`].
    Tlv = 3, "tlv", tlv;
}

impl core::fmt::Display for ListType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// What a list says about a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Content of a file that must not be opened for writing while enforcing.
    Immutable,
    /// Content of a file that may change.
    Mutable,
    /// Content that is not known, whatever any other list says.
    Revoked,
}

impl Kind {
    /// Every kind, in the order in which an arena groups them.
    pub const ALL: [Self; 3] = [Self::Immutable, Self::Mutable, Self::Revoked];

    /// Which kind counts when lists differ: the greater one.
    #[inline]
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Mutable => 0,
            Self::Immutable => 1,
            Self::Revoked => 2,
        }
    }

    /// Whether it is [`Kind::Immutable`].
    pub const fn is_immutable(self) -> bool {
        matches!(self, Self::Immutable)
    }

    /// What counts when one list says this and another `other`.
    #[inline]
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        if other.precedence() > self.precedence() {
            other
        } else {
            self
        }
    }

    /// The name shown to users.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Immutable => "immutable",
            Self::Mutable => "mutable",
            Self::Revoked => "revoked",
        }
    }
}

impl core::fmt::Display for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// How many digests of each kind a list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Immutable digests.
    pub immutable: u32,
    /// Mutable digests.
    pub mutable: u32,
    /// Revoked digests.
    pub revoked: u32,
}

impl Counts {
    /// All digests together; what a `u32` cannot hold counts as its greatest value.
    #[inline]
    pub const fn total(&self) -> u32 {
        self.immutable
            .saturating_add(self.mutable)
            .saturating_add(self.revoked)
    }

    /// The number of digests of one kind.
    pub const fn of(&self, kind: Kind) -> u32 {
        match kind {
            Kind::Immutable => self.immutable,
            Kind::Mutable => self.mutable,
            Kind::Revoked => self.revoked,
        }
    }

    /// Adds `count` digests of `kind`.
    ///
    /// # Errors
    ///
    /// [`Cause::TooManyEntries`] if the total would exceed [`MAX_ENTRIES`].
    pub(crate) fn add(&mut self, kind: Kind, count: u32) -> Result {
        let total = self.total().checked_add(count);
        if total.is_none_or(|total| total > MAX_ENTRIES) {
            return Err(Cause::TooManyEntries);
        }
        let field = match kind {
            Kind::Immutable => &mut self.immutable,
            Kind::Mutable => &mut self.mutable,
            Kind::Revoked => &mut self.revoked,
        };
        *field = field.saturating_add(count);
        Ok(())
    }

    /// The kind of the digest number `position` of an arena, which groups immutable, mutable,
    /// revoked.
    #[inline]
    pub const fn kind_at(&self, position: u32) -> Option<Kind> {
        if position < self.immutable {
            Some(Kind::Immutable)
        } else if position < self.immutable.saturating_add(self.mutable) {
            Some(Kind::Mutable)
        } else if position < self.total() {
            Some(Kind::Revoked)
        } else {
            None
        }
    }
}

impl<'a> ParsedList<'a> {
    /// The edition, if the list has one.
    pub const fn edition(&self) -> Option<Edition<'a>> {
        match self {
            Self::Compact(list) => list.edition(),
            _ => None,
        }
    }

    /// The digests in the order of the file, without skipped ones, each as in the table.
    pub fn entries(&self) -> Entries<'a> {
        self.of_kind(None)
    }

    /// The size in bytes of what [`Self::write_arena`] writes.
    pub fn arena_len(&self) -> usize {
        // At most 2^24 digests of at most 64 bytes.
        usize::try_from(self.counts().total())
            .unwrap_or(usize::MAX)
            .saturating_mul(self.algo().digest_size())
    }

    /// Writes the digests grouped as an arena of the table holds them: immutable, mutable, revoked.
    ///
    /// # Errors
    ///
    /// Those of `sink`.
    pub fn write_arena(&self, sink: &mut (impl Sink + ?Sized)) -> Result {
        let counts = self.counts();
        Kind::ALL
            .into_iter()
            .filter(|kind| counts.of(*kind) > 0)
            .try_for_each(|kind| {
                self.of_kind(Some(kind))
                    .try_for_each(|(_, digest)| sink.put(digest.as_bytes()))
            })
    }
}

impl Entries<'_> {
    /// Whether the last returned digest is an entry for fs-verity; see [`crate::verity::entry`].
    pub fn is_verity(&self) -> bool {
        match self {
            Self::Compact(entries) => entries.is_verity(),
            _ => false,
        }
    }
}
