// SPDX-License-Identifier: GPL-2.0

//! The measurement list, and the PCR that protects it.
//!
//! A record is appended and its PCR extended in one critical section. Only then does the access
//! proceed. So the order of the list is the order of the extends, and nothing is used before it is
//! recorded.
//!
//! If the TPM does not take a record, the record waits, and the access proceeds unless the module
//! was loaded with `tpm_required=1`. Waiting records are extended before any later one: by the next
//! access that leaves a record, or by [`DelayedWork`] when a TPM works again.

mod audit;
mod batch;
mod begin;
mod event;
mod queue;
mod record;
mod records;
mod require;
mod trim;
mod vouching;

pub(crate) use event::Violation;
pub(crate) use record::Record;
pub(crate) use vouching::Waiting;

use crate::{
    stats::{
        Counter,
        Stats, //
    },
    sys::{
        clock,
        delayed_work::{
            DelayedWork,
            Work, //
        },
        tpm::Chip, //
    },
};
use digest_logic::{
    digest::Digest,
    policy::Template,
    template::Event, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::Atomic,
        Arc,
        Mutex, //
    },
};
use queue::Member;
use records::{
    Node,
    Records,
    Repeat, //
};
use vouching::{
    look,
    not_zero,
    Vouching,
    DELAY, //
};

/// How often one call tries to extend a record before the record waits. One failed command has no
/// effect.
const ATTEMPTS: usize = 2;

/// How many records the work item extends before it releases the TPM and lets the module be
/// unloaded.
const RECORDS_AT_A_TIME: usize = 64;

/// The settings at load.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// The default PCR.
    pub(crate) pcr: u32,
    /// Whether each use waits until the TPM has its record, and is refused otherwise.
    pub(crate) tpm_required: bool,
    /// Whether files that are measured at the same time share an extend.
    pub(crate) batch: bool,
}

/// The records and the TPM. Locks are taken in the order of the fields.
#[pin_data]
struct List {
    pcr: u32,
    stats: Arc<Stats>,
    /// Records of violations, and extends that failed.
    violations: Counter,
    /// Held while a record is appended and its PCR extended.
    #[pin]
    vouching: Mutex<Vouching>,
    /// Records that are to share an extend. Held for moments only.
    #[pin]
    queue: Mutex<KVVec<Member>>,
    /// Held for moments only, so readers of the list do not wait for the TPM.
    #[pin]
    records: Mutex<Records>,
}

/// The measurement list. The order of the fields is the order of teardown: extends stop first.
pub(crate) struct Log {
    /// Extends waiting records.
    retry: DelayedWork<List>,
    list: Arc<List>,
    settings: Settings,
    /// Whether a waiting record refuses its access. Set once the first records, which must not be
    /// refused, are in the list.
    refusing: Atomic<bool>,
}

impl Work for List {
    fn run(&self) -> Option<u32> {
        let mut vouching = self.vouching.lock();
        let before = vouching.extended;
        self.extend(&mut vouching, RECORDS_AT_A_TIME);
        if vouching.extended > before {
            return vouching.next_attempt().map(|_| 0);
        }
        vouching.slow_down();
        vouching.next_attempt()
    }
}

impl List {
    /// The number of all records, with deleted ones.
    fn total(&self) -> usize {
        self.records.lock().total()
    }

    /// Appends a record of `event` in `template`, unless the same one is there and need not be
    /// repeated. Returns the number of the record that has the event. The caller holds the lock on
    /// [`Self::vouching`], or the list is not shared yet. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`: nothing was appended.
    fn push(
        &self,
        pcr: u32,
        template: Template,
        event: &Event<'_>,
        repeat: Repeat,
    ) -> Result<usize> {
        let record = Record::new(pcr, template, event, repeat == Repeat::Violation)?;
        let identity = record.identity();
        let node = Node::new(GFP_KERNEL)?;
        let pushed = (self.records.lock()).push(record, identity, node, repeat);
        let (number, is_new) = pushed?;
        if is_new && repeat == Repeat::Violation {
            self.violations.count();
        }
        Ok(number)
    }
}

impl List {
    /// Extends up to `limit` of the waiting records, in order. The others go on waiting. May sleep.
    fn extend(&self, v: &mut Vouching, limit: usize) {
        let mut result = Err(ENODEV);
        for _ in 0..ATTEMPTS {
            result = self.attempt(v, limit);
            if result.is_ok() || v.chip.is_none() {
                break;
            }
            v.running.doubt();
            v.chip = None;
        }
        let error = match result {
            Err(error) => error,
            Ok(()) if v.extended < self.total() => EAGAIN,
            Ok(()) => {
                if v.waiting.take().is_some() {
                    pr_info!("the TPM works: no record waits any more\n");
                }
                v.delay = DELAY.0;
                return;
            }
        };
        match &mut v.waiting {
            Some(waiting) if error != EAGAIN => waiting.error = error,
            Some(_) => (),
            None => {
                v.waiting = Some(Waiting {
                    since: clock::seconds_since_boot(),
                    error,
                });
            }
        }
    }

    fn attempt(&self, v: &mut Vouching, limit: usize) -> Result {
        if v.chip.is_none() {
            v.find();
        }
        if !v.begun {
            let chip = v.chip.as_ref().ok_or(ENODEV)?;
            let found = look(chip, self.pcr)?;
            self.begin_late(&found)?;
            let device = chip.owner();
            v.begin(found.initial, device);
        }
        let chip = v.chip.as_ref().ok_or(ENODEV)?;
        for _ in 0..limit {
            let Some(record) = self.records.lock().by_number(v.extended) else {
                break;
            };
            if !v.running.has(chip, &record)? {
                self.stats.extends.count();
                self.stats
                    .tpm_ns
                    .time(|| chip.extend(record.pcr(), |bank, out| record.digest_for(bank, out)))
                    .inspect_err(|e| {
                        v.running.tried = true;
                        if v.waiting.is_none() {
                            self.violations.count();
                            pr_err!(
                                "extending PCR {} failed ({}); the record waits\n",
                                record.pcr(),
                                e.to_errno()
                            );
                        }
                    })?;
                v.running.add(&record);
            }
            v.running.tried = false;
            v.extended = v.extended.saturating_add(1);
        }
        Ok(())
    }
}

impl Log {
    /// An empty list. Its records extend a PCR of the system's TPM, if there is one. May sleep.
    pub(crate) fn new(settings: Settings, stats: Arc<Stats>) -> Result<Self> {
        let list = Arc::pin_init(
            pin_init!(List {
                pcr: settings.pcr,
                stats,
                violations: Counter::default(),
                vouching <- new_mutex!(Vouching::new()),
                queue <- new_mutex!(KVVec::new()),
                records <- new_mutex!(Records::new()),
            }),
            GFP_KERNEL,
        )?;
        Ok(Self {
            retry: DelayedWork::new(list.clone())?,
            list,
            settings,
            refusing: Atomic::new(false),
        })
    }

    pub(crate) fn pcr(&self) -> u32 {
        self.list.pcr
    }

    /// The PCR of a rule, or the default one.
    pub(crate) fn pcr_of(&self, named: Option<u8>) -> u32 {
        named.map_or(self.pcr(), u32::from)
    }

    /// Calls `f` with the TPM, if there is one. Waits for an extend in progress.
    pub(crate) fn with_chip<T>(&self, f: impl FnOnce(Option<&Chip>) -> T) -> T {
        f(self.list.vouching.lock().chip.as_ref())
    }

    /// The value of the default PCR before the first record, if it was not zero. The list replays
    /// from it.
    pub(crate) fn initial(&self) -> Option<Digest> {
        not_zero(&self.list.vouching.lock().initial)
    }

    /// How many records wait for the TPM, since when, and why.
    pub(crate) fn waiting(&self) -> (usize, Option<Waiting>) {
        let vouching = self.list.vouching.lock();
        let waiting = self.list.total().saturating_sub(vouching.extended);
        (waiting, vouching.waiting)
    }

    /// The numbers of deleted records, of staged ones, and of those in the list.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        self.list.records.lock().counts()
    }

    /// The record at `index` of the staged list, or of the list.
    pub(crate) fn get(&self, index: usize, staged: bool) -> Option<Arc<Record>> {
        self.list.records.lock().at(index, staged)
    }

    /// The number of violations and failed extends.
    pub(crate) fn violations(&self) -> u64 {
        self.list.violations.get()
    }

    /// Appends a record of `event` in `template`, unless the same one is there and need not be
    /// repeated, and extends `pcr`. Returns whether the record that has the event has been
    /// extended. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`: nothing was appended. A failed extend is no error: the record and later ones wait
    /// until a TPM works, and `violations` grows.
    fn append(
        &self,
        pcr: u32,
        template: Template,
        event: &Event<'_>,
        repeat: Repeat,
    ) -> Result<bool> {
        let mut vouching = self.list.vouching.lock();
        self.append_in_turn(&mut vouching, pcr, template, event, repeat)
    }

    /// As [`Log::append`] for a violation, if that `is_due` when nothing else is being recorded;
    /// otherwise nothing is returned. Calls `note` before something else is, unless the record
    /// waits and that is refused.
    fn append_violation(
        &self,
        pcr: u32,
        event: &Event<'_>,
        is_due: impl FnOnce() -> bool,
        note: impl FnOnce(),
    ) -> Result<Option<bool>> {
        let mut vouching = self.list.vouching.lock();
        if !is_due() {
            return Ok(None);
        }
        let repeat = Repeat::Violation;
        let extended = self.append_in_turn(&mut vouching, pcr, Template::ImaNg, event, repeat)?;
        if !self.refuses(extended) {
            note();
        }
        Ok(Some(extended))
    }

    /// As [`Log::append`], with the lock.
    fn append_in_turn(
        &self,
        vouching: &mut Vouching,
        pcr: u32,
        template: Template,
        event: &Event<'_>,
        repeat: Repeat,
    ) -> Result<bool> {
        let number = self.list.push(pcr, template, event, repeat)?;
        if number >= vouching.extended {
            self.list.extend(vouching, usize::MAX);
        }
        Ok(self.finish(vouching, number))
    }

    /// As [`Log::append`] for an event that is recorded once. With `batch=1` it may share a record
    /// and an extend with events of other tasks.
    fn append_shared(&self, pcr: u32, template: Template, event: &Event<'_>) -> Result<bool> {
        if !self.settings.batch {
            return self.append(pcr, template, event, Repeat::Never);
        }
        let record = Record::new(pcr, template, event, false)?;
        let (number, vouching) = self.list.push_shared(record)?;
        Ok(self.finish(&vouching, number))
    }

    /// Schedules the next attempt for waiting records. Returns whether the record `number` was
    /// extended.
    fn finish(&self, vouching: &Vouching, number: usize) -> bool {
        if let Some(delay) = vouching.next_attempt() {
            self.retry.after(delay);
        }
        number < vouching.extended
    }
}
