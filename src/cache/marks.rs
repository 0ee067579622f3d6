// SPDX-License-Identifier: GPL-2.0

//! Marks of an inode. They outlive a change of the content, and last as long as they matter.

use super::{
    Cache,
    Look, //
};
use crate::sys::{
    file::File,
    inode::{
        InodeKey,
        InodeRef, //
    },
    kernel_crate::{
        smp_mb,
        Full,
        Read, //
    },
};
use digest_logic::cache::{
    Entry,
    Mark,
    Marks, //
};

/// Those that had an inode open for writing at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Writers {
    key: InodeKey,
    /// The count of closes.
    epoch: u64,
}

impl Cache {
    /// `file` was opened for reading, or mapped, under a `measure` rule. Returns whether its
    /// content is open for writing as well: an open-writers violation is due then, unless one
    /// [`Cache::is_reported`]. May sleep.
    pub(crate) fn opened_to_read(&self, file: &File) -> Option<Writers> {
        let inode = file.real_inode();
        let key = inode.key();
        self.mark(inode, Mark::Read.into());
        // Pairs with the full barrier in `get_write_access()`: either the writer is counted here,
        // or it sees the mark.
        smp_mb(Full);
        let writers = self.writers(file);
        (writers.key == key && file.has_writers()).then_some(writers)
    }

    /// Those that have the content of `file` open for writing, or had. Does not sleep.
    pub(crate) fn writers(&self, file: &File) -> Writers {
        let key = file.real_inode().key();
        let epoch = Entry::epoch_of(self.entry(key).as_ref(), self.epochs.now(key));
        // In this order: a writer that goes after the count was read changes it.
        smp_mb(Read);
        Writers { key, epoch }
    }

    /// Whether a violation is in the list that names those that have the content of `file` open for
    /// writing. Does not sleep.
    pub(crate) fn is_reported(&self, file: &File) -> bool {
        self.has_of_writers(file, Mark::Reported)
    }

    /// A violation is in the list that names `writers`. If one of them has gone since, that is not
    /// noted, and the next reader reports those that are there then. May sleep.
    pub(crate) fn note_reported(&self, file: &File, writers: &Writers) {
        let inode = file.real_inode();
        let key = inode.key();
        if key != writers.key {
            return;
        }
        self.update(inode, |old, _| {
            let now = self.epochs.now(key);
            if Entry::epoch_of(old.as_ref(), now) != writers.epoch {
                return old;
            }
            Some(Entry::marked(old, now, Mark::Reported.into()))
        });
    }

    /// Whether a violation is in the list that says that the content of `file` cannot be read. Does
    /// not sleep.
    pub(crate) fn is_unreadable(&self, file: &File) -> bool {
        self.has(file, Mark::Unreadable)
    }

    /// The content of `file` could not be read, and the list says so. May sleep.
    pub(crate) fn note_unreadable(&self, file: &File) {
        self.mark(file.real_inode(), Mark::Unreadable.into());
    }

    /// The content of `file` was read. May sleep.
    pub(crate) fn note_readable(&self, file: &File) {
        self.unmark(file, Mark::Unreadable);
    }

    /// `file` is mapped shared and writable, or open for direct writes. From here on, references to
    /// its pages may exist, through which content can be written even when no task has the file
    /// open for writing; or cached pages that storage does not have. May sleep.
    pub(crate) fn note_shared(&self, file: &File) {
        self.mark(file.real_inode(), Mark::Shared.into());
    }

    /// Whether such references or pages of `file` may be left. Does not sleep.
    pub(crate) fn is_shared(&self, file: &File) -> bool {
        self.has(file, Mark::Shared)
    }

    /// All pages of `file` that were cached when `look` began have been replaced. Returns whether
    /// no reference is left through which content can be written. May sleep.
    pub(crate) fn cleansed(&self, file: &File, look: &Look) -> bool {
        let inode = file.real_inode();
        if look.written || inode.key() != look.key {
            return false;
        }
        let mut is_clean = false;
        self.update(inode, |old, inode| {
            let Some(old) = old else {
                // There is no entry: the file was not mapped shared, or eviction took the mark and
                // the pages.
                is_clean = inode.writers <= 0;
                return None;
            };
            let (new, clean) = Entry::cleansed(old, inode, look.epoch);
            is_clean = clean;
            new
        });
        is_clean
    }

    /// `file` is executed or mapped. It is no longer new, even if its first writer still has it
    /// open. May sleep.
    pub(crate) fn note_used(&self, file: &File) {
        self.unmark(file, Mark::New);
    }

    /// The content of `file` passed, as signed or not. An unsigned pass under another rule does not
    /// end its use as signed; only [`Cache::note_unsigned`] does. May sleep.
    pub(crate) fn note_passed(&self, file: &File, signed: bool) {
        let marks = if signed {
            Marks::of(&[Mark::Passed, Mark::Signed])
        } else {
            Mark::Passed.into()
        };
        self.mark(file.real_inode(), marks);
    }

    /// The content of `file` is in use as signed. May sleep.
    pub(crate) fn note_signed(&self, file: &File) {
        self.mark(file.real_inode(), Mark::Signed.into());
    }

    /// The content of `file` failed under a rule. May sleep.
    pub(crate) fn note_failed(&self, file: &File) {
        self.unmark(file, Mark::Passed);
    }

    /// The content of `file` no longer counts as signed. May sleep.
    pub(crate) fn note_unsigned(&self, file: &File) {
        self.unmark(file, Mark::Signed);
    }

    /// An inode was just created. It is new until its writers have closed it. May sleep.
    pub(crate) fn note_created(&self, inode: InodeRef<'_>) {
        let key = inode.key();
        self.update(inode, |old, _| {
            Some(Entry::created(old, self.epochs.now(key)))
        });
    }

    pub(crate) fn is_new(&self, file: &File) -> bool {
        let inode = file.real_inode();
        self.entry(inode.key())
            .is_some_and(|entry| entry.is_new(&inode.now()))
    }

    /// Whether the content of `file` passed when it was last appraised. Does not sleep.
    pub(crate) fn has_passed(&self, file: &File) -> bool {
        self.has_of_writers(file, Mark::Passed)
    }

    /// Whether the content of `inode` was used as signed. Does not sleep.
    pub(crate) fn is_signed(&self, inode: InodeRef<'_>) -> bool {
        self.has_any(inode.key(), Mark::Signed.into())
    }

    /// As [`Cache::has`], for a mark that ends with its writers.
    fn has_of_writers(&self, file: &File, mark: Mark) -> bool {
        // In this order: the caller has looked for writers. Those that it found may have come after
        // the mark of others ended.
        smp_mb(Read);
        self.has(file, mark)
    }

    fn has(&self, file: &File, mark: Mark) -> bool {
        self.has_any(file.real_inode().key(), mark.into())
    }

    pub(super) fn has_any(&self, key: InodeKey, marks: Marks) -> bool {
        self.entry(key)
            .is_some_and(|entry| entry.marks().has_any(marks))
    }

    fn mark(&self, inode: InodeRef<'_>, marks: Marks) {
        let key = inode.key();
        // Under the lock: an eviction in progress may have looked before this task counted in the
        // inode, and may be about to take the marks. A later one sees that it counts.
        let known = self.inodes.get_locked(key);
        if !known.is_some_and(|entry| entry.marks().has_all(marks)) {
            self.update(inode, |old, _| {
                Some(Entry::marked(old, self.epochs.now(key), marks))
            });
        }
    }

    fn unmark(&self, file: &File, mark: Mark) {
        let inode = file.real_inode();
        if self.has_any(inode.key(), mark.into()) {
            self.change(inode, |old, _| Entry::unmarked(old, mark.into()));
            // Answers that depended on the mark must be asked for again.
            self.epochs.advance(inode.key());
        }
    }
}
