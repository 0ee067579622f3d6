// SPDX-License-Identifier: GPL-2.0

//! One access to a file: what is left to be done, whether the content is stable, and the result of
//! the evaluation.

use crate::{
    cache::{
        Answer,
        Cache,
        Look, //
    },
    policy::Query,
    sys::file::File, //
};
use core::ops::Deref;
use digest_logic::{
    cache::Left,
    policy::{
        Decision,
        Func,
        Mask, //
    },
};

/// The result of an evaluation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// Nothing was to be done. The same holds for the next access if nothing changes.
    Nothing(Answer),
    /// Something was done, or may be due next time.
    Something,
}

impl Done {
    /// Combines the results for two functions that one access serves.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing(Answer::Unasked), done) | (done, Self::Nothing(Answer::Unasked)) => done,
            (Self::Nothing(_), Self::Nothing(_)) => Self::Nothing(Answer::Unchanged),
            _ => Self::Something,
        }
    }

    /// Why nothing was to be done.
    pub(crate) fn answer(self) -> Option<Answer> {
        match self {
            Self::Nothing(answer) => Some(answer),
            Self::Something => None,
        }
    }
}

/// How often a file is read if it is written meanwhile.
pub(crate) const ATTEMPTS: usize = 4;

/// One access to a file: what rules are asked about, and what is read.
pub(crate) struct Access<'a> {
    query: Query<'a>,
    /// The content, if the kernel has read it already and will use exactly that.
    pub(crate) content: Option<&'a [u8]>,
}

impl<'a> Access<'a> {
    /// An access by the current task to the content on disk.
    pub(crate) fn new(file: &'a File, func: Func, mask: Mask) -> Self {
        Query::new(file, func, mask).into()
    }

    /// The same access to content in memory.
    pub(crate) fn with_content(self, content: Option<&'a [u8]>) -> Self {
        Self { content, ..self }
    }

    /// Whether it opens the file for writing.
    pub(super) fn writes(&self) -> bool {
        self.func == Func::FileCheck && self.file.is_writable()
    }

    /// What earlier looks leave to be done of `decision`, with lists of generation `lists`. Does
    /// not read the file.
    pub(super) fn left(&self, cache: &Cache, decision: &Decision, pcr: u32, lists: u64) -> Left {
        if self.content.is_some() {
            return Left::all(decision);
        }
        let left = cache.left(self.file, decision, small(pcr), lists);
        // What is known of the page cache does not cover direct I/O.
        let passes_the_cache =
            decision.appraise.is_some() && self.file.is_direct() && !decision.permit_directio;
        Left {
            appraise: passes_the_cache || left.appraise && !self.is_between(cache),
            ..left
        }
    }

    /// Whether a file that passed is being written. Its content is changing, so the former result
    /// holds until the last writer closes the file, as in IMA.
    fn is_between(&self, cache: &Cache) -> bool {
        self.func == Func::FileCheck && self.file.has_other_writers() && cache.has_passed(self.file)
    }

    /// Makes the content stable: the next reader gets what is read after `look` began, as long as
    /// nothing opens the file for writing. Writes dirty pages back, and replaces pages to which
    /// others may hold a reference. Returns whether that succeeded. For a file open for writing,
    /// `true` says only that the storage keeps what it has. May sleep.
    pub(super) fn is_stable(&self, cache: &Cache, look: &Look) -> bool {
        let file = self.file;
        if self.content.is_some() {
            return true;
        }
        if !file.content_is_stable() {
            return false;
        }
        if look.is_written() || file.is_sealed() {
            return true;
        }
        if cache.is_shared(file) {
            // The kernel has read the program's headers already, from pages that may have been
            // written through a reference. `drop_foreign_pages()` came too late for them. The next
            // access gets other pages.
            return replace_pages(cache, file, look) && !file.is_opened_to_execute();
        }
        file.write_back().is_ok()
    }

    /// Whether a mapping shows nothing but the content that was read since `look`, and zeros. May
    /// sleep.
    pub(super) fn shows_no_more(&self, look: &Look) -> bool {
        self.content.is_some() || look.is_written() || self.file.ends_in_zeros()
    }
}

/// Whether pages of `file` may differ from what the file has: others may hold references to them,
/// or writeback failed. Does not sleep.
pub(super) fn has_foreign_pages(cache: &Cache, file: &File) -> bool {
    // What kind of storage it is takes longer to ask, and is seldom asked so.
    (cache.is_shared(file) || file.failed_to_write()) && file.can_be_cleansed()
}

/// Replaces such pages of a program or its interpreter before the kernel reads their headers. No
/// task can open the file for writing from then on. A failure shows in the look. May sleep.
pub(super) fn drop_foreign_pages(cache: &Cache, file: &File) {
    if file.is_regular() && has_foreign_pages(cache, file) {
        let look = cache.glance(file);
        replace_pages(cache, file, &look);
    }
}

/// Replaces all pages of `file`. Returns whether no page has been referenced since `look` began.
fn replace_pages(cache: &Cache, file: &File, look: &Look) -> bool {
    file.cleanse().is_ok() && cache.cleansed(file, look)
}

impl<'a> From<Query<'a>> for Access<'a> {
    fn from(query: Query<'a>) -> Self {
        Self {
            query,
            content: None,
        }
    }
}

impl<'a> Deref for Access<'a> {
    type Target = Query<'a>;

    fn deref(&self) -> &Self::Target {
        &self.query
    }
}

/// A PCR number as a byte.
pub(super) fn small(pcr: u32) -> u8 {
    u8::try_from(pcr).unwrap_or(u8::MAX)
}
