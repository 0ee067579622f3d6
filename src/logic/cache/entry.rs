// SPDX-License-Identifier: GPL-2.0

//! What is known of one inode, and its transitions.
//!
//! Each transition is a function of the former entry (or none) and of the [`Inode`], both read
//! under the lock of the map. It returns the new entry (or none).

use super::{
    bits::{
        bit_of,
        flags_of,
        low_byte,
        AUDITED,
        BY_LISTS,
        KNOWN,
        LISTED,
        LISTED_IMMUTABLE,
        OWN,
        OWN_SIGNED,
        VALID, //
    },
    marks::{
        Mark,
        Marks, //
    },
    signs::Signs, //
};
use crate::{
    appraise::{
        Reference,
        Vouchers, //
    },
    hash_algo::HashAlgo,
    list::Kind, //
};

/// Marks that matter only while the inode is open for writing.
const OF_WRITERS: Marks = Marks::of(&[Mark::Reported, Mark::Passed]);
/// Marks that end with the last close of a new inode.
const OF_MAKERS: Marks = Marks::of(&[Mark::New, Mark::Closed]);

/// The state of an inode, read under the lock of the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inode {
    /// Its signs of change.
    pub signs: Signs,
    /// How many opens for writing there are (`i_writecount`); negative while it is executed.
    pub writers: i32,
    /// How many opens are for reading only (`i_readcount`).
    pub readers: i32,
    /// Whether pages of it are cached.
    pub cached: bool,
}

/// The state at the beginning of a look. Its result counts only if nothing changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The signs of change, taken after change tracking was armed.
    pub signs: Signs,
    /// The count of closes, which is read first ([`Entry::epoch_of`]).
    pub epoch: u64,
}

/// The result of a look.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// The generation of the lists that were used.
    pub lists: u64,
    /// Whether one of them knows the digest.
    pub known: bool,
    /// The PCR that has a record.
    pub measured: Option<u8>,
    /// Whether there is an audit record.
    pub audited: bool,
    /// What vouches for the content, if it was appraised.
    pub vouchers: Option<Vouchers>,
}

/// The entry of one inode: marks, and a result that holds while the signs are the same.
///
/// # Invariants
///
/// - `epoch` is the count of closes when a writer last closed the inode, or when the entry was made
///   if none has since. Without an entry it is the current count. The count grows with each close,
///   so two looks with a close in between never have the same `epoch`.
/// - With `VALID`, the inode was not open for writing when the result was stored, and no writer had
///   closed it since the look began. A later writer counts as a writer, or its close has removed
///   the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The fields of the signs for the result, arranged without gaps.
    version: u64,
    ctime: u64,
    /// The generation of lists and keys for [`BY_LISTS`].
    lists: u64,
    epoch: u64,
    shape: u32,
    /// The PCRs for which the content has a record.
    pcrs: u8,
    marks: Marks,
    found: u8,
    /// For [`OWN`] and [`OWN_SIGNED`]: the kernel's number of the algorithm.
    own_algo: u8,
}

// With the map's own 24 bytes an entry takes one slab object of 64.
const _: () = assert!(size_of::<Entry>() == 40);

/// Reading an entry.
impl Entry {
    /// The count of closes that a look compares. `now` is the count for an inode without an entry.
    pub fn epoch_of(entry: Option<&Self>, now: u64) -> u64 {
        entry.map_or(now, |entry| entry.epoch)
    }

    /// The marks.
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// Whether the result holds for an inode with `signs` that is not open for writing.
    pub fn holds(&self, signs: Signs) -> bool {
        self.found & VALID != 0 && self.signs() == signs
    }

    /// Whether the result holds for an inode with `signs`, and something vouched for the content.
    fn passes(&self, signs: Signs) -> bool {
        self.holds(signs) && self.found & BY_LISTS & !KNOWN != 0
    }

    /// Whether the content has a record in `pcr`.
    pub fn is_measured(&self, pcr: u8) -> bool {
        self.pcrs & bit_of(pcr) != 0
    }

    /// Whether the lists of generation `lists` know the content.
    pub fn is_known(&self, lists: u64) -> bool {
        self.found & KNOWN != 0 && self.lists == lists
    }

    /// Whether the content has an audit record.
    pub fn is_audited(&self) -> bool {
        self.found & AUDITED != 0
    }

    /// Whether `security.ima` matches the content.
    pub fn has_own(&self) -> bool {
        self.found & (OWN | OWN_SIGNED) != 0
    }

    /// What vouched for the content, with lists and keys of generation `lists`.
    pub fn vouchers(&self, lists: u64) -> Option<Vouchers> {
        let signed = self.found & OWN_SIGNED != 0;
        let algo = HashAlgo::from_id(self.own_algo.into()).ok();
        (self.lists == lists).then_some(Vouchers {
            own: algo
                .filter(|_| self.has_own())
                .map(|algo| Reference { algo, signed }),
            list: if self.found & LISTED_IMMUTABLE != 0 {
                Some(Kind::Immutable)
            } else {
                (self.found & LISTED != 0).then_some(Kind::Mutable)
            },
        })
    }

    /// Whether the inode is new: it was created, and its writers have not all closed it. An inode
    /// that was never opened is new.
    pub fn is_new(&self, inode: &Inode) -> bool {
        self.marks.has(Mark::New) && !(self.marks.has(Mark::Closed) && inode.writers <= 0)
    }

    /// Whether the entry can be dropped: none of its marks matters now or later.
    pub fn is_evictable(&self, inode: &Inode) -> bool {
        let mut needed = self.marks.without(Marks::of(&[Mark::Unreadable]));
        if inode.readers <= 0 {
            needed = needed.without(Mark::Read.into());
        }
        if inode.writers <= 0 {
            needed = needed.without(OF_WRITERS);
            if needed.has(Mark::Closed) {
                needed = needed.without(OF_MAKERS);
            }
            if !inode.cached {
                needed = needed.without(Mark::Shared.into());
            }
        }
        needed.is_empty()
    }

    fn signs(&self) -> Signs {
        Signs {
            version: self.version,
            ctime: self.ctime,
            shape: self.shape,
        }
    }
}

/// The transitions.
impl Entry {
    /// An entry without facts. `now` is the count of closes.
    pub fn new(now: u64) -> Self {
        // INVARIANT: A close meanwhile is noticed. It is counted first, and then takes the lock
        // that is held here, or finds the entry.
        Self {
            epoch: now,
            ..Self::default()
        }
    }

    /// A look that began with `stamp` ended with `outcome`, which is stored if the content cannot
    /// have changed meanwhile.
    pub fn kept(
        old: Option<Self>,
        now: u64,
        inode: &Inode,
        stamp: &Stamp,
        outcome: &Outcome,
    ) -> Option<Self> {
        if inode.writers > 0
            || inode.signs != stamp.signs
            || Self::epoch_of(old.as_ref(), now) != stamp.epoch
        {
            return old;
        }
        let old = old.unwrap_or(Self::new(now));
        let before = if old.holds(stamp.signs) {
            old
        } else {
            Self::default()
        };
        let same_lists = before.lists == outcome.lists;
        let mut found = VALID | before.found & AUDITED;
        let mut own_algo = 0;
        if same_lists {
            found |= before.found & BY_LISTS & !KNOWN;
            own_algo = before.own_algo;
        }
        if outcome.known {
            found |= KNOWN;
        }
        if outcome.audited {
            found |= AUDITED;
        }
        if let Some(vouchers) = outcome.vouchers {
            found = found & !(OWN | OWN_SIGNED) | flags_of(vouchers);
            own_algo = vouchers.own.map_or(0, |own| low_byte(own.algo.id()));
        }
        // INVARIANT: The inode is not open for writing, and the count of closes is that of the
        // stamp.
        Some(Self {
            version: stamp.signs.version,
            ctime: stamp.signs.ctime,
            shape: stamp.signs.shape,
            lists: outcome.lists,
            pcrs: before.pcrs | outcome.measured.map_or(0, bit_of),
            found,
            own_algo,
            ..old
        })
    }

    /// A writer is closing the inode and still counts as one. `now` is the count with this close.
    /// `stacked`: a file of another file system holds the content open instead of this one, and
    /// counts as the writer here and later.
    pub fn closed(old: Self, now: u64, inode: &Inode, stacked: bool) -> Option<Self> {
        let mut marks = old.marks;
        if inode.writers <= 1 && !stacked {
            marks = marks.without(OF_MAKERS.with(Mark::Reported.into()));
        } else if marks.has(Mark::New) {
            marks = marks.with(Mark::Closed.into());
        }
        Self { marks, ..old }.changed(now)
    }

    /// The content is about to be cut or extended by its path. What does that opens nothing, and
    /// counts as a writer until it is done, unless the path is `stacked` (as for
    /// [`Entry::closed`]): a writer that comes meanwhile is not the first that counts. So what ends
    /// with the first writer ends here.
    pub fn truncated(old: Self, now: u64, inode: &Inode, stacked: bool) -> Option<Self> {
        let marks = old.before_writer(inode, stacked, false);
        Self { marks, ..old }.changed(now)
    }

    /// The marks that are left when a writer comes. If it is the first, those of former writers
    /// end, and that the content passed unless it still `passes`.
    fn before_writer(&self, inode: &Inode, stacked: bool, passes: bool) -> Marks {
        let mut marks = self.marks;
        if inode.writers <= i32::from(!stacked) {
            marks = marks.without(Mark::Reported.into());
            if !marks.has(Mark::New) && !passes {
                marks = marks.without(Mark::Passed.into());
            }
        }
        marks
    }

    /// The content changed. `now` is the count of closes with this change.
    fn changed(self, now: u64) -> Option<Self> {
        // INVARIANT: `now` is the count of closes with this change.
        Self {
            marks: self.marks,
            ..Self::new(now)
        }
        .or_nothing()
    }

    /// The inode is opened for writing. The open counts as a writer already, unless `stacked` (as
    /// in [`Entry::closed`]). Also returns whether this is a ToMToU violation: a measured reader
    /// has the file open (`has_readers`).
    pub fn opened_to_write(
        old: Self,
        inode: &Inode,
        stacked: bool,
        has_readers: bool,
    ) -> (Option<Self>, bool) {
        // Without a result it is not known whether the content is still that which passed.
        let mut marks = old.before_writer(inode, stacked, old.passes(inode.signs));
        if marks.has(Mark::Closed) {
            marks = marks.without(OF_MAKERS);
        }
        let is_violation = has_readers && marks.has(Mark::Read);
        if is_violation {
            marks = marks.without(Mark::Read.into());
        }
        (Self { marks, ..old }.or_nothing(), is_violation)
    }

    /// The last writer has closed the inode and no longer counts.
    pub fn left_by_writers(old: Self, inode: &Inode) -> Option<Self> {
        let ended = OF_MAKERS.with(Mark::Reported.into());
        let marks = if inode.writers <= 0 && old.marks.has(Mark::Closed) {
            old.marks.without(ended)
        } else {
            old.marks
        };
        Self { marks, ..old }.or_nothing()
    }

    /// All pages of the inode that were cached when a look began have been replaced. `epoch` is
    /// from before the look. Also returns whether older references are harmless, because no new
    /// ones can exist.
    pub fn cleansed(old: Self, inode: &Inode, epoch: u64) -> (Option<Self>, bool) {
        // A shared mapping counts as a writer, and its end counts as a close.
        if inode.writers > 0 || old.epoch != epoch {
            return (Some(old), false);
        }
        let marks = old.marks.without(Mark::Shared.into());
        (Self { marks, ..old }.or_nothing(), true)
    }

    /// The inode was just created. Others can find it before its maker gets here: what they have
    /// used as signed since is not new.
    pub fn created(old: Option<Self>, now: u64) -> Self {
        let old = old.unwrap_or(Self::new(now));
        if old.marks.has(Mark::Signed) {
            return old;
        }
        let marks = old.marks.without(Mark::Closed.into());
        Self {
            marks: marks.with(Marks::of(&[Mark::New, Mark::Passed])),
            ..old
        }
    }

    /// Sets `marks`.
    pub fn marked(old: Option<Self>, now: u64, marks: Marks) -> Self {
        let old = old.unwrap_or(Self::new(now));
        Self {
            marks: old.marks.with(marks),
            ..old
        }
    }

    /// Clears `marks`.
    pub fn unmarked(old: Self, marks: Marks) -> Option<Self> {
        Self {
            marks: old.marks.without(marks),
            ..old
        }
        .or_nothing()
    }

    /// None if the entry has no facts.
    fn or_nothing(self) -> Option<Self> {
        (!self.marks.is_empty() || self.found & VALID != 0).then_some(self)
    }
}
