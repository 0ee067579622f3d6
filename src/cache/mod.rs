// SPDX-License-Identifier: GPL-2.0

//! What is remembered of inodes: marks, and results of earlier looks, so that an unchanged file is
//! not read again.
//!
//! `digest_logic::cache` has the entries and their transitions. Here are the map of entries and
//! results, the count of closes ([`epoch`]), changes by writers ([`writers`]), marks ([`marks`]),
//! and the shortcut ([`shortcut`], with its table in [`fast`]).
//! - An answer is given only while no task has the file open for writing and no sign of change has
//!   moved since the file was read.
//! - A result is kept only if no task had the file open for writing before and after the read, and
//!   only on storage that shows every change.
//! - Files on tmpfs are always read, because stores through a mapping leave no sign there.
//!
//! The inode is the one that holds the content. On overlayfs it belongs to a layer, so a copy-up
//! leads to another inode, which has no entry. A [`Look`] names its inode.

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
    kernel_crate::{
        smp_mb,
        Full,
        Read, //
    },
    pages,
    shrinker::Shrink, //
};
use digest_logic::{
    cache::{
        chains,
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
use kernel::prelude::*;

/// The beginning of a look at the content of a file. The result describes the content that is used
/// only if nothing changed since.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// The inode that held the content.
    key: InodeKey,
    /// The count of closes, which is read first.
    epoch: u64,
    /// Whether something had the file open for writing.
    written: bool,
    /// The signs of change. None unless they show every change of content, change tracking is
    /// armed, and no task has the file open for writing.
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
/// An entry was true of its inode when it was made, under the lock of the map. The close of a
/// writer is counted, and the entry is changed for it, while the writer still counts in
/// `i_writecount`.
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
        const { assert!(InodeMap::<Entry>::ENTRY_SIZE <= 56) };
        try_pin_init!(Self {
            inodes <- InodeMap::new(chains(pages::memory())),
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
    /// What an earlier look leaves to be done of `decision`. Nothing is left if the content is
    /// unchanged and has a record in `pcr`, or is known to the lists of generation `lists` where
    /// lists count. Sleeps only to find the inode of a stacked file system.
    pub(crate) fn left(&self, file: &File, decision: &Decision, pcr: u8, lists: u64) -> Left {
        let inode = file.real_inode();
        let entry = self.entry(inode.key()).filter(|entry| {
            // A later writer counts as one that comes after the access.
            entry.holds(inode.signs()) && !file.has_writers()
        });
        match entry {
            Some(entry) if !decision.verity => Left::of(decision, pcr, lists, &entry),
            _ => Left::all(decision),
        }
    }

    /// Begins a look whose result cannot be kept: change tracking is not armed. Sleeps only to find
    /// the inode of a stacked file system.
    pub(crate) fn glance(&self, file: &File) -> Look {
        let key = file.real_inode().key();
        let epoch = Entry::epoch_of(self.entry(key).as_ref(), self.epochs.now(key));
        // In this order: a writer that closes after the count was read changes the count.
        smp_mb(Read);
        Look {
            key,
            epoch,
            written: file.has_writers(),
            signs: None,
        }
    }

    /// Gives the inode a count of closes of its own, so that closes of other inodes do not count
    /// for it. May sleep.
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

    /// Whether what was read since `look` is still the content of `file`:
    /// - the same inode holds it;
    /// - no task has had it open for writing since.
    ///
    /// A task that opens it for writing later sees the marks that the caller has set. Holds on
    /// every file system. Sleeps only to find the inode of a stacked file system.
    pub(crate) fn is_unchanged(&self, file: &File, look: &Look) -> bool {
        // Pairs with the full barrier in `get_write_access()`: either the writer is counted here,
        // or it sees the marks that were set before.
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

    /// A look ended with `outcome`, which is kept if the content cannot have changed meanwhile. May
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
        // A writer that closes meanwhile counts in the inode until its close has been counted. Its
        // `closed()` takes the same lock.
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
                // The next reader must be noted again. Pairs with the barrier in `question()`: the
                // reader counts in the inode before it reads the count, so either it finds another
                // count, or the second check here finds it.
                self.epochs.advance(key);
            }
            evictable
        })
    }
}
