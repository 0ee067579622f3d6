// SPDX-License-Identifier: GPL-2.0

//! The TPM, and how many records it has.
//!
//! A chip that fails a command is released and looked up again, because its driver may have been
//! unbound and bound, which makes another chip. Until then the records wait. Another TPM never gets
//! them: root may have made it (`tpm_vtpm_proxy`), and a quote needs the PCR with the earlier
//! records.
//!
//! | state | set by | left by |
//! |-------|--------|---------|
//! | no chip | load without a TPM; a command that fails | the next attempt that finds one |
//! | not begun | load without a TPM that can be read | the first chip that can: its values are recorded |
//! | waiting | an attempt that leaves records behind | the attempt that extends the last of them |
//! | doubtful PCR | a command that fails | reading that PCR, before it is extended the next time |
//!
//! **A lost answer.** An extend that fails may have happened: only the answer was lost. So the
//! expected value of each PCR is computed in one bank, and the PCR is read before the next extend:
//! - the value before: the record is extended again;
//! - the value after: it is not extended again;
//! - another value: another program extended or reset the PCR. The list no longer replays, which
//!   the kernel log says, and the records are extended.
//!
//! If the TPM has only banks of algorithms that the kernel's library does not have, no value can be
//! computed, and the record is extended again.

use super::record::{
    self,
    Record, //
};
use crate::sys::{
    console::Show,
    tpm::{
        Bank,
        Chip,
        Device,
        MAX_DIGEST_SIZE, //
    },
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    num::u32_as_usize,
    pcr, //
};
use kernel::prelude::*;

/// The first and the longest delay between attempts for waiting records, in milliseconds.
pub(super) const DELAY: (u32, u32) = (100, 10_000);

/// Since when records wait, and why.
#[derive(Clone, Copy)]
pub(crate) struct Waiting {
    /// Seconds since the system started, including suspend.
    pub(crate) since: u64,
    /// Why the last attempt failed: `ENODEV` without a TPM, `EIO` for an error from the TPM.
    pub(crate) error: Error,
}

/// The default PCR in one bank, before the first extend.
pub(crate) struct Initial {
    pub(super) bank: Bank,
    value: [u8; MAX_DIGEST_SIZE],
}

impl Initial {
    pub(super) fn bytes(&self) -> &[u8] {
        self.value.get(..self.bank.size).unwrap_or_default()
    }
}

/// The state of a TPM before the first extend.
pub(super) struct Found {
    pub(super) boot_aggregate: Digest,
    pub(super) initial: KVec<Initial>,
}

/// Reads the values for the first records. May sleep.
pub(super) fn look(chip: &Chip, pcr: u32) -> Result<Found> {
    let boot_aggregate = boot_aggregate(chip)?;
    let mut initial = KVec::new();
    for bank in chip.banks() {
        let mut value = [0; MAX_DIGEST_SIZE];
        let room = value.get_mut(..bank.size).ok_or(EINVAL)?;
        chip.read(pcr, bank.algo, room)?;
        initial.push(Initial { bank, value }, GFP_KERNEL)?;
    }
    if let Some(digest) = not_zero(&initial) {
        pr_warn!(
            "PCR {} is {} already: the list replays from there (pcr= chooses another)\n",
            pcr,
            Show(digest)
        );
    }
    Ok(Found {
        boot_aggregate,
        initial,
    })
}

/// The value in the bank with the longest known digest that is not zero.
pub(super) fn not_zero(initial: &[Initial]) -> Option<Digest> {
    HashAlgo::ALL.into_iter().rev().find_map(|algo| {
        let mut banks = initial.iter();
        let bank = banks.find(|initial| initial.bank.algo == algo.tpm_alg_id())?;
        let digest = Digest::new(algo, bank.bytes()).ok()?;
        (!digest.is_zero()).then_some(digest)
    })
}

pub(super) struct Vouching {
    /// The TPM. It may appear late, disappear, and come back.
    pub(super) chip: Option<Chip>,
    /// How many records have been extended, from the first.
    pub(super) extended: usize,
    /// The value of the default PCR before the first record; empty until a TPM could be read.
    pub(super) initial: KVec<Initial>,
    /// Whether [`Self::initial`] is known and recorded.
    pub(super) begun: bool,
    /// The TPM with these values, once known. Other TPMs get no records.
    device: Option<Device>,
    /// Whether another TPM was found and logged.
    met_other: bool,
    /// Since when records wait.
    pub(super) waiting: Option<Waiting>,
    pub(super) running: Running,
    /// Milliseconds until the next attempt.
    pub(super) delay: u32,
}

impl Vouching {
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

    /// Stores `initial` as the values of `chip`.
    pub(super) fn begin(&mut self, initial: KVec<Initial>, device: Option<Device>) {
        self.initial = initial;
        self.device = device;
        self.begun = true;
    }

    /// Looks for the TPM. Other TPMs are not used. May sleep.
    pub(super) fn find(&mut self) {
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

    /// Milliseconds until the next attempt; none if no record waits.
    pub(super) fn next_attempt(&self) -> Option<u32> {
        self.waiting.map(|_| self.delay)
    }

    /// Makes the next delay longer.
    pub(super) fn slow_down(&mut self) {
        self.delay = self.delay.saturating_mul(2).min(DELAY.1);
    }
}

/// The expected value of each PCR in one bank.
pub(super) struct Running {
    values: [Option<Digest>; u32_as_usize(pcr::LAST) + 1],
    /// The PCRs to be read before their next extend, one bit each.
    doubtful: u32,
    /// Whether the extend of the next record was tried and failed.
    pub(super) tried: bool,
}

impl Running {
    const fn new() -> Self {
        Self {
            values: [None; u32_as_usize(pcr::LAST) + 1],
            doubtful: 0,
            tried: false,
        }
    }

    /// A command failed, so the values of the PCRs are not known.
    pub(super) fn doubt(&mut self) {
        self.doubtful = u32::MAX;
    }

    /// Whether the chip has `record`, the next one, already. Reads its PCR if the value is not
    /// known. May sleep.
    pub(super) fn has(&mut self, chip: &Chip, record: &Record) -> Result<bool> {
        let Some(algo) = bank_to_watch(chip) else {
            return Ok(false);
        };
        let bit = 1u32.wrapping_shl(record.pcr());
        let Some(value) = self.values.get_mut(u32_as_usize(record.pcr())) else {
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

    /// The chip has extended `record`.
    pub(super) fn add(&mut self, record: &Record) {
        if let Some(Some(value)) = self.values.get_mut(u32_as_usize(record.pcr())) {
            *value = after(value, record);
        }
    }
}

/// The value of a PCR with the value `before` after the extend of `record`.
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
    record::hash(algo, both.get(..size.saturating_mul(2)).unwrap_or_default())
}

/// The bank in which values are computed: the first one whose algorithm the kernel's library has.
fn bank_to_watch(chip: &Chip) -> Option<HashAlgo> {
    use HashAlgo::{Sha1, Sha256, Sha384, Sha512};
    [Sha256, Sha384, Sha512, Sha1]
        .into_iter()
        .find(|algo| chip.has_bank(algo.tpm_alg_id()))
}

/// The digest of PCRs 0 to 9 of the SHA-256 bank, as in IMA; without that bank of another one, by
/// its own algorithm. Of the SHA-1 bank, of PCRs 0 to 7, as in IMA. IMA has no digest where there
/// is neither a SHA-256 nor a SHA-1 bank.
fn boot_aggregate(chip: &Chip) -> Result<Digest> {
    let Some(algo) = bank_to_watch(chip) else {
        pr_warn!("the TPM has no bank of a known algorithm: boot_aggregate is zero\n");
        return Ok(Digest::zero(HashAlgo::Sha256));
    };
    let last = if algo == HashAlgo::Sha1 { 7 } else { 9 };
    let mut pcrs = KVec::new();
    for pcr in 0..=last {
        pcrs.extend_from_slice(chip.pcr(pcr, algo)?.as_bytes(), GFP_KERNEL)?;
    }
    Ok(record::hash(algo, &pcrs))
}
