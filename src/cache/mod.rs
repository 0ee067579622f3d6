// SPDX-License-Identifier: GPL-2.0

//! What is remembered of inodes: results of earlier looks, so that a file that did not change is
//! not read again, and marks.
//!
//! The entries and their transitions are `digest_logic::cache`; here are the map that holds them
//! with the results of looks, the count of closes ([`epoch`]), what writers do to an entry
//! ([`writers`]), what outlives a result ([`marks`]), and the shortcut past all of it
//! ([`shortcut`], with its table in [`fast`]).
//!
//! An answer is given only while nothing has the file open for writing, and only if every sign of
//! change is as it was before the file was read. A result is kept only if nothing had the file open
//! for writing before and after it was read, and on storage that shows every change. Files on tmpfs
//! are always read: stores through a mapping leave no sign there.
//!
//! The inode is the one that holds the content: on overlayfs that of a layer, so that a copy-up,
//! which makes another inode the file's, finds nothing here. What is said of an inode is always
//! said of that one; a [`Look`] names it.

mod epoch;
mod fast;
mod marks;
mod shortcut;
mod writers;

pub(crate) use fast::Answer;

use crate::sys::{
    file::File,
    inode::{
        InodeKey,
        InodeRef, //
    },
    inode_map::InodeMap,
    shrinker::Shrink, //
};
use digest_logic::{
    cache::{
        Entry,
        Inode,
        Left,
        Outcome,
        Signs,
        Stamp, //
    },
    policy::Decision, //
};
use epoch::Epochs;
use fast::Fast;
use kernel::{
    prelude::*,
    sync::barrier::{
        smp_mb,
        Full,
        Read, //
    }, //
};

/// log2 of the number of hash chains: 16 Ki chains, 128 KiB.
const CHAINS: u32 = 14;

/// The beginning of a look at the content of a file. What is found is of what is used only if
/// nothing moved since.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// The inode that held the content.
    key: InodeKey,
    /// The count of closes; read before anything else.
    epoch: u64,
    /// Whether something had the file open for writing.
    written: bool,
    /// The signs of change, if they show every change of content, change tracking is armed and
    /// nothing writes.
    signs: Option<Signs>,
}

impl Look {
    /// Whether something had the file open for writing when the look began.
    pub(crate) fn is_written(&self) -> bool {
        self.written
    }
}

/// The cache. Lookups take no lock.
///
/// # Invariants
///
/// What an entry says of an inode was true when the entry was made, under the lock of the map. A
/// close of a writer is counted, and the entry changed for it, while the writer still counts in the
/// inode (`i_writecount`).
#[pin_data]
pub(crate) struct Cache {
    #[pin]
    inodes: InodeMap<Entry>,
    epochs: Epochs,
    fast: Fast,
}

impl Cache {
    /// An empty cache. May sleep.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        const { assert!(InodeMap::<Entry>::ENTRY_SIZE <= 64) };
        try_pin_init!(Self {
            inodes <- InodeMap::new(CHAINS),
            epochs: Epochs::new(),
            fast: Fast::new()?,
        })
    }

    /// How many inodes it knows.
    pub(crate) fn len(&self) -> usize {
        self.inodes.len()
    }

    fn entry(&self, key: InodeKey) -> Option<Entry> {
        self.inodes.get(key)
    }

    /// Replaces the entry of `inode` by what `f` makes of it. May sleep.
    fn update(&self, inode: InodeRef<'_>, f: impl FnOnce(Option<Entry>, &Inode) -> Option<Entry>) {
        self.inodes.update(inode, f);
    }

    /// Changes the entry of `inode`, if there is one, by `f`. May sleep.
    fn change(&self, inode: InodeRef<'_>, f: impl FnOnce(Entry, &Inode) -> Option<Entry>) {
        self.update(inode, |old, inode| f(old?, inode));
    }
}

/// Results.
impl Cache {
    /// What an earlier look leaves to be done of what `decision` asks for: nothing, if the content
    /// is unchanged and either has a record in `pcr` or, where lists count, is known to the lists
    /// of generation `lists`. Does not sleep but to find the inode of a stacked file system.
    pub(crate) fn left(&self, file: &File, decision: &Decision, pcr: u8, lists: u64) -> Left {
        let inode = file.real_inode();
        let entry = self.entry(inode.key()).filter(|entry| {
            // A writer that comes after this question is as if it came after the access.
            entry.holds(inode.signs()) && !file.has_writers()
        });
        match entry {
            Some(entry) if !decision.verity => Left::of(decision, pcr, lists, &entry),
            _ => Left::all(decision),
        }
    }

    /// Begins a look at the content of `file`. Neither sleeps, but to find the inode of a stacked
    /// file system, nor arms change tracking: its result cannot be kept.
    pub(crate) fn glance(&self, file: &File) -> Look {
        let key = file.real_inode().key();
        let epoch = Entry::epoch_of(self.entry(key).as_ref(), self.epochs.now(key));
        // In this order: a writer that goes after the count was read changes it.
        smp_mb(Read);
        Look {
            key,
            epoch,
            written: file.has_writers(),
            signs: None,
        }
    }

    /// Makes the count of closes that [`Cache::glance`] sees the inode's own, so that no close of
    /// another inode is taken for one of it. May sleep.
    pub(crate) fn watch(&self, file: &File) {
        let inode = file.real_inode();
        if self.entry(inode.key()).is_none() {
            self.update(inode, |old, _| {
                Some(old.unwrap_or(Entry::new(self.epochs.now(inode.key()))))
            });
        }
    }

    /// Arms change tracking for a look at stable content that began with `look`, so that its result
    /// can be kept. May sleep.
    pub(crate) fn arm(&self, file: &File, look: Look) -> Look {
        let inode = file.real_inode();
        let armed = !look.written
            && inode.key() == look.key
            && inode.shows_changes()
            && file.arm_change_tracking().is_ok();
        Look {
            signs: armed.then(|| inode.signs()),
            ..look
        }
    }

    /// Whether what was read since `look` is still the content of `file`: the same inode holds it,
    /// nothing has it open for writing, nor had since. What opens it for writing from here on sees
    /// the marks that the caller set before. Holds on every file system. Does not sleep but to find
    /// the inode of a stacked file system.
    pub(crate) fn is_unchanged(&self, file: &File, look: &Look) -> bool {
        // Pairs with `get_write_access()`, a full barrier: either the open is counted as a writer
        // here, or it sees, in `opened_to_write()` and the questions for marks, what was set
        // before.
        smp_mb(Full);
        let inode = file.real_inode();
        if look.written || inode.key() != look.key || file.has_writers() {
            return false;
        }
        // In this order: a close is counted while it still counts as a writer.
        smp_mb(Read);
        let epoch = Entry::epoch_of(self.entry(look.key).as_ref(), self.epochs.now(look.key));
        epoch == look.epoch && look.signs.is_none_or(|signs| inode.signs() == signs)
    }

    /// A look ended with `outcome`: keeps it, if the content cannot have changed meanwhile. May
    /// sleep.
    pub(crate) fn keep(&self, file: &File, look: &Look, outcome: &Outcome) {
        let inode = file.real_inode();
        let key = inode.key();
        let Some(signs) = look.signs.filter(|_| key == look.key) else {
            return;
        };
        let stamp = Stamp {
            signs,
            epoch: look.epoch,
        };
        // Of a writer that closes meanwhile: it counts in the inode until its close has been
        // counted, and its `closed()` takes the same lock.
        self.update(inode, |old, inode| {
            smp_mb(Read);
            Entry::kept(old, self.epochs.now(key), inode, &stamp, outcome)
        });
    }
}

impl Shrink for Cache {
    fn count(&self) -> usize {
        self.len()
    }

    fn scan(&self, count: usize) -> usize {
        self.inodes.evict(count, |key, entry, inode| {
            let evictable = entry.is_evictable(inode);
            if evictable {
                // The next reader has to be noted again. Pairs with the reader, who counts in the
                // inode before he asks for the count: either he finds another count, or he is found
                // when this is asked the second time.
                self.epochs.advance(key);
            }
            evictable
        })
    }
}
