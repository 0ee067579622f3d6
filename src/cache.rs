// SPDX-License-Identifier: GPL-2.0

//! Results of earlier checks, by inode: a file that did not change is not read again.
//!
//! An answer is given only while nobody has the file open for writing, and only if every sign of a change (change
//! counter, time of change, size, generation) is as it was before the file was read. A result is kept only if nobody
//! had the file open for writing before and after it was read, and on file systems that show every change. Files on tmpfs
//! are always read: stores through a mapping, or through pages that io_uring has pinned, leave no sign there. The last
//! close of a writer drops the result as well.
//!
//! The inode is the one that holds the content: on overlayfs that of a layer, so that a copy-up, which makes another
//! inode the file's, finds nothing here.
//!
//! Beside the result stand two marks for violations, which outlive it: that the inode was opened for reading under a
//! `measure` rule, and that an open writer has been reported.

use crate::{
    evaluate::Access,
    sys::{
        file::File,
        inode::{
            InodeKey,
            InodeState, //
        },
        inode_map::InodeMap,
        shrinker::Shrink, //
    },
};
use core::sync::atomic::{
    fence,
    AtomicBool,
    AtomicU32,
    Ordering, //
};
use digest_logic::policy::Decision;
use kernel::prelude::*;

/// log2 of the number of hash chains: 16 Ki chains, 128 KiB.
const CHAINS: u32 = 14;

/// How many counters of closes, and marks of loss, there are; inodes share them.
const SHARES: usize = 256;

/// The content is as the other fields say.
const VALID: u8 = 1 << 0;
/// A list knows the digest.
const KNOWN: u8 = 1 << 1;
/// The content has an audit record.
const AUDITED: u8 = 1 << 2;
/// The inode was opened for reading under a `measure` rule, since the last ToMToU violation.
const READ: u8 = 1 << 3;
/// The writers that have the inode open have been reported.
const REPORTED: u8 = 1 << 4;
/// The content could not be read, and that has been reported.
const UNREADABLE: u8 = 1 << 5;
/// What outlives a change of content.
const MARKS: u8 = READ | REPORTED | UNREADABLE;

/// What was found out about an inode.
#[derive(Clone, Copy, Default)]
struct Checked {
    /// Signs of change, taken before the content was read.
    state: InodeState,
    /// The generation of the lists to which [`KNOWN`] refers.
    lists: u64,
    /// The PCRs for which the content has a record.
    measured: u32,
    flags: u8,
}

impl Checked {
    fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The same without the result, or nothing if nothing is left.
    fn marks(self, kept: u8) -> Option<Self> {
        let flags = self.flags & kept & MARKS;
        (flags != 0).then_some(Self { flags, ..self })
    }
}

/// What the signs of change were before a file was read; nothing where its result cannot be kept.
pub(crate) struct Watch(Option<Signs>);

/// Signs of change.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Signs {
    state: InodeState,
    closes: u32,
}

/// What remains to be done with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Measure it, unless a list that counts knows it.
    pub(crate) measure: bool,
    /// Audit it.
    pub(crate) audit: bool,
}

impl Left {
    /// All that `decision` asks for.
    fn all(decision: &Decision) -> Self {
        Self {
            measure: decision.measure.is_some(),
            audit: decision.audit.is_some(),
        }
    }

    /// Whether nothing remains.
    pub(crate) fn is_nothing(self) -> bool {
        !self.measure && !self.audit
    }
}

/// The result of a check.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    /// The generation of the lists that were asked.
    pub(crate) lists: u64,
    /// Whether one of them knows the digest.
    pub(crate) known: bool,
    /// The PCR that a record was extended into.
    pub(crate) measured: Option<u32>,
    /// Whether there is an audit record.
    pub(crate) audited: bool,
}

/// The cache. Lookups take no lock.
#[pin_data]
pub(crate) struct Cache {
    #[pin]
    inodes: InodeMap<Checked>,
    /// How many files open for writing were closed, by a hash of their inode. A writer who comes and goes while the
    /// content is being read, and writes through a mapping, may leave no other sign.
    closes: [AtomicU32; SHARES],
    /// Whether marks were lost for want of memory, by a hash of the inode. They are taken to be set then: a violation
    /// too many rather than one too few.
    lost: [AtomicBool; SHARES],
}

impl Cache {
    /// An empty cache.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        const { assert!(InodeMap::<Checked>::ENTRY_SIZE <= 64) };
        try_pin_init!(Self {
            inodes <- InodeMap::new(CHAINS),
            closes: [const { AtomicU32::new(0) }; SHARES],
            lost: [const { AtomicBool::new(false) }; SHARES],
        })
    }

    /// How many inodes it knows.
    pub(crate) fn len(&self) -> usize {
        self.inodes.len()
    }

    /// What an earlier check leaves to be done: nothing, if the content is unchanged and either has a record in `pcr`
    /// or, where lists count, is known to the lists of generation `lists`.
    pub(crate) fn left(
        &self,
        access: &Access<'_>,
        decision: &Decision,
        pcr: u32,
        lists: u64,
    ) -> Left {
        let all = Left::all(decision);
        if access.content.is_some() || decision.verity {
            return all;
        }
        let Some(checked) = self.checked(access.file) else {
            return all;
        };
        let known = checked.has(KNOWN) && checked.lists == lists;
        let settled = checked.measured & bit(pcr) != 0
            || known && decision.measure.is_some_and(|measure| measure.digest_list);
        Left {
            measure: all.measure && !settled,
            audit: all.audit && !checked.has(AUDITED),
        }
    }

    /// The result of an earlier check if it still holds.
    fn checked(&self, file: &File) -> Option<Checked> {
        let inode = file.real_inode();
        let checked = self.inodes.get(inode.key())?;
        // A writer who comes after this question is as if he came after the access.
        (checked.has(VALID) && checked.state == inode.state() && !file.has_writers())
            .then_some(checked)
    }

    /// To be called before the content is read. May sleep.
    pub(crate) fn watch(&self, access: &Access<'_>) -> Watch {
        let (file, inode) = (access.file, access.file.real_inode());
        let closes = self.closes(inode.key());
        let watched = access.content.is_none()
            && inode.tracks_changes()
            && !file.has_writers()
            && file.arm_change_tracking().is_ok();
        Watch(watched.then(|| Signs {
            state: inode.state(),
            closes,
        }))
    }

    /// To be called with the result: keeps it if the content cannot have changed since `watch`. May sleep.
    pub(crate) fn keep(&self, access: &Access<'_>, watch: Watch, outcome: Outcome) {
        let (file, inode) = (access.file, access.file.real_inode());
        let key = inode.key();
        let unchanged = |signs: &Signs| {
            let now = Signs {
                state: inode.state(),
                closes: self.closes(key),
            };
            *signs == now && !file.has_writers()
        };
        let Some(signs) = watch.0.filter(unchanged) else {
            return;
        };
        self.update(key, |old| {
            let old = old.unwrap_or_default();
            let same = old.has(VALID) && old.state == signs.state;
            let before = if same { old } else { Checked::default() };
            let mut flags = VALID | before.flags & AUDITED | old.flags & (READ | REPORTED);
            if outcome.known {
                flags |= KNOWN;
            }
            if outcome.audited {
                flags |= AUDITED;
            }
            Some(Checked {
                state: signs.state,
                lists: outcome.lists,
                measured: before.measured | outcome.measured.map_or(0, bit),
                flags,
            })
        });
        // Pairs with `closed()`: either it sees the result and drops it, or its count is seen here.
        fence(Ordering::SeqCst);
        if !unchanged(&signs) {
            self.update(key, |old| old?.marks(MARKS));
        }
    }

    /// An open file is being closed for good.
    pub(crate) fn closed(&self, file: &File) {
        if !file.is_writable() || !file.is_regular() {
            return;
        }
        let key = file.real_inode().key();
        if let Some(count) = self.closes.get(key.hash() % SHARES) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        fence(Ordering::SeqCst);
        if self.inodes.get(key).is_some() {
            let kept = if file.has_one_writer() {
                MARKS & !REPORTED
            } else {
                MARKS
            };
            self.update(key, |old| old?.marks(kept));
        }
    }

    /// An inode is being freed.
    pub(crate) fn forget(&self, key: InodeKey) {
        self.inodes.remove(key);
    }

    /// Notes that `file` was opened for reading under a `measure` rule. Returns whether its content is open for writing
    /// as well, and that was not reported yet. May sleep.
    pub(crate) fn note_reader(&self, file: &File) -> bool {
        let key = file.real_inode().key();
        let marks = if file.has_writers() {
            READ | REPORTED
        } else {
            READ
        };
        if self
            .inodes
            .get(key)
            .is_some_and(|c| c.flags & marks == marks)
        {
            return false;
        }
        let mut report = false;
        self.update(key, |old| {
            let old = old.unwrap_or_default();
            report = marks & REPORTED != 0 && !old.has(REPORTED);
            Some(Checked {
                flags: old.flags | marks,
                ..old
            })
        });
        report
    }

    /// Notes that `file` was opened for writing. Returns whether somebody reads it who opened it under a `measure`
    /// rule, since that was last reported. May sleep.
    pub(crate) fn note_writer(&self, file: &File) -> bool {
        if !file.has_readers() {
            return false;
        }
        let key = file.real_inode().key();
        let lost = self.lost.get(key.hash() % SHARES);
        if lost.is_some_and(|lost| lost.load(Ordering::Relaxed)) {
            return true;
        }
        if !self.inodes.get(key).is_some_and(|c| c.has(READ)) {
            return false;
        }
        self.update(key, |old| {
            let old = old?;
            let flags = old.flags & !READ;
            (flags != 0).then_some(Checked { flags, ..old })
        });
        true
    }

    /// Notes that the content of `file` could not be read. Returns whether that was not reported yet. May sleep.
    pub(crate) fn note_unreadable(&self, file: &File) -> bool {
        let key = file.real_inode().key();
        let mut report = false;
        self.update(key, |old| {
            let old = old.unwrap_or_default();
            report = !old.has(UNREADABLE);
            Some(Checked {
                flags: (old.flags & MARKS) | UNREADABLE,
                ..old
            })
        });
        report
    }

    fn update(&self, key: InodeKey, f: impl FnOnce(Option<Checked>) -> Option<Checked>) {
        if !self.inodes.update(key, f) {
            self.lose(key);
        }
    }

    fn lose(&self, key: InodeKey) {
        if let Some(lost) = self.lost.get(key.hash() % SHARES) {
            lost.store(true, Ordering::Relaxed);
        }
    }

    fn closes(&self, key: InodeKey) -> u32 {
        self.closes
            .get(key.hash() % SHARES)
            .map_or(0, |count| count.load(Ordering::SeqCst))
    }
}

impl Shrink for Cache {
    fn count(&self) -> usize {
        self.len()
    }

    fn scan(&self, count: usize) -> usize {
        self.inodes.evict(count, |key, checked| {
            if checked.has(MARKS) {
                self.lose(key);
            }
        })
    }
}

fn bit(pcr: u32) -> u32 {
    1u32.checked_shl(pcr).unwrap_or(0)
}
