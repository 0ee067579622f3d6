// SPDX-License-Identifier: GPL-2.0

//! What is known of one inode, and its transitions.
//!
//! Each transition is a function of the former entry (or none) and of the [`Inode`] as it is while
//! the lock of the map is held. It returns the entry that takes its place (or none).

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

/// What matters only while something has the inode open for writing.
const OF_WRITERS: Marks = Marks::of(&[Mark::Reported, Mark::Passed]);
/// What ends with the last close of a new inode.
const OF_MAKERS: Marks = Marks::of(&[Mark::New, Mark::Closed]);

/// An inode as it is now, read under the lock of the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inode {
    /// Its signs of change.
    pub signs: Signs,
    /// How many files are open for writing; negative while an execution keeps writers away
    /// (`i_writecount`).
    pub writers: i32,
    /// How many files are open for reading only (`i_readcount`).
    pub readers: i32,
    /// Whether pages of it are cached.
    pub cached: bool,
}

/// What a look at content begins with: the result of the look counts only if nothing moved since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The signs of change, taken after change tracking was armed.
    pub signs: Signs,
    /// The count of closes, taken before anything else ([`Entry::epoch_of`]).
    pub epoch: u64,
}

/// The result of a look.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// The generation of the lists that were asked.
    pub lists: u64,
    /// Whether one of them knows the digest.
    pub known: bool,
    /// The PCR that a record was extended into.
    pub measured: Option<u8>,
    /// Whether there is an audit record.
    pub audited: bool,
    /// What vouches for the content, if it was appraised.
    pub vouchers: Option<Vouchers>,
}

/// What is known of one inode: a result, which holds while the signs are the same, and marks.
///
/// # Invariants
///
/// - `epoch` is the count of closes when a writer last closed the inode, or when the entry was made
///   if none has since. An inode without an entry stands for one with the count of now; that grows
///   with each close, so two looks between which a writer closed the inode never see the same
///   `epoch`.
/// - With `VALID`, nothing had the inode open for writing when the result was kept, and none had
///   closed it since the look began. Who opened it since then counts as a writer, or its close has
///   removed the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The signs under which the result was found, taken apart to fill no gap.
    version: u64,
    ctime: u64,
    /// The generation of the lists and keys to which [`BY_LISTS`] refer.
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

/// The results of reading an entry.
impl Entry {
    /// The count of closes by which a look at the inode is judged; `now` is the count for an inode
    /// without an entry.
    pub fn epoch_of(entry: Option<&Self>, now: u64) -> u64 {
        entry.map_or(now, |entry| entry.epoch)
    }

    /// The marks.
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// Whether the result holds for an inode with the signs `signs` that nothing has open for
    /// writing.
    pub fn holds(&self, signs: Signs) -> bool {
        self.found & VALID != 0 && self.signs() == signs
    }

    /// Whether the result holds for an inode with the signs `signs`, and something vouched for the
    /// content.
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

    /// Whether the content is what `security.ima` says.
    pub fn has_own(&self) -> bool {
        self.found & (OWN | OWN_SIGNED) != 0
    }

    /// What vouched for the content, asked of the lists and keys of generation `lists`.
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

    /// Whether the inode is new: it was created, and its writers are not all gone. One that nothing
    /// has opened yet is new.
    pub fn is_new(&self, inode: &Inode) -> bool {
        self.marks.has(Mark::New) && !(self.marks.has(Mark::Closed) && inode.writers <= 0)
    }

    /// Whether the entry can be forgotten: no mark of it matters now, or could matter later for
    /// what is now.
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
    /// An entry of an inode of which nothing is known; `now` is the count of closes.
    pub fn new(now: u64) -> Self {
        // INVARIANT: No writer closes the inode between the count and the insertion of the entry
        // unseen: the close counts first, and then takes the lock that is held here, or finds the
        // entry.
        Self {
            epoch: now,
            ..Self::default()
        }
    }

    /// A look that began with `stamp` ended with `outcome`. Keeps it, if the content cannot have
    /// changed meanwhile.
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
        // INVARIANT: Nothing has the inode open for writing, and the count of closes is that of the
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

    /// A writer is closing the inode and still counts as one. `now` is the count of closes with
    /// this one. A `stacked` file is one whose content another file holds open in its place: that
    /// one counts as the writer, here and afterwards.
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
        let mut marks = old.marks;
        if inode.writers <= i32::from(!stacked) {
            marks = marks.without(Mark::Reported.into());
            if !marks.has(Mark::New) {
                marks = marks.without(Mark::Passed.into());
            }
        }
        Self { marks, ..old }.changed(now)
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

    /// Something opens the inode for writing; it counts as a writer already, unless it is `stacked`
    /// (as for [`Entry::closed`]). Also says whether that is a ToMToU violation: whether something
    /// reads it (`has_readers`) that opened it under a `measure` rule.
    pub fn opened_to_write(
        old: Self,
        inode: &Inode,
        stacked: bool,
        has_readers: bool,
    ) -> (Option<Self>, bool) {
        let mut marks = old.marks;
        if inode.writers <= i32::from(!stacked) {
            marks = marks.without(Mark::Reported.into());
            // Without a result nobody knows whether the content is still what passed.
            if !marks.has(Mark::New) && !old.passes(inode.signs) {
                marks = marks.without(Mark::Passed.into());
            }
        }
        if marks.has(Mark::Closed) {
            marks = marks.without(OF_MAKERS);
        }
        let is_violation = has_readers && marks.has(Mark::Read);
        if is_violation {
            marks = marks.without(Mark::Read.into());
        }
        (Self { marks, ..old }.or_nothing(), is_violation)
    }

    /// All that had the inode open for writing when the last of them closed it are gone.
    pub fn left_by_writers(old: Self, inode: &Inode) -> Option<Self> {
        let ended = OF_MAKERS.with(Mark::Reported.into());
        let marks = if inode.writers <= 0 && old.marks.has(Mark::Closed) {
            old.marks.without(ended)
        } else {
            old.marks
        };
        Self { marks, ..old }.or_nothing()
    }

    /// Every page of the inode that was cached when a look began was replaced since; `epoch` was
    /// taken before. Says whether references to pages from before are harmless: nothing can have
    /// made another one since.
    pub fn cleansed(old: Self, inode: &Inode, epoch: u64) -> (Option<Self>, bool) {
        // A shared mapping counts as a writer while it is there, and its end is counted as a close.
        if inode.writers > 0 || old.epoch != epoch {
            return (Some(old), false);
        }
        let marks = old.marks.without(Mark::Shared.into());
        (Self { marks, ..old }.or_nothing(), true)
    }

    /// The inode was just created.
    pub fn created(old: Option<Self>, now: u64) -> Self {
        let old = old.unwrap_or(Self::new(now));
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

    /// Nothing, if nothing is known.
    fn or_nothing(self) -> Option<Self> {
        (!self.marks.is_empty() || self.found & VALID != 0).then_some(self)
    }
}
