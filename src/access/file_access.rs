// SPDX-License-Identifier: GPL-2.0

//! One access to a file, and what its evaluation comes to.

use crate::{
    cache::Answer,
    policy::Query,
    sys::file::File, //
};
use core::ops::Deref;
use digest_logic::policy::{
    Func,
    Mask, //
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
