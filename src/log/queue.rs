// SPDX-License-Identifier: GPL-2.0

//! The queue of records that wait for a turn with the TPM; [`super::batch`] appends them.

use super::{
    record::{
        Identity,
        Record, //
    },
    records::Node, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
};

/// The state of a record in the queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Not,
    /// There was no memory to append it.
    Failed,
    /// The number of the record that has its event.
    Number(usize),
}

/// The state of one queued record, for its task.
///
/// Accessed only with the lock on the list's vouching held, which orders all accesses.
pub(super) struct Slot(Atomic<usize>);

impl Slot {
    const NOT: usize = usize::MAX;
    const FAILED: usize = usize::MAX - 1;

    pub(super) fn new() -> Self {
        Self(Atomic::new(Self::NOT))
    }

    /// The record `number` has the event; none if there was no memory.
    pub(super) fn settle(&self, number: Option<usize>) {
        self.0.store(number.unwrap_or(Self::FAILED), Relaxed);
    }

    pub(super) fn get(&self) -> Settled {
        match self.0.load(Relaxed) {
            Self::NOT => Settled::Not,
            Self::FAILED => Settled::Failed,
            number => Settled::Number(number),
        }
    }
}

/// A record in the queue.
pub(super) struct Member {
    pub(super) record: Arc<Record>,
    pub(super) identity: Identity,
    pub(super) node: Node,
    pub(super) slot: Arc<Slot>,
}

impl Member {
    /// A queued `record`. Its task reads `slot`. May sleep.
    pub(super) fn new(record: Arc<Record>, slot: Arc<Slot>) -> Result<Self> {
        Ok(Self {
            identity: record.identity(),
            node: Node::new(GFP_KERNEL)?,
            slot,
            record,
        })
    }
}
