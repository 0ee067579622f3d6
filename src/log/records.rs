// SPDX-License-Identifier: GPL-2.0

//! The records in the order of the extends, those that were staged to be archived, and what is
//! needed to find a repeated one.
//!
//! Every record has a number for good. What was deleted leaves its identity, so that the same event
//! is not recorded again.

use super::record::{
    Identity,
    Record, //
};
use digest_logic::trim::{
    Numbers,
    Place, //
};
use kernel::{
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::Arc, //
};

/// Whether an event is recorded that has been recorded before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// No: the record that is there says the same.
    Never,
    /// Yes: the order counts.
    Always,
    /// Yes, and the record vouches for nothing: zeros in the list, ones for the PCR.
    Violation,
}

/// The records.
pub(super) struct Records {
    numbers: Numbers,
    staged: KVVec<Arc<Record>>,
    list: KVVec<Arc<Record>>,
    /// The number of the first record of each identity.
    known: RBTree<Identity, usize>,
}

/// What was taken from the records.
pub(super) type Taken = KVVec<Arc<Record>>;

impl Records {
    /// None.
    pub(super) fn new() -> Self {
        Self {
            numbers: Numbers::default(),
            staged: KVVec::new(),
            list: KVVec::new(),
            known: RBTree::new(),
        }
    }

    /// How many records there were ever.
    pub(super) fn total(&self) -> usize {
        self.numbers.of(self.list.len())
    }

    /// How many were deleted, are staged, and are in the list.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let staged = self.staged.len();
        (self.numbers.deleted(staged), staged, self.list.len())
    }

    /// The record with this number, if it was not deleted.
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

    /// Appends `record`, unless it repeats one and need not be. Returns the number of the record
    /// that says so, this or an earlier one, and whether it is this one.
    pub(super) fn push(
        &mut self,
        record: Arc<Record>,
        identity: Identity,
        node: RBTreeNodeReservation<Identity, usize>,
        repeat: Repeat,
    ) -> Result<(usize, bool)> {
        let first = self.known.get(&identity).copied();
        if let Some(number) = first.filter(|_| repeat == Repeat::Never) {
            return Ok((number, false));
        }
        let number = self.total();
        self.list.push(record, GFP_KERNEL)?;
        if repeat != Repeat::Violation && first.is_none() {
            self.known.insert(node.into_node(identity, number));
        }
        Ok((number, true))
    }

    /// The number of the record that has this event already, if there is one.
    pub(super) fn known(&self, identity: &Identity) -> Option<usize> {
        self.known.get(identity).copied()
    }

    /// Appends a record that has several events, and returns its number.
    pub(super) fn push_batch(&mut self, record: Arc<Record>) -> Result<usize> {
        let number = self.total();
        self.list.push(record, GFP_KERNEL)?;
        Ok(number)
    }

    /// Notes that the record `number` has the event, unless an earlier one has it.
    pub(super) fn note(
        &mut self,
        identity: Identity,
        node: RBTreeNodeReservation<Identity, usize>,
        number: usize,
    ) {
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

    /// Takes the staged records, of which only `extended` may go: the records with lower numbers.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is none, `EAGAIN` if one of them may not go.
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

    /// Takes the first `count` records of the list, and leaves `rest`, which is what follows them.
    pub(super) fn take_first(&mut self, count: usize, rest: Taken) -> Taken {
        self.numbers.delete(count);
        core::mem::replace(&mut self.list, rest)
    }
}
