// SPDX-License-Identifier: GPL-2.0

//! The records in the order of the extends, those staged for an archive, and an index to find
//! repeated ones.
//!
//! The number of a record never changes. The identities of deleted records are kept, so that the
//! same event is not recorded again.

use super::record::{
    Identity,
    Record, //
};
use digest_logic::{
    num::u32_as_usize,
    trim::{
        Numbers,
        Place, //
    }, //
};
use kernel::{
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::Arc, //
};

/// The number of a record, as the index keeps it: half the memory of a `usize`, which makes a node
/// of the index one of 64 bytes.
pub(super) type Number = u32;

/// Room for an event in the index.
pub(super) type Node = RBTreeNodeReservation<Identity, Number>;

/// Whether an event is recorded again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// No: the earlier record suffices.
    Never,
    /// Yes: the order matters.
    Always,
    /// Yes, as a violation: zeros in the list, ones for the PCR.
    Violation,
}

pub(super) struct Records {
    numbers: Numbers,
    staged: KVVec<Arc<Record>>,
    list: KVVec<Arc<Record>>,
    /// The number of the first record of each identity.
    known: RBTree<Identity, Number>,
}

/// Records that were removed.
pub(super) type Taken = KVVec<Arc<Record>>;

impl Records {
    pub(super) fn new() -> Self {
        Self {
            numbers: Numbers::default(),
            staged: KVVec::new(),
            list: KVVec::new(),
            known: RBTree::new(),
        }
    }

    /// The number of all records, with deleted ones.
    pub(super) fn total(&self) -> usize {
        self.numbers.of(self.list.len())
    }

    /// The numbers of deleted records, of staged ones, and of those in the list.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let staged = self.staged.len();
        (self.numbers.deleted(staged), staged, self.list.len())
    }

    /// The record with this number, unless it was deleted.
    pub(super) fn by_number(&self, number: usize) -> Option<Arc<Record>> {
        match self.numbers.place(number, self.staged.len())? {
            Place::Staged(index) => self.at(index, true),
            Place::List(index) => self.at(index, false),
        }
    }

    /// The record at `index` of the staged list, or of the list.
    pub(super) fn at(&self, index: usize, staged: bool) -> Option<Arc<Record>> {
        let list = if staged { &self.staged } else { &self.list };
        list.get(index).cloned()
    }

    /// Appends `record`, unless the same one is there and need not be repeated. Returns the number
    /// of the record that has the event, and whether it is new.
    pub(super) fn push(
        &mut self,
        record: Arc<Record>,
        identity: Identity,
        node: Node,
        repeat: Repeat,
    ) -> Result<(usize, bool)> {
        let first = self.known(&identity);
        if let Some(number) = first.filter(|_| repeat == Repeat::Never) {
            return Ok((number, false));
        }
        let number = self.push_unknown(record)?;
        if repeat != Repeat::Violation && first.is_none() {
            self.known.insert(node.into_node(identity, number));
        }
        Ok((u32_as_usize(number), true))
    }

    /// The number of the record that has this event, if there is one.
    pub(super) fn known(&self, identity: &Identity) -> Option<usize> {
        let number = self.known.get(identity)?;
        Some(u32_as_usize(*number))
    }

    /// Appends a record that is in no index yet, such as one with several events. Returns its
    /// number.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EOVERFLOW` behind 2^32 records.
    pub(super) fn push_unknown(&mut self, record: Arc<Record>) -> Result<Number> {
        let number = Number::try_from(self.total()).map_err(|_| EOVERFLOW)?;
        self.list.push(record, GFP_KERNEL)?;
        Ok(number)
    }

    /// Notes that the record `number` has the event, unless an earlier one has it.
    pub(super) fn note(&mut self, identity: Identity, node: Node, number: Number) {
        if self.known.get(&identity).is_none() {
            self.known.insert(node.into_node(identity, number));
        }
    }

    /// Moves the list to the staged one.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is one, `ENOENT` if the list is empty.
    pub(super) fn stage(&mut self) -> Result {
        if !self.staged.is_empty() {
            return Err(EEXIST);
        }
        if self.list.is_empty() {
            return Err(ENOENT);
        }
        self.numbers.stage(self.list.len());
        core::mem::swap(&mut self.staged, &mut self.list);
        Ok(())
    }

    /// Removes the staged records. Only records with numbers below `extended` may be removed.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there are none, `EAGAIN` if one of them may not be removed.
    pub(super) fn take_staged(&mut self, extended: usize) -> Result<Taken> {
        if self.staged.is_empty() {
            return Err(ENOENT);
        }
        let waits = self.numbers.place(extended, self.staged.len());
        if matches!(waits, Some(Place::Staged(_))) {
            return Err(EAGAIN);
        }
        Ok(core::mem::replace(&mut self.staged, KVVec::new()))
    }

    /// Removes the first `count` records of the list. `rest` is what follows them, and stays.
    pub(super) fn take_first(&mut self, count: usize, rest: Taken) -> Taken {
        self.numbers.delete(count);
        core::mem::replace(&mut self.list, rest)
    }
}
