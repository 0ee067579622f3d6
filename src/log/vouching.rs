// SPDX-License-Identifier: GPL-2.0

//! What vouches for the records: a TPM, and how far it has come.
//!
//! A chip is not kept for good. Whatever command fails, the chip is given back and looked for again: its driver may have been
//! unbound and bound, which makes another chip of it. Until it works, the records wait. Another TPM does not take them: it may
//! be one that root made (`tpm_vtpm_proxy`), and a quote is of the PCR that has the records before.
//!
//! | state | set by | left by |
//! |-------|--------|---------|
//! | no chip | load without a TPM; a command that fails | the next attempt that finds one |
//! | not begun | load without a TPM that can be read | the first chip that can: its values are recorded |
//! | waiting | an attempt that leaves records behind | the attempt that extends the last of them |
//! | doubtful PCR | a command that fails | reading that PCR, before it is extended the next time |
//!
//! **A lost answer.** An extend that fails may have happened: the command was sent, the answer was lost. So the value of each
//! PCR is computed along with the extends, in one bank, and the PCR is read before the next extend. If it is as before, the
//! record is extended again; if it is as after, it is not. If it is neither, then somebody else extended it, or reset it: the
//! list does not replay any more whatever is done, which the kernel log says, and the records are extended. Where the TPM has
//! only banks of algorithms that the kernel's library does not have, nothing can be computed, and the record is extended again.

use super::{
    begin::{
        look,
        Initial, //
    },
    List,
    Record, //
};
use crate::sys::{
    clock,
    console::Show,
    tpm::{
        Bank,
        Chip,
        Device, //
    },
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    pcr, //
};
use kernel::prelude::*;

/// How often one call tries to extend a record before it waits: once more than a command may fail without anybody noticing.
const ATTEMPTS: usize = 2;

/// After how many milliseconds the records that wait are tried again for the first time, and at most.
const DELAY: (u32, u32) = (100, 10_000);

/// Since when records wait, and why.
#[derive(Clone, Copy)]
pub(crate) struct Waiting {
    /// Seconds since the system started, those in which it was suspended included.
    pub(crate) since: u64,
    /// Why the last attempt failed: `ENODEV` where there is no TPM, `EIO` where it answered with an error.
    pub(crate) error: Error,
}

/// What vouches for the records.
pub(super) struct Vouching {
    /// The TPM. It may appear late, go, and come back.
    pub(super) chip: Option<Chip>,
    /// How many records, from the first, have been extended.
    pub(super) extended: usize,
    /// What the default PCR was before the first of them; empty until a TPM could be read.
    pub(super) initial: KVec<Initial>,
    /// Whether [`Self::initial`] is known, and in the list.
    pub(super) begun: bool,
    /// The TPM that this is the value of, once it is known. No other takes the records that follow.
    device: Option<Device>,
    /// Whether another TPM was met, and the kernel log says so.
    met_other: bool,
    /// Since when records wait.
    pub(super) waiting: Option<Waiting>,
    running: Running,
    /// After how many milliseconds the next attempt follows.
    delay: u32,
}

impl Vouching {
    /// Nothing was extended yet.
    pub(super) fn new() -> Self {
        Self {
            chip: Chip::find(),
            extended: 0,
            initial: KVec::new(),
            begun: false,
            device: None,
            met_other: false,
            waiting: None,
            running: Running::new(),
            delay: DELAY.0,
        }
    }

    /// Notes that [`Self::initial`] is that of `chip`.
    pub(super) fn begin(&mut self, initial: KVec<Initial>, device: Option<Device>) {
        self.initial = initial;
        self.device = device;
        self.begun = true;
    }

    /// Looks for the TPM, and leaves another one alone. May sleep.
    fn find(&mut self) {
        let Some(chip) = Chip::find() else {
            return;
        };
        if !self.begun || chip.owner() == self.device {
            self.chip = Some(chip);
        } else if !self.met_other {
            self.met_other = true;
            pr_err!(
                "{} is not the TPM that has the records before, for which those that follow wait\n",
                Show(chip.name().to_str().unwrap_or("?"))
            );
        }
    }

    /// After how many milliseconds an attempt is to follow; none if no record waits.
    pub(super) fn next_attempt(&self) -> Option<u32> {
        self.waiting.map(|_| self.delay)
    }

    /// Lets the next attempt follow later than this one.
    pub(super) fn slow_down(&mut self) {
        self.delay = self.delay.saturating_mul(2).min(DELAY.1);
    }
}

impl List {
    /// Extends up to `limit` of the records that have not been extended yet, in order. What is left waits. May sleep.
    pub(super) fn extend(&self, v: &mut Vouching, limit: usize) {
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
            Ok(()) if v.extended < self.len() => EAGAIN,
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
            let Some(record) = self.get(v.extended) else {
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

/// The value that each PCR has by the extends, in one bank.
struct Running {
    values: [Option<Digest>; pcr::LAST as usize + 1],
    /// The PCRs that are to be read before they are extended, a bit each.
    doubtful: u32,
    /// Whether the next record's extend was tried, and failed.
    tried: bool,
}

impl Running {
    const fn new() -> Self {
        Self {
            values: [None; pcr::LAST as usize + 1],
            doubtful: 0,
            tried: false,
        }
    }

    /// A command failed: nobody knows what the PCRs are.
    fn doubt(&mut self) {
        self.doubtful = u32::MAX;
    }

    /// Whether the chip has `record`, which is the next one, already. Reads its PCR where that is not known. May sleep.
    fn has(&mut self, chip: &Chip, record: &Record) -> Result<bool> {
        let Some(algo) = bank_to_watch(chip) else {
            return Ok(false);
        };
        let bit = 1u32.wrapping_shl(record.pcr());
        let Some(value) = self.values.get_mut(record.pcr() as usize) else {
            return Ok(false);
        };
        let before = value.filter(|value| value.algo() == algo);
        if before.is_some() && self.doubtful & bit == 0 {
            return Ok(false);
        }
        let found = chip.pcr(record.pcr(), algo)?;
        *value = Some(found);
        self.doubtful &= !bit;
        match before {
            Some(before) if before == found => Ok(false),
            Some(before) if self.tried && after(&before, record) == found => Ok(true),
            Some(_) => {
                pr_err!(
                    "PCR {} is {}, which the list does not replay to: somebody else extended it, or it was reset\n",
                    record.pcr(),
                    Show(found)
                );
                Ok(false)
            }
            None => Ok(false),
        }
    }

    /// The chip has taken `record`.
    fn add(&mut self, record: &Record) {
        if let Some(Some(value)) = self.values.get_mut(record.pcr() as usize) {
            *value = after(value, record);
        }
    }
}

/// The value of a PCR that was `before` and is extended by `record`.
fn after(before: &Digest, record: &Record) -> Digest {
    let algo = before.algo();
    let size = algo.digest_size();
    let mut both = [0; 2 * digest_logic::hash_algo::MAX_DIGEST_SIZE];
    if let Some((first, second)) = both
        .get_mut(..size.saturating_mul(2))
        .and_then(|both| both.split_at_mut_checked(size))
    {
        for (to, from) in first.iter_mut().zip(before.as_bytes()) {
            *to = *from;
        }
        let bank = Bank {
            algo: algo.tpm_alg_id(),
            size,
        };
        record.digest_for(bank, second);
    }
    super::record::hash(algo, both.get(..size.saturating_mul(2)).unwrap_or_default())
}

/// The bank in which the values are computed: of the algorithms that the kernel's library has, the first one.
fn bank_to_watch(chip: &Chip) -> Option<HashAlgo> {
    use HashAlgo::{Sha1, Sha256, Sha384, Sha512};
    [Sha256, Sha384, Sha512, Sha1]
        .into_iter()
        .find(|algo| chip.has_bank(algo.tpm_alg_id()))
}
