// SPDX-License-Identifier: GPL-2.0

//! What is remembered of inodes: results of earlier looks, so that a file that did not change is
//! not read again, and marks.
//!
//! The entries and their transitions are `digest_logic::cache`; here are the map that holds them,
//! the count of closes ([`epoch`]), the order in which an inode and its entry are read, and the
//! shortcut past all of it ([`fast`]).
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

pub(crate) use fast::Answer;

use crate::sys::{
    cred::Cred,
    file::File,
    inode::{
        InodeKey,
        InodeRef, //
    },
    inode_map::InodeMap,
    shrinker::Shrink,
    witness::Witness, //
};
use digest_logic::{
    cache::{
        Entry,
        Inode,
        Left,
        Mark,
        Marks,
        Outcome,
        Signs,
        Stamp, //
    },
    policy::Decision, //
};
use epoch::Epochs;
use fast::{
    Fast,
    Question, //
};
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

/// Writers.
impl Cache {
    /// `file` is open for writing and counts as a writer. Returns whether that is a ToMToU
    /// violation: whether something reads it that opened it under a `measure` rule, since that was
    /// last reported. May sleep.
    pub(crate) fn opened_to_write(&self, file: &File) -> bool {
        let inode = file.real_inode();
        let concerned = Marks::of(&[Mark::Read, Mark::Reported, Mark::Closed, Mark::Passed]);
        // The open has counted as a writer by a full barrier, `get_write_access()`; see
        // `opened_to_read()`.
        if !self.has_any(inode.key(), concerned) {
            return false;
        }
        let has_readers = file.has_readers();
        let mut is_violation = false;
        let stacked = file.is_stacked();
        self.change(inode, |old, inode| {
            let (new, violation) = Entry::opened_to_write(old, inode, stacked, has_readers);
            is_violation = violation;
            new
        });
        if is_violation {
            // The next reader has to be noted again.
            self.epochs.advance(inode.key());
        }
        is_violation
    }

    /// `file`, open for writing, is being closed for good. It still counts as a writer. `last` is a
    /// glance from before it was found to be the last of the writers ([`Cache::is_last_writer`]),
    /// if it was. Returns whether more is to be done once it does not count
    /// ([`Cache::left_by_writers`]): whether it is not the last of the writers of a file that is
    /// new or has passed, or another one has come and gone since the glance, or it cannot tell. May
    /// sleep.
    pub(crate) fn closed(&self, file: &File, last: Option<Look>) -> bool {
        let inode = file.real_inode();
        let now = self.epochs.advance(inode.key());
        let stacked = file.is_stacked();
        let mut unsettled = false;
        // An update that has read the count from before this close is seen here; a later one reads
        // the new count.
        if self.inodes.get_settled(inode.key()).is_some() {
            self.change(inode, |old, inode| {
                let of_writers = Marks::of(&[Mark::New, Mark::Passed]);
                let alone = last.is_some_and(|last| {
                    inode.writers <= 1 && Entry::epoch_of(Some(&old), now) == last.epoch
                });
                unsettled = !alone && old.marks().has_any(of_writers);
                Entry::closed(old, now, inode, stacked)
            });
        }
        unsettled
    }

    /// A file that was open for writing has been closed, and counts no more. Returns whether
    /// nothing has the content open for writing now. May sleep.
    pub(crate) fn left_by_writers(&self, file: &File) -> bool {
        let mut is_left = false;
        self.update(file.real_inode(), |old, inode| {
            is_left = inode.writers <= 0;
            Entry::left_by_writers(old?, inode)
        });
        is_left
    }

    /// Whether `file`, open for writing and being closed for good, is the only one open for
    /// writing: all that is in the content is there by now, unless another writer comes. Does not
    /// sleep.
    pub(crate) fn is_last_writer(&self, file: &File) -> bool {
        !file.is_stacked() && file.real_inode().now().writers == 1
    }

    /// The content of `inode` is about to be cut or extended by what counts as a writer meanwhile.
    /// May sleep.
    pub(crate) fn truncated(&self, inode: InodeRef<'_>) {
        let now = self.epochs.advance(inode.key());
        if self.inodes.get_settled(inode.key()).is_some() {
            self.change(inode, |old, _| old.changed(now));
        }
    }

    /// An inode is being freed. Does not sleep.
    pub(crate) fn forget(&self, key: InodeKey) {
        self.inodes.remove(key);
        self.epochs.advance(key);
    }

    /// No inode that is freed from here on will be forgotten. Nothing is looked up or evicted any
    /// more.
    pub(crate) fn retire(&self) {
        self.inodes.retire();
    }
}

/// Marks.
impl Cache {
    /// `file` was opened for reading, or mapped, under a `measure` rule. Returns whether its
    /// content is open for writing as well, and that was not reported yet: an open-writers
    /// violation. May sleep.
    pub(crate) fn opened_to_read(&self, file: &File) -> bool {
        let inode = file.real_inode();
        let key = inode.key();
        self.mark(inode, Mark::Read.into());
        // Pairs with `get_write_access()`, a full barrier: either the writer is counted here, or it
        // sees the mark.
        smp_mb(Full);
        if !file.has_writers() || self.has_any(key, Mark::Reported.into()) {
            return false;
        }
        self.report(inode)
    }

    /// Something may have written to `file` between its use and the look at it. Returns whether
    /// that was not reported yet: an open-writers violation. May sleep.
    pub(crate) fn note_late_writers(&self, file: &File) -> bool {
        self.report(file.real_inode())
    }

    /// Sets [`Mark::Reported`]; returns whether it was not set.
    fn report(&self, inode: InodeRef<'_>) -> bool {
        let mut is_new = false;
        self.update(inode, |old, _| {
            is_new = !old.is_some_and(|old| old.marks().has(Mark::Reported));
            let now = self.epochs.now(inode.key());
            Some(Entry::marked(old, now, Mark::Reported.into()))
        });
        is_new
    }

    /// Something reads `file` that had it measured. May sleep.
    pub(crate) fn note_measured_reader(&self, file: &File) {
        self.mark(file.real_inode(), Mark::Read.into());
    }

    /// The content of `file` could not be read. Returns whether that was not reported yet. May
    /// sleep.
    pub(crate) fn note_unreadable(&self, file: &File) -> bool {
        let inode = file.real_inode();
        let reported = self.has_any(inode.key(), Mark::Unreadable.into());
        self.mark(inode, Mark::Unreadable.into());
        !reported
    }

    /// The content of `file` was read. May sleep.
    pub(crate) fn note_readable(&self, file: &File) {
        self.unmark(file, Mark::Unreadable);
    }

    /// `file` is mapped shared and writable: from here on pages of it can be referenced, and
    /// written to by that reference when nothing has it open for writing any more. May sleep.
    pub(crate) fn note_shared(&self, file: &File) {
        self.mark(file.real_inode(), Mark::Shared.into());
    }

    /// Whether references to pages of `file` may be left from shared mappings that could be
    /// written. Does not sleep.
    pub(crate) fn is_shared(&self, file: &File) -> bool {
        self.has(file, Mark::Shared)
    }

    /// All pages of `file` that were cached when `look` began have been replaced since. Returns
    /// whether no reference is left by which the content can be written to. May sleep.
    pub(crate) fn cleansed(&self, file: &File, look: &Look) -> bool {
        let inode = file.real_inode();
        if look.written || inode.key() != look.key {
            return false;
        }
        let mut is_clean = false;
        self.update(inode, |old, inode| {
            let Some(old) = old else {
                // Nothing is known, so nothing was mapped shared: the mark went by eviction, with
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

    /// `file` is executed or mapped: it is not new any more, whatever became of its first writer.
    /// May sleep.
    pub(crate) fn note_used(&self, file: &File) {
        self.unmark(file, Mark::New);
    }

    /// The content of `file` passed, as signed or not. A pass under another rule, without being
    /// signed, does not take from those that use it as signed: only [`Cache::note_unsigned`] does.
    /// May sleep.
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

    /// The content of `file` did not pass under some rule. May sleep.
    pub(crate) fn note_failed(&self, file: &File) {
        self.unmark(file, Mark::Passed);
    }

    /// The content of `file` no longer counts as signed. May sleep.
    pub(crate) fn note_unsigned(&self, file: &File) {
        self.unmark(file, Mark::Signed);
    }

    /// An inode was just created: what is written until its writers have closed it is its content.
    /// May sleep.
    pub(crate) fn note_created(&self, inode: InodeRef<'_>) {
        let key = inode.key();
        self.update(inode, |old, _| {
            Some(Entry::created(old, self.epochs.now(key)))
        });
    }

    /// Whether `file` is new. Does not sleep.
    pub(crate) fn is_new(&self, file: &File) -> bool {
        let inode = file.real_inode();
        self.entry(inode.key())
            .is_some_and(|entry| entry.is_new(&inode.now()))
    }

    /// Whether the content of `file` passed when it was last appraised. Does not sleep.
    pub(crate) fn has_passed(&self, file: &File) -> bool {
        self.has(file, Mark::Passed)
    }

    /// Whether the content of `inode` was used as signed. Does not sleep.
    pub(crate) fn is_signed(&self, inode: InodeRef<'_>) -> bool {
        self.has_any(inode.key(), Mark::Signed.into())
    }

    fn has(&self, file: &File, mark: Mark) -> bool {
        self.has_any(file.real_inode().key(), mark.into())
    }

    fn has_any(&self, key: InodeKey, marks: Marks) -> bool {
        self.entry(key)
            .is_some_and(|entry| entry.marks().has_any(marks))
    }

    fn mark(&self, inode: InodeRef<'_>, marks: Marks) {
        let key = inode.key();
        if !self
            .entry(key)
            .is_some_and(|entry| entry.marks().has_all(marks))
        {
            self.update(inode, |old, _| {
                Some(Entry::marked(old, self.epochs.now(key), marks))
            });
        }
    }

    fn unmark(&self, file: &File, mark: Mark) {
        let inode = file.real_inode();
        if self.has_any(inode.key(), mark.into()) {
            self.change(inode, |old, _| Entry::unmarked(old, mark.into()));
            // Questions that were answered because of the mark are asked again.
            self.epochs.advance(inode.key());
        }
    }
}

/// The shortcut.
impl Cache {
    /// The question whether an access of `kind` needs anything done, under the generation
    /// `generation` of policy and lists. None if that depends on more than a question shows.
    #[inline(always)]
    fn question(
        &self,
        kind: u32,
        file: &File,
        cred: Cred<'_>,
        generation: u64,
    ) -> Option<Question> {
        let witness = Witness::of(file, cred)?;
        let epoch = self.epochs.now(witness.key);
        let Signs {
            version,
            ctime,
            shape,
        } = witness.signs;
        Some(Question([
            witness.key.word(),
            version,
            ctime,
            u64::from(kind) << 32 | u64::from(shape),
            witness.ids,
            epoch,
            generation,
        ]))
    }

    /// Why nothing need be done for an access of `kind`, if that is known. Takes no lock, does not
    /// sleep.
    #[inline(always)]
    pub(crate) fn answer(
        &self,
        kind: u32,
        file: &File,
        cred: Cred<'_>,
        generation: u64,
    ) -> Option<Answer> {
        let question = self.question(kind, file, cred, generation)?;
        self.fast.answer(&question)
    }

    /// Runs `evaluate`, which says whether nothing had to be done, and notes that unless something
    /// changed meanwhile. May sleep. `generation` is asked before and after.
    pub(crate) fn settle(
        &self,
        kind: u32,
        file: &File,
        cred: Cred<'_>,
        generation: impl Fn() -> Option<u64>,
        evaluate: impl FnOnce() -> Result<Option<Answer>>,
    ) -> Result {
        // Only a file that was armed shows every change from here on.
        let armed = Witness::of(file, cred).is_some() && file.arm_change_tracking().is_ok();
        let ask = || self.question(kind, file, cred, generation()?);
        let before = armed.then(ask).flatten();
        let answer = evaluate()?;
        if let (Some(answer), Some(question)) = (answer, before) {
            if ask() == Some(question) {
                self.fast.put(&question, answer);
            }
        }
        Ok(())
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
