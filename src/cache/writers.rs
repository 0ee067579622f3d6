// SPDX-License-Identifier: GPL-2.0

//! Writers of an inode: opens, closes and truncation.

use super::{
    Cache,
    Look, //
};
use crate::sys::{
    file::File,
    inode::InodeKey,
    kernel_crate::{
        smp_mb,
        Read,
        Write, //
    },
    path::Path, //
};
use digest_logic::cache::{
    Entry,
    Mark,
    Marks, //
};

impl Cache {
    /// `file` is open for writing and counts as a writer. Returns whether that is a ToMToU
    /// violation which is due: whether something reads it that opened it under a `measure` rule,
    /// since that was last reported. Then nothing is noted until this is called with `is_reported`,
    /// once the list has the violation; so a writer that comes meanwhile finds it due as well. May
    /// sleep.
    pub(crate) fn opened_to_write(&self, file: &File, is_reported: bool) -> bool {
        let inode = file.real_inode();
        let concerned = Marks::of(&[Mark::Read, Mark::Reported, Mark::Closed, Mark::Passed]);
        // `get_write_access()` counted this writer with a full barrier; see `opened_to_read()` and
        // `question()`.
        if !self.has_any(inode.key(), concerned) {
            return false;
        }
        let has_readers = file.has_readers();
        let mut is_violation = false;
        let stacked = file.is_stacked();
        self.change(inode, |old, inode| {
            let (new, violation) = Entry::opened_to_write(old, inode, stacked, has_readers);
            is_violation = violation;
            if violation && !is_reported {
                Some(old)
            } else {
                new
            }
        });
        if is_violation && is_reported {
            // The next reader has to be noted again.
            self.epochs.advance(inode.key());
        }
        is_violation && !is_reported
    }

    /// `file`, open for writing, is being closed. It still counts as a writer. `last` is a glance
    /// from before [`Cache::is_last_writer`] returned true, if it did.
    ///
    /// Returns whether [`Cache::left_by_writers`] must be called when the file no longer counts.
    /// This is so for a file that is new or has passed, unless it is certain that no other writer
    /// was there since the glance. May sleep.
    pub(crate) fn closed(&self, file: &File, last: Option<Look>) -> bool {
        let inode = file.real_inode();
        let now = self.epochs.advance(inode.key());
        let stacked = file.is_stacked();
        let mut unsettled = false;
        // An update that read the count before this close is visible here. A later update reads the
        // new count.
        if self.inodes.get_settled(inode.key()).is_some() {
            self.change(inode, |old, inode| {
                let of_writers = Marks::of(&[Mark::New, Mark::Passed]);
                let alone = last.is_some_and(|last| {
                    inode.writers <= 1 && Entry::epoch_of(Some(&old), now) == last.epoch
                });
                unsettled = !alone && old.marks().has_any(of_writers);
                Entry::closed(old, now, inode, stacked)
            });
            // The entry is changed before the file stops counting: `put_write_access()` orders
            // nothing. Pairs with the `smp_mb(Read)` in `is_unchanged()` and `has_of_writers()`.
            smp_mb(Write);
        }
        unsettled
    }

    /// A file that was open for writing has been closed and no longer counts. Returns whether no
    /// task has the content open for writing now. May sleep.
    pub(crate) fn left_by_writers(&self, file: &File) -> bool {
        let mut is_left = false;
        self.update(file.real_inode(), |old, inode| {
            is_left = inode.writers <= 0;
            Entry::left_by_writers(old?, inode)
        });
        is_left
    }

    /// Whether `file`, open for writing and being closed, is the only one open for writing. Then
    /// all writes are in the content, unless another writer comes. Does not sleep.
    pub(crate) fn is_last_writer(&self, file: &File) -> bool {
        let is_last = !file.is_stacked() && file.real_inode().now().writers == 1;
        // In this order: the content is read afterwards.
        smp_mb(Read);
        is_last
    }

    /// The content by `path` is about to be cut or extended by what counts as a writer meanwhile.
    /// May sleep.
    pub(crate) fn truncated(&self, path: &Path) {
        let inode = path.upmost_inode();
        let stacked = path.is_stacked();
        let now = self.epochs.advance(inode.key());
        if self.inodes.get_settled(inode.key()).is_some() {
            self.change(inode, |old, inode| {
                Entry::truncated(old, now, inode, stacked)
            });
            // As in `closed()`.
            smp_mb(Write);
        }
    }

    /// An inode is being freed. Does not sleep.
    pub(crate) fn forget(&self, key: InodeKey) {
        self.inodes.remove(key);
        self.epochs.advance(key);
    }

    /// From here on, freed inodes are not forgotten. Nothing is looked up or evicted after this.
    pub(crate) fn retire(&self) {
        self.inodes.retire();
    }
}
