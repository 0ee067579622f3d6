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
//! `measure` rule, and that an open writer has been reported; and three for appraisal: that the content passed when it
//! was last looked at, that it was used as signed, and that the file is new.

use crate::{
    evaluate::Access,
    shortcut::Shortcuts,
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
use digest_logic::{
    appraise::{
        Reference,
        Vouchers, //
    },
    hash_algo::HashAlgo,
    list::Kind,
    policy::Decision, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// log2 of the number of hash chains: 16 Ki chains, 128 KiB.
const CHAINS: u32 = 14;

/// How many counters of closes, and marks of loss, there are; inodes share them.
const SHARES: usize = 256;

/// The content is as the other fields say.
const VALID: u16 = 1 << 0;
/// A list knows the digest.
const KNOWN: u16 = 1 << 1;
/// The content has an audit record.
const AUDITED: u16 = 1 << 2;
/// The inode was opened for reading under a `measure` rule, since the last ToMToU violation.
const READ: u16 = 1 << 3;
/// The writers that have the inode open have been reported.
const REPORTED: u16 = 1 << 4;
/// The content could not be read, and that has been reported.
const UNREADABLE: u16 = 1 << 5;
/// The content has the digest in `security.ima`, and `own_algo` is its algorithm.
const OWN: u16 = 1 << 6;
/// The content has the signature in `security.ima`, and `own_algo` is the algorithm of its digest.
const OWN_SIGNED: u16 = 1 << 7;
/// A signed list says that the file may change.
const LISTED: u16 = 1 << 8;
/// A signed list says that the file does not change.
const LISTED_IMMUTABLE: u16 = 1 << 9;
/// The content passed when it was last appraised, or the file was new; who writes it since then had opened it then.
const PASSED: u16 = 1 << 10;
/// The content was used as signed.
const SIGNED: u16 = 1 << 11;
/// The file was created, and its first writer has not closed it yet.
const NEW: u16 = 1 << 12;
/// The inode was mapped shared by somebody who may write it, and since then pages of it may be pinned for I/O.
const SHARED: u16 = 1 << 13;
/// Marks of the inode may have been lost before it got this entry.
const UNSURE: u16 = 1 << 14;
/// What outlives a change of content.
const MARKS: u16 = READ | REPORTED | UNREADABLE | PASSED | SIGNED | NEW | SHARED | UNSURE;

/// What was found out about an inode.
#[derive(Clone, Copy, Default)]
struct Checked {
    /// Signs of change, taken before the content was read.
    state: InodeState,
    /// The generation of the lists and keys to which [`KNOWN`], and what vouches for the content, refer: the lower half,
    /// since between two equal ones lie billions of system calls by the administrator.
    lists: u32,
    /// The PCRs for which the content has a record.
    measured: u32,
    /// The count of closes in [`Cache::closes`] when a writer last closed the inode, or before that when it got its
    /// entry: it grows with every close, also where the entry was lost in between.
    closes: u32,
    flags: u16,
    /// For [`OWN`] and [`OWN_SIGNED`].
    own_algo: u8,
    /// How many writers have begun to close the inode; some may still count as writers.
    closing: u8,
}

impl Checked {
    /// Whether one of `flags` is set.
    fn has(self, flags: u16) -> bool {
        self.flags & flags != 0
    }

    /// What vouched for the content.
    fn vouchers(self) -> Vouchers {
        let signed = self.has(OWN_SIGNED);
        let algo = HashAlgo::from_id(self.own_algo.into()).ok();
        Vouchers {
            own: algo
                .filter(|_| signed || self.has(OWN))
                .map(|algo| Reference { algo, signed }),
            list: if self.has(LISTED_IMMUTABLE) {
                Some(Kind::Immutable)
            } else {
                self.has(LISTED).then_some(Kind::Mutable)
            },
        }
    }

    /// The same without the result, or nothing if nothing is left.
    fn marks(self, kept: u16) -> Option<Self> {
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

/// Which writers of a file had closed it when it was looked at; nothing if there was no memory to note it.
#[derive(Clone, Copy)]
pub(crate) struct Writers(Option<u32>);

/// What remains to be done with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Measure it, unless a list that counts knows it.
    pub(crate) measure: bool,
    /// Audit it.
    pub(crate) audit: bool,
    /// Appraise it.
    pub(crate) appraise: bool,
    /// Store its digest.
    pub(crate) hash: bool,
}

impl Left {
    /// All that `decision` asks for.
    fn all(decision: &Decision) -> Self {
        Self {
            measure: decision.measure.is_some(),
            audit: decision.audit.is_some(),
            appraise: decision.appraise.is_some(),
            hash: decision.hash.is_some(),
        }
    }

    /// Whether nothing remains.
    pub(crate) fn is_nothing(self) -> bool {
        !self.measure && !self.audit && !self.appraise && !self.hash
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
    /// What vouches for the content, if it was appraised.
    pub(crate) vouchers: Option<Vouchers>,
}

/// The cache. Lookups take no lock.
#[pin_data]
pub(crate) struct Cache {
    #[pin]
    inodes: InodeMap<Checked>,
    /// To be told of what no witness of an access shows.
    shortcuts: Arc<Shortcuts>,
    /// How many files open for writing were closed, by a hash of their inode. A writer who comes and goes while the
    /// content is being read, and writes through a mapping, may leave no other sign.
    closes: [AtomicU32; SHARES],
    /// Whether marks were lost for want of memory, by a hash of the inode. They are taken to be set then: a violation
    /// too many rather than one too few.
    lost: [AtomicBool; SHARES],
}

impl Cache {
    /// An empty cache.
    pub(crate) fn new(shortcuts: Arc<Shortcuts>) -> impl PinInit<Self, Error> {
        const { assert!(InodeMap::<Checked>::ENTRY_SIZE <= 64) };
        try_pin_init!(Self {
            inodes <- InodeMap::new(CHAINS),
            shortcuts,
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
        let lists = lower_half(lists);
        let known = checked.has(KNOWN) && checked.lists == lists;
        let settled = checked.measured & bit(pcr) != 0
            || known && decision.measure.is_some_and(|measure| measure.digest_list);
        let passed = decision
            .appraise
            .is_some_and(|rule| checked.lists == lists && checked.vouchers().satisfy(&rule));
        Left {
            measure: all.measure && !settled,
            audit: all.audit && !checked.has(AUDITED),
            appraise: all.appraise && !passed,
            hash: all.hash && !(checked.has(OWN) || checked.has(OWN_SIGNED)),
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

    /// To be called before the content is read, for [`Cache::nobody_wrote`]. May sleep.
    pub(crate) fn writers(&self, file: &File) -> Writers {
        let key = file.real_inode().key();
        if let Some(checked) = self.inodes.get(key) {
            return Writers(Some(checked.closes));
        }
        let mut closes = 0;
        let kept = self.inodes.update(key, |old| {
            let checked = old.unwrap_or_else(|| self.fresh(key));
            closes = checked.closes;
            Some(checked)
        });
        Writers(kept.then_some(closes))
    }

    /// Whether nobody has `file` open for writing, nor had since `seen`. Marks that the caller has set before are seen by
    /// whoever opens it for writing from here on. Holds on every file system. Does not sleep.
    pub(crate) fn nobody_wrote(&self, file: &File, seen: Writers) -> bool {
        // Pairs with the count of writers, which an open raises before it asks for marks.
        fence(Ordering::SeqCst);
        // In this order: a writer's close is counted while it still counts as a writer.
        !file.has_writers()
            && seen.0.is_some()
            && self
                .inodes
                .get(file.real_inode().key())
                .map(|checked| checked.closes)
                == seen.0
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
            let old = old.unwrap_or_else(|| self.fresh(key));
            let same = old.has(VALID) && old.state == signs.state;
            let before = if same { old } else { Checked::default() };
            let mut flags = VALID | before.flags & AUDITED | old.flags & (MARKS & !UNREADABLE);
            let mut own_algo = 0;
            let lists = lower_half(outcome.lists);
            if before.lists == lists {
                flags |= before.flags & (OWN | OWN_SIGNED | LISTED | LISTED_IMMUTABLE);
                own_algo = before.own_algo;
            }
            if outcome.known {
                flags |= KNOWN;
            }
            if let Some(vouchers) = outcome.vouchers {
                flags = flags & !(OWN | OWN_SIGNED) | flags_of(vouchers);
                own_algo = vouchers.own.map_or(0, |own| low_byte(own.algo.id()));
            }
            if outcome.audited {
                flags |= AUDITED;
            }
            Some(Checked {
                state: signs.state,
                lists,
                measured: before.measured | outcome.measured.map_or(0, bit),
                closes: old.closes,
                flags,
                own_algo,
                closing: old.closing,
            })
        });
        // Pairs with `closed()`: either it sees the result and drops it, or its count is seen here.
        fence(Ordering::SeqCst);
        if !unchanged(&signs) {
            self.update(key, |old| old?.marks(MARKS));
        }
    }

    /// An open file is about to be closed for good. Returns whether it is the last one open for writing: all others, if
    /// there are any, are being closed as well. May sleep.
    pub(crate) fn closing(&self, file: &File) -> bool {
        let mut last = file.writers() <= 1;
        if !last {
            self.update(file.real_inode().key(), |old| {
                let mut now = old?;
                now.closing = now.closing.saturating_add(1);
                last = file.writers() <= i32::from(now.closing);
                Some(now)
            });
        }
        last
    }

    /// An open file is being closed for good, as the `last` one open for writing or not.
    pub(crate) fn closed(&self, file: &File, last: bool) {
        if !file.is_writable() || !file.is_regular() {
            return;
        }
        let key = file.real_inode().key();
        let mut kept = MARKS;
        if last {
            kept &= !(REPORTED | NEW);
            // Who can no longer map it for writing can pin no further page.
            if self.marked(key, SHARED) && !file.has_pinned_pages() {
                kept &= !SHARED;
            }
        }
        self.count_close(key, kept, last);
    }

    /// The content is about to be changed by somebody who did not open the file to write.
    pub(crate) fn note_truncation(&self, key: InodeKey) {
        self.count_close(key, MARKS, false);
    }

    /// Counts a change of content that is over, or of which the inode's count of writers tells from here on.
    fn count_close(&self, key: InodeKey, kept: u16, last: bool) {
        let Some(count) = self.closes.get(key.hash() % SHARES) else {
            return;
        };
        let closes = count.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
        self.shortcuts.doubt(key);
        fence(Ordering::SeqCst);
        if self.inodes.get(key).is_some() {
            self.update(key, |old| {
                let old = old?.marks(kept)?;
                let closing = if last { 0 } else { old.closing };
                Some(Checked {
                    closes,
                    closing,
                    ..old
                })
            });
        }
    }

    /// An inode is being freed.
    pub(crate) fn forget(&self, key: InodeKey) {
        self.inodes.remove(key);
        self.shortcuts.doubt(key);
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
            let old = old.unwrap_or_else(|| self.fresh(key));
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
        if self.has_lost(key) {
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
        // The next reader has to be noted again.
        self.shortcuts.doubt(key);
        true
    }

    /// Notes that the content of `file` could not be read. Returns whether that was not reported yet. May sleep.
    pub(crate) fn note_unreadable(&self, file: &File) -> bool {
        let key = file.real_inode().key();
        let mut report = false;
        self.update(key, |old| {
            let old = old.unwrap_or_else(|| self.fresh(key));
            report = !old.has(UNREADABLE);
            Some(Checked {
                flags: (old.flags & MARKS) | UNREADABLE,
                ..old
            })
        });
        report
    }

    /// Notes that `file` is mapped shared by somebody who may write it: from there its pages can be pinned, and written
    /// by a device when nobody has it open any more. May sleep.
    pub(crate) fn note_shared(&self, file: &File) {
        let key = file.real_inode().key();
        if !self.marked(key, SHARED) {
            self.update(key, |old| {
                let old = old.unwrap_or_else(|| self.fresh(key));
                Some(Checked {
                    flags: old.flags | SHARED,
                    ..old
                })
            });
        }
    }

    /// Whether what is read of `file` stays as it is as long as nobody opens it for writing. May sleep.
    pub(crate) fn is_stable(&self, file: &File) -> bool {
        let key = file.real_inode().key();
        file.content_is_stable() && !(self.may_be_marked(key, SHARED) && file.has_pinned_pages())
    }

    /// Notes that `file` is executed or mapped: it is not new any more, whatever became of its first writer. May sleep.
    pub(crate) fn note_used(&self, file: &File) {
        let key = file.real_inode().key();
        if self.marked(key, NEW) {
            self.unmark(key, NEW);
        }
    }

    /// Notes that the content of `file` passed, as signed or not. Who passes under another rule, without being signed,
    /// does not take from those who use it as signed: only [`Cache::note_unsigned`] does. May sleep.
    pub(crate) fn note_passed(&self, file: &File, signed: bool) {
        let marks = if signed { PASSED | SIGNED } else { PASSED };
        self.mark(file.real_inode().key(), marks);
    }

    /// Notes that the content of `file` is in use as signed. May sleep.
    pub(crate) fn note_signed(&self, file: &File) {
        self.mark(file.real_inode().key(), SIGNED);
    }

    /// Notes that the content of `file` did not pass under some rule. May sleep.
    pub(crate) fn note_failed(&self, file: &File) {
        self.unmark(file.real_inode().key(), PASSED);
    }

    /// Notes that the content of `file` no longer counts as signed. May sleep.
    pub(crate) fn note_unsigned(&self, file: &File) {
        self.unmark(file.real_inode().key(), SIGNED);
    }

    fn unmark(&self, key: InodeKey, marks: u16) {
        self.shortcuts.doubt(key);
        if self.marked(key, marks) {
            self.update(key, |old| {
                let old = old?;
                let flags = old.flags & !marks;
                (flags != 0).then_some(Checked { flags, ..old })
            });
        }
    }

    /// Notes that an inode was just created: what is written until the first writer closes it is its content. May sleep.
    pub(crate) fn note_created(&self, key: InodeKey) {
        self.update(key, |old| {
            let old = old.unwrap_or_else(|| self.fresh(key));
            let flags = old.flags & !UNSURE | NEW | PASSED;
            Some(Checked { flags, ..old })
        });
    }

    fn mark(&self, key: InodeKey, marks: u16) {
        if self
            .inodes
            .get(key)
            .is_some_and(|c| c.flags & marks == marks)
        {
            return;
        }
        self.update(key, |old| {
            let old = old.unwrap_or_else(|| self.fresh(key));
            let flags = old.flags | marks;
            Some(Checked { flags, ..old })
        });
    }

    /// Whether `file` is new. Does not sleep.
    pub(crate) fn is_new(&self, file: &File) -> bool {
        self.marked(file.real_inode().key(), NEW)
    }

    /// Whether the content of `file` passed when it was last appraised. Does not sleep.
    pub(crate) fn has_passed(&self, file: &File) -> bool {
        self.marked(file.real_inode().key(), PASSED)
    }

    /// Whether the content of `file` was used as signed, or nobody knows, because marks were lost. Does not sleep.
    pub(crate) fn may_be_signed(&self, file: &File) -> bool {
        self.may_be_marked(file.real_inode().key(), SIGNED)
    }

    /// Whether the inode has the mark, or nobody knows, because marks were lost.
    fn may_be_marked(&self, key: InodeKey, mark: u16) -> bool {
        match self.inodes.get(key) {
            Some(checked) => checked.has(mark | UNSURE),
            None => self.has_lost(key),
        }
    }

    /// Whether marks of the inode may have been lost.
    fn has_lost(&self, key: InodeKey) -> bool {
        self.lost
            .get(key.hash() % SHARES)
            .is_some_and(|lost| lost.load(Ordering::Relaxed))
    }

    fn marked(&self, key: InodeKey, mark: u16) -> bool {
        self.inodes.get(key).is_some_and(|c| c.has(mark))
    }

    /// What is known of an inode of which nothing is known.
    fn fresh(&self, key: InodeKey) -> Checked {
        Checked {
            closes: self.closes(key),
            flags: if self.has_lost(key) { UNSURE } else { 0 },
            ..Checked::default()
        }
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

/// The flags by which [`Checked`] keeps what vouches for content.
fn flags_of(vouchers: Vouchers) -> u16 {
    let own = match vouchers.own {
        Some(own) if own.signed => OWN_SIGNED,
        Some(_) => OWN,
        None => 0,
    };
    own | match vouchers.list {
        Some(Kind::Immutable) => LISTED_IMMUTABLE,
        Some(Kind::Mutable) => LISTED,
        _ => 0,
    }
}

fn lower_half(number: u64) -> u32 {
    // CAST: The lower half is asked for.
    number as u32
}

/// The kernel's numbers of hash algorithms are small.
fn low_byte(number: u16) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn bit(pcr: u32) -> u32 {
    1u32.checked_shl(pcr).unwrap_or(0)
}
