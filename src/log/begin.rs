// SPDX-License-Identifier: GPL-2.0

//! The first record: `boot_aggregate`, which ties the list to what the firmware and the boot loader measured.

use super::{
    Log,
    Repeat, //
};
use crate::{
    stats::Stats,
    sys::{
        console::Show,
        sha,
        tpm::Chip, //
    },
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    policy::Template,
    template::{
        Event,
        BOOT_AGGREGATE, //
    },
};
use kernel::prelude::*;

impl Log {
    /// Appends the first record. Where the TPM is missing or cannot be read its digest is zero, as in IMA. May sleep.
    pub(crate) fn begin(&self, stats: &Stats) -> Result {
        let digest = self.with_chip(|chip| match chip {
            Some(chip) => boot_aggregate(chip).unwrap_or_else(|e| {
                pr_warn!(
                    "the TPM's PCRs cannot be read ({}): boot_aggregate is zero\n",
                    e.to_errno()
                );
                Digest::zero(HashAlgo::Sha256)
            }),
            None => {
                pr_warn!("there is no TPM: files are recorded, but nothing vouches for the list\n");
                Digest::zero(HashAlgo::Sha256)
            }
        });
        let initial = self.with_chip(|chip| chip.and_then(|chip| self.not_zero(chip)));
        if let Some(initial) = &initial {
            pr_warn!(
                "PCR {} is {} already: the list replays from there (pcr= chooses another)\n",
                self.pcr(),
                Show(initial)
            );
        }
        self.vouching.lock().initial = initial;
        let event = Event::new(digest, BOOT_AGGREGATE.as_bytes());
        self.append(stats, self.pcr(), Template::ImaNg, &event, Repeat::Always)
    }

    /// The default PCR, in the first bank of a known algorithm, if it is not zero.
    fn not_zero(&self, chip: &Chip) -> Option<Digest> {
        let algo = HashAlgo::ALL
            .into_iter()
            .rev()
            .find(|algo| chip.banks().any(|bank| bank.algo == algo.tpm_alg_id()))?;
        let mut value = [0u8; 64];
        let value = value.get_mut(..algo.digest_size())?;
        chip.read(self.pcr(), algo.tpm_alg_id(), value).ok()?;
        let digest = Digest::new(algo, value).ok()?;
        (!digest.is_zero()).then_some(digest)
    }
}

/// The digest of PCRs 0 to 9 of the SHA-256 bank, or of 0 to 7 of the SHA-1 bank where there is no other, as IMA
/// computes it.
fn boot_aggregate(chip: &Chip) -> Result<Digest> {
    let has = |algo: HashAlgo| chip.banks().any(|bank| bank.algo == algo.tpm_alg_id());
    let (algo, last) = if has(HashAlgo::Sha256) {
        (HashAlgo::Sha256, 9)
    } else if has(HashAlgo::Sha1) {
        (HashAlgo::Sha1, 7)
    } else {
        pr_warn!("the TPM has neither a SHA-256 nor a SHA-1 bank: boot_aggregate is zero\n");
        return Ok(Digest::zero(HashAlgo::Sha256));
    };
    let mut pcrs = KVec::new();
    for pcr in 0..=last {
        let mut value = [0u8; 64];
        let value = value.get_mut(..algo.digest_size()).ok_or(EINVAL)?;
        chip.read(pcr, algo.tpm_alg_id(), value)?;
        pcrs.extend_from_slice(value, GFP_KERNEL)?;
    }
    match algo {
        HashAlgo::Sha1 => Digest::new(algo, &sha::sha1(&pcrs)),
        _ => Digest::new(algo, &sha::sha256(&pcrs)),
    }
    .map_err(|_| EINVAL)
}
