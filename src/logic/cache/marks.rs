// SPDX-License-Identifier: GPL-2.0

//! Marks: what outlives the result of a look.
//!
//! | mark | set by | cleared by | if content changes | evicted when |
//! |---|---|---|---|---|
//! | [`Read`] | an open for reading that a `measure` rule matches | the ToMToU violation that it leads to, once it is in the list | stays | nothing has the inode open for reading |
//! | [`Reported`] | the open-writers violation, once it is in the list | the last close; an open for writing or a truncate(2) beside which none counts | stays | nothing has it open for writing |
//! | [`Unreadable`] | the violation that the content could not be read, once it is in the list | a look that reads it | stays | always |
//! | [`Passed`] | an appraisal that allows; creation | an appraisal that refuses for the content; the first open for writing, if the content may have changed since; a truncate(2) beside which no writer counts | stays | nothing has it open for writing |
//! | [`Signed`] | an appraisal that allows for a signature | an open for writing, or a truncate(2), by the administrator that finds no signature any more, and no mapping | stays | never |
//! | [`New`] | creation, unless used as signed since | use as a program; the last close; an open for writing after a close | stays | its maker has closed it |
//! | [`Closed`] | a close for writing of a new inode while others still count as writers | with [`New`] | stays | with [`New`] |
//! | [`Shared`] | a shared mapping that can be written; an open for direct writes | a look that has replaced all cached pages | stays | nothing of the inode is cached or open for writing |
//!
//! A mark ends with its inode. Before that it is removed only as in the table, under the lock under
//! which marks are set, by a condition on the inode read there. Setting a mark cannot fail, so no
//! mark is lost.
//!
//! [`Read`]: Mark::Read
//! [`Reported`]: Mark::Reported
//! [`Unreadable`]: Mark::Unreadable
//! [`Passed`]: Mark::Passed
//! [`Signed`]: Mark::Signed
//! [`New`]: Mark::New
//! [`Closed`]: Mark::Closed
//! [`Shared`]: Mark::Shared

/// One mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mark {
    /// The inode was opened for reading under a `measure` rule since the last ToMToU violation.
    Read = 1 << 0,
    /// It was reported that the inode is open for writing. Cleared when it no longer is.
    Reported = 1 << 1,
    /// The content could not be read, and that has been reported.
    Unreadable = 1 << 2,
    /// The content passed its last appraisal, or the inode was new. Its present writers had opened
    /// it then.
    Passed = 1 << 3,
    /// The content was used as signed.
    Signed = 1 << 4,
    /// The inode was created, and its writers have not all closed it.
    New = 1 << 5,
    /// A writer of a new inode closed it while others still counted. When none counts any longer,
    /// the inode is not new.
    Closed = 1 << 6,
    /// Cached pages may differ from what storage has, or come to. Either the inode was mapped
    /// shared and writable: references to its pages that do not count as writers (pages pinned for
    /// I/O, or held by a driver) may exist since, and be used for writing later. Or it was open for
    /// direct writes: one that fails half-way leaves pages of what it was.
    Shared = 1 << 7,
}

impl Mark {
    /// All marks.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Reported,
        Self::Unreadable,
        Self::Passed,
        Self::Signed,
        Self::New,
        Self::Closed,
        Self::Shared,
    ];
}

/// A set of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    /// No mark.
    pub const NONE: Self = Self(0);

    /// The set of `marks`.
    pub const fn of(marks: &[Mark]) -> Self {
        let mut set = 0;
        let mut rest = marks;
        while let [mark, more @ ..] = rest {
            // CAST: A mark is its bit.
            set |= *mark as u8;
            rest = more;
        }
        Self(set)
    }

    /// Whether `mark` is in the set.
    pub const fn has(self, mark: Mark) -> bool {
        // CAST: A mark is its bit.
        self.0 & mark as u8 != 0
    }

    /// Whether all of `marks` are in the set.
    pub const fn has_all(self, marks: Self) -> bool {
        self.0 & marks.0 == marks.0
    }

    /// Whether one of `marks` is in the set.
    pub const fn has_any(self, marks: Self) -> bool {
        self.0 & marks.0 != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with `marks`.
    #[must_use]
    pub const fn with(self, marks: Self) -> Self {
        Self(self.0 | marks.0)
    }

    /// The set without `marks`.
    #[must_use]
    pub const fn without(self, marks: Self) -> Self {
        Self(self.0 & !marks.0)
    }
}

impl From<Mark> for Marks {
    fn from(mark: Mark) -> Self {
        // CAST: A mark is its bit.
        Self(mark as u8)
    }
}
