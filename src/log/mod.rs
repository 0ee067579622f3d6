// SPDX-License-Identifier: GPL-2.0

//! The measurement list and the PCR that vouches for it.
//!
//! A record is appended and its PCR extended in one critical section, and only then does the access proceed that gave
//! rise to it. So the order of the list is the order of the extends, and nothing that was not recorded is used.

mod audit;
mod begin;
mod event;
mod record;

pub(crate) use event::Violation;
pub(crate) use record::Record;

use crate::{
    stats::{
        Counter,
        Stats, //
    },
    sys::tpm::Chip, //
};
use digest_logic::{
    digest::Digest,
    policy::Template,
    template::Event, //
};
use kernel::{
    new_mutex,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        Arc,
        Mutex, //
    },
};
use record::Identity;

/// The records, and what is needed to find a repeated one.
struct Records {
    list: KVVec<Arc<Record>>,
    known: RBTree<Identity, ()>,
}

/// What vouches for the records.
struct Vouching {
    /// The TPM. It may appear late.
    chip: Option<Chip>,
    /// How many records, from the first, have been extended.
    extended: usize,
    /// What the default PCR was before the first of them, if it was not zero.
    initial: Option<Digest>,
}

/// Whether an event is recorded that has been recorded before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// No: the record that is there says the same.
    Never,
    /// Yes: the order counts.
    Always,
    /// Yes, and the record vouches for nothing: zeros in the list, ones for the PCR.
    Violation,
}

/// The measurement list.
#[pin_data]
pub(crate) struct Log {
    pcr: u32,
    /// Records of violations, and extends that failed.
    violations: Counter,
    /// Held while a record is appended and its PCR extended.
    #[pin]
    vouching: Mutex<Vouching>,
    /// Held for moments only: readers of the list do not wait for the TPM.
    #[pin]
    records: Mutex<Records>,
}

impl Log {
    /// An empty list whose records extend `pcr` of the system's TPM, if there is one. May sleep.
    pub(crate) fn new(pcr: u32) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            pcr,
            violations: Counter::new(),
            vouching <- new_mutex!(Vouching {
                chip: Chip::find(),
                extended: 0,
                initial: None,
            }),
            records <- new_mutex!(Records {
                list: KVVec::new(),
                known: RBTree::new(),
            }),
        }? Error)
    }

    /// The default PCR.
    pub(crate) fn pcr(&self) -> u32 {
        self.pcr
    }

    /// Calls `f` with the TPM, if there is one. Waits for an extend that is under way.
    pub(crate) fn with_chip<T>(&self, f: impl FnOnce(Option<&Chip>) -> T) -> T {
        f(self.vouching.lock().chip.as_ref())
    }

    /// What the default PCR was before the first record, if it was not zero: the list replays from there.
    pub(crate) fn initial(&self) -> Option<Digest> {
        self.vouching.lock().initial
    }

    /// How many records wait for the TPM.
    pub(crate) fn waiting(&self) -> usize {
        let extended = self.vouching.lock().extended;
        self.len().saturating_sub(extended)
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.records.lock().list.len()
    }

    /// The record at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<Arc<Record>> {
        self.records.lock().list.get(index).cloned()
    }

    /// How many records are violations, and how many extends failed.
    pub(crate) fn violations(&self) -> u64 {
        self.violations.get()
    }

    /// Appends a record of `event` in `template`, unless it repeats one and need not be, and extends `pcr`. Returns
    /// when the record that vouches for the event, this or an earlier one, has been extended. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`: nothing was appended. An extend that fails is no error: the record waits, with those that follow it,
    /// until the TPM works again, and `violations` counts.
    fn append(
        &self,
        stats: &Stats,
        pcr: u32,
        template: Template,
        event: &Event<'_>,
        repeat: Repeat,
    ) -> Result {
        let record = Record::new(pcr, template, event, repeat == Repeat::Violation)?;
        let identity = record.identity();
        let node = RBTreeNodeReservation::new(GFP_KERNEL)?;

        let mut vouching = self.vouching.lock();
        {
            let mut records = self.records.lock();
            if repeat == Repeat::Never && records.known.get(&identity).is_some() {
                return Ok(());
            }
            records.list.push(record, GFP_KERNEL)?;
            if repeat == Repeat::Violation {
                self.violations.count();
            } else {
                records.known.insert(node.into_node(identity, ()));
            }
        }
        self.extend(stats, &mut vouching);
        Ok(())
    }

    /// Extends what has not been extended yet, in order.
    fn extend(&self, stats: &Stats, vouching: &mut Vouching) {
        if vouching.chip.is_none() {
            vouching.chip = Chip::find();
        }
        let Some(chip) = &vouching.chip else { return };
        while let Some(record) = self.get(vouching.extended) {
            stats.extends.count();
            let extended = stats
                .tpm_ns
                .time(|| chip.extend(record.pcr(), |bank, out| record.digest_for(bank, out)));
            if let Err(e) = extended {
                self.violations.count();
                pr_err!(
                    "extending PCR {} failed ({}); the record waits\n",
                    record.pcr(),
                    e.to_errno()
                );
                return;
            }
            vouching.extended = vouching.extended.saturating_add(1);
        }
    }
}
