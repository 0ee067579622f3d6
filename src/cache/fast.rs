// SPDX-License-Identifier: GPL-2.0

//! The table of accesses for which nothing had to be done.
//!
//! Without it, each repeated access costs a policy evaluation and a lookup in the cache. A place of
//! the table has the whole question: the kind of the access, its subject, the inode with its signs
//! of change and count of closes, and the generation of policy and lists. The answer holds as long
//! as all of these are the same. A change makes another question, so nothing here is ever
//! invalidated.
//!
//! Each question can stand in one place only, and replaces the one that stood there.

use crate::sys::{
    atomic::{
        smp_rmb,
        Inline as _, //
    },
    kernel_crate::{
        smp_mb,
        Write, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    },
};

/// The number of places, of 64 bytes each.
const PLACES: usize = 4096;

/// The number of words of a question.
pub(super) const WORDS: usize = 7;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Question(pub(super) [u64; WORDS]);

/// Why nothing had to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The policy asks for nothing.
    Unasked,
    /// What the policy asks for has been done before.
    Unchanged,
}

/// Set in a place's version while its question is being written.
const WRITING: u64 = 1 << 0;
/// Set where the policy asks for nothing.
const UNASKED: u64 = 1 << 1;

/// A place for a question: a sequence lock.
///
/// # Invariants
///
/// - The words of `question` change only while `version` has [`WRITING`], and only by the task that
///   set it. Afterwards `version` is another one. So a reader that sees the same version, without
///   [`WRITING`], before and after it reads the words, has read one question.
/// - [`UNASKED`] in `version` gives the answer to the question. Version 0 stands for no question:
///   its words are zero, and no inode has the address 0.
struct Place {
    version: Atomic<u64>,
    question: [Atomic<u64>; WORDS],
}

impl Place {
    /// The answer, if `question` stands here.
    #[inline(always)]
    fn answer(&self, question: &Question) -> Option<Answer> {
        // Pairs with the release of the version in `put()`: the words are of this version or a
        // later one.
        let version = self.version.read_acquire();
        let same =
            (self.question.iter().zip(&question.0)).all(|(held, asked)| held.read_once() == *asked);
        // Pairs with the `smp_mb(Write)` in `put()`: if a word was of a later version, so is the
        // version read here.
        smp_rmb();
        let whole = version & WRITING == 0 && self.version.read_once() == version;
        let answer = if version & UNASKED != 0 {
            Answer::Unasked
        } else {
            Answer::Unchanged
        };
        (same && whole).then_some(answer)
    }

    /// Puts `question` here, unless another task is writing this place.
    fn put(&self, question: &Question, answer: Answer) {
        let version = self.version.load(Relaxed);
        let writing = version | WRITING;
        let taken = version != writing && self.version.cmpxchg(version, writing, Acquire).is_ok();
        if !taken {
            return;
        }
        // Pairs with the `smp_rmb()` in `answer()`: a task that reads a word of this question then
        // reads `WRITING` or a later version.
        smp_mb(Write);
        // INVARIANT: This task has just set `WRITING`.
        for (held, put) in self.question.iter().zip(&question.0) {
            held.store(*put, Relaxed);
        }
        let flag = if answer == Answer::Unasked {
            UNASKED
        } else {
            0
        };
        // INVARIANT: The place has not had this version for 2^62 changes.
        let next = (version | WRITING | UNASKED).wrapping_add(1) | flag;
        self.version.store(next, Release);
    }
}

pub(super) struct Fast(KVVec<Place>);

impl Fast {
    /// An empty table. May sleep.
    pub(super) fn new() -> Result<Self> {
        let mut places = KVVec::with_capacity(PLACES, GFP_KERNEL)?;
        for _ in 0..PLACES {
            // INVARIANT: Version 0, words of zero.
            let place = Place {
                version: Atomic::new(0),
                question: [const { Atomic::new(0) }; WORDS],
            };
            places.push(place, GFP_KERNEL)?;
        }
        Ok(Self(places))
    }

    /// The answer to `question`, if it is here. Takes no lock, does not sleep.
    #[inline(always)]
    pub(super) fn answer(&self, question: &Question) -> Option<Answer> {
        self.place(question)?.answer(question)
    }

    /// Notes that `answer` is the answer to `question`. Takes no lock, does not sleep.
    pub(super) fn put(&self, question: &Question, answer: Answer) {
        if let Some(place) = self.place(question) {
            place.put(question, answer);
        }
    }

    #[inline(always)]
    fn place(&self, question: &Question) -> Option<&Place> {
        let Question([inode, _, _, shape_and_kind, ids, _, _]) = question;
        let mixed = (inode >> 6 ^ ids.rotate_left(20) ^ shape_and_kind.rotate_left(40))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // CAST: The upper bits are kept.
        self.0.get((mixed >> 40) as usize % PLACES)
    }
}
