// SPDX-License-Identifier: GPL-2.0

//! Accesses for which nothing had to be done, so that the same access need not be looked at again.
//!
//! A file that is opened over and over by the same user costs a policy evaluation and a look into the cache each time,
//! to find that nothing is to be done. Here stands the whole question to which that was the answer: the kind of the
//! access, who makes it, the inode with every sign of change, and the generations of policy and lists. If all of it is
//! as it was, so is the answer. A question that differs in one bit is another question, so nothing here needs to be
//! invalidated, except for what no part of the question shows: that is counted in [`Shortcuts::doubt`].
//!
//! The table has one place for a question; another one that falls there takes it over.

use crate::{
    evaluate::Done,
    monitor::Monitor,
    sys::{
        file::File,
        inode::InodeKey,
        lsm::AccessKind,
        witness::{
            Cred,
            Witness,
            WORDS, //
        },
    },
};
use core::sync::atomic::{
    fence,
    AtomicU32,
    AtomicU64,
    Ordering, //
};
use kernel::prelude::*;

/// How many places there are, of 64 bytes each.
const PLACES: usize = 4096;

/// How many counters of doubt there are; inodes share them.
const SHARES: usize = 256;

/// A question, as a place holds it.
type Question = [u64; WORDS + 2];

/// Set in a place's version while its question is being written.
const WRITING: u64 = 1 << 0;
/// Set where the policy asks for nothing.
const UNASKED: u64 = 1 << 1;

/// A place for a question, with a version that changes whenever the question does.
struct Place {
    version: AtomicU64,
    question: [AtomicU64; WORDS + 2],
}

impl Place {
    /// Why nothing need be done, if `question` stands here.
    fn answer(&self, question: &Question) -> Option<Done> {
        let version = self.version.load(Ordering::Acquire);
        let same = (self.question.iter().zip(question))
            .all(|(held, asked)| held.load(Ordering::Relaxed) == *asked);
        fence(Ordering::Acquire);
        let whole = version & WRITING == 0 && self.version.load(Ordering::Relaxed) == version;
        let answer = if version & UNASKED != 0 {
            Done::Unasked
        } else {
            Done::Unchanged
        };
        (same && whole).then_some(answer)
    }

    /// Puts `question` here, unless somebody else is just doing so.
    fn put(&self, question: &Question, answer: Done) {
        let version = self.version.load(Ordering::Relaxed);
        let writing = version | WRITING;
        let taken = version != writing
            && self
                .version
                .compare_exchange(version, writing, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        if !taken {
            return;
        }
        fence(Ordering::Release);
        for (held, put) in self.question.iter().zip(question) {
            held.store(*put, Ordering::Relaxed);
        }
        let flag = if answer == Done::Unasked { UNASKED } else { 0 };
        let next = (version | WRITING | UNASKED).wrapping_add(1) | flag;
        self.version.store(next, Ordering::Release);
    }
}

/// The table.
pub(crate) struct Shortcuts {
    places: KVVec<Place>,
    /// Counted up when something changed that a question does not show, by a hash of the inode.
    doubts: [AtomicU32; SHARES],
}

impl Shortcuts {
    /// An empty table. May sleep.
    pub(crate) fn new() -> Result<Self> {
        let mut places = KVVec::with_capacity(PLACES, GFP_KERNEL)?;
        for _ in 0..PLACES {
            let place = Place {
                version: AtomicU64::new(0),
                question: [const { AtomicU64::new(0) }; WORDS + 2],
            };
            places.push(place, GFP_KERNEL)?;
        }
        Ok(Self {
            places,
            doubts: [const { AtomicU32::new(0) }; SHARES],
        })
    }

    /// Something changed about an inode that a question does not show: a writer closed it, a mark was taken from it, or
    /// it is another inode now.
    pub(crate) fn doubt(&self, key: InodeKey) {
        if let Some(doubts) = self.doubts.get(key.hash() % SHARES) {
            doubts.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn place(&self, question: &Question) -> Option<&Place> {
        let [inode, _, _, _, ids, kind, _] = question;
        let mixed = (inode >> 6 ^ ids.rotate_left(20) ^ (kind >> 32).rotate_left(40))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // CAST: The upper bits are kept.
        self.places.get((mixed >> 40) as usize % PLACES)
    }
}

impl Monitor {
    /// The question whether an access of `kind` needs anything done. None if that depends on more than a question shows.
    #[inline(always)]
    fn question(&self, kind: AccessKind, file: &File, cred: Cred) -> Option<Question> {
        let policy = self.policies.generation()?;
        let lists = self.lists.generation();
        let witness = Witness::of(file, cred)?;
        let doubts = self
            .shortcuts
            .doubts
            .get(witness.key().hash() % SHARES)?
            .load(Ordering::SeqCst);
        let Witness([inode, version, ctime, size, ids]) = witness;
        let kind = u64::from(kind.code()) << 32 | u64::from(doubts);
        // Half of each is enough: between two equal ones lie billions of system calls by the administrator.
        let generations = lists << 32 | policy & 0xffff_ffff;
        Some([inode, version, ctime, size, ids, kind, generations])
    }

    /// Whether nothing need be done for an access of `kind`. Takes no lock, does not sleep.
    #[inline(always)]
    pub(crate) fn is_settled(&self, kind: AccessKind, file: &File, cred: Cred) -> bool {
        let answer = self
            .question(kind, file, cred)
            .and_then(|question| self.shortcuts.place(&question)?.answer(&question));
        if answer == Some(Done::Unchanged) {
            self.stats.shortcuts.count();
        }
        answer.is_some()
    }

    /// Runs `evaluate`, and if it says that nothing was to be done notes that, unless something changed meanwhile. May
    /// sleep.
    pub(crate) fn settle(
        &self,
        kind: AccessKind,
        file: &File,
        cred: Cred,
        evaluate: impl FnOnce() -> Result<Done>,
    ) -> Result {
        // Only a file that was armed shows every change from here on.
        let armed = Witness::of(file, cred).is_some() && file.arm_change_tracking().is_ok();
        let before = armed.then(|| self.question(kind, file, cred)).flatten();
        let done = evaluate()?;
        if done == Done::Something {
            return Ok(());
        }
        if let Some(question) = before {
            if self.question(kind, file, cred) == Some(question) {
                if let Some(place) = self.shortcuts.place(&question) {
                    place.put(&question, done);
                }
            }
        }
        Ok(())
    }
}
