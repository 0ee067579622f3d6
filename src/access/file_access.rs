// SPDX-License-Identifier: GPL-2.0

//! One access to a file: what is to be done for it, whether what is read is what will be used, and
//! what its evaluation comes to.

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

/// What an evaluation came to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// Nothing was to be done, and nothing is to be done the next time if all is as it was.
    Nothing(Answer),
    /// Something was done, or may have to be the next time.
    Something,
}

impl Done {
    /// Both: what this one and `other` came to, for two functions that one access serves.
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

/// How often a file is read that is written meanwhile.
pub(crate) const ATTEMPTS: usize = 4;

/// One access to a file: what rules are asked about, and what is read.
pub(crate) struct Access<'a> {
    query: Query<'a>,
    /// The content, where the kernel has read it already and will use just that.
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

    /// What earlier looks leave to be done of what `decision` asks for, with lists of generation
    /// `lists`. Does not read the file.
    pub(super) fn left(&self, cache: &Cache, decision: &Decision, pcr: u32, lists: u64) -> Left {
        if self.content.is_some() {
            return Left::all(decision);
        }
        let left = cache.left(self.file, decision, small(pcr), lists);
        // What was found out about the page cache says nothing of a way past it.
        let passes_the_cache =
            decision.appraise.is_some() && self.file.is_direct() && !decision.permit_directio;
        Left {
            appraise: passes_the_cache || left.appraise && !self.is_between(cache),
            ..left
        }
    }

    /// Whether a file that passed is being written by somebody who opened it then: its content is
    /// neither what it was nor what it will be, and the result holds until the last of them closes
    /// it, as in IMA.
    fn is_between(&self, cache: &Cache) -> bool {
        self.func == Func::FileCheck && self.file.has_other_writers() && cache.has_passed(self.file)
    }

    /// Makes what is read after `look` began what the next reader reads, as long as nothing opens
    /// the file for writing: on storage that keeps what it has, dirty pages are written to it, and
    /// pages that something else may hold a reference to are replaced. Returns whether that is so;
    /// of a file that is open for writing it says nothing more than of its storage. May sleep.
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
            // The kernel has read the headers of a program already, from pages that something else
            // may have written to: `drop_foreign_pages()` did not come in time, so that what is
            // read from here on is not what was. The next access finds other pages.
            return replace_pages(cache, file, look) && !file.is_opened_to_execute();
        }
        file.write_back().is_ok()
    }
}

/// Whether pages of `file` need not be what the file has: something else may hold a reference to
/// one, or storage did not take one. Does not sleep.
pub(super) fn has_foreign_pages(cache: &Cache, file: &File) -> bool {
    file.can_be_cleansed() && (cache.is_shared(file) || file.failed_to_write())
}

/// Replaces such pages by what the file has, for a program and its interpreter: the kernel is about
/// to read their headers, before any look, and nothing can open them for writing from then on. If
/// it fails the look finds that. May sleep.
pub(super) fn drop_foreign_pages(cache: &Cache, file: &File) {
    if file.is_regular() && has_foreign_pages(cache, file) {
        let look = cache.glance(file);
        replace_pages(cache, file, &look);
    }
}

/// Replaces all pages of `file`; returns whether nothing has referred to one since `look` began.
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

/// The kernel's numbers of PCRs are small.
pub(super) fn small(pcr: u32) -> u8 {
    u8::try_from(pcr).unwrap_or(u8::MAX)
}
