// SPDX-License-Identifier: GPL-2.0

//! The first records: `boot_aggregate`, which ties the list to what the firmware and the boot
//! loader measured, and `digest_lists_start`, which says from where the list replays and what the
//! module is when it begins.
//!
//! Where the TPM comes later than the module, or could not be read at load, these two have zeros
//! and no value of the PCR. When a TPM has come, and before anything is extended,
//! `boot_aggregate_late` and `digest_lists_tpm` say what was missing.

use super::{
    event::with_data,
    vouching::{
        look,
        Found,
        Initial, //
    },
    List,
    Log,
    Repeat, //
};
use crate::sys::text::Text;
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    policy::Template,
    start::{
        self,
        Start, //
    },
    template::{
        Event,
        BOOT_AGGREGATE, //
    },
};
use kernel::prelude::*;

/// The name that IMA gives to a `boot_aggregate` of a TPM that came late.
const BOOT_AGGREGATE_LATE: &[u8] = b"boot_aggregate_late";

/// The record that says where coverage begins.
const START: &[u8] = b"digest_lists_start";

/// The record of a TPM that came late.
const LATE: &[u8] = b"digest_lists_tpm";

/// The form in which the texts want the values.
fn lines(initial: &[Initial]) -> impl Iterator<Item = start::Initial<'_>> + Clone {
    initial.iter().map(|initial| start::Initial {
        algo: initial.bank.algo,
        value: initial.bytes(),
    })
}

impl Log {
    /// Appends the first records. Where the TPM is missing or cannot be read, the digest of
    /// `boot_aggregate` is zero, as in IMA, and `start` says nothing of the PCR's value. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn begin(&self, start: &Start<'_>) -> Result {
        let boot_aggregate = self.look_at_load();
        let event = Event::new(boot_aggregate, BOOT_AGGREGATE.as_bytes());
        self.append(self.pcr(), Template::ImaNg, &event, Repeat::Always)?;
        let mut text = Text::new();
        {
            let vouching = self.list.vouching.lock();
            start
                .write(lines(&vouching.initial), &mut text)
                .map_err(|_| ENOMEM)?;
        }
        self.measure_own_data(text.as_str().as_bytes(), START)
    }

    /// Notes what the default PCR is, and returns the digest of `boot_aggregate`.
    fn look_at_load(&self) -> Digest {
        let mut vouching = self.list.vouching.lock();
        let Some(chip) = &vouching.chip else {
            pr_warn!("there is no TPM: files are recorded, but nothing vouches for the list\n");
            return Digest::zero(HashAlgo::Sha256);
        };
        match look(chip, self.pcr()) {
            Ok(found) => {
                let device = chip.owner();
                vouching.begin(found.initial, device);
                found.boot_aggregate
            }
            Err(e) => {
                pr_warn!(
                    "the TPM's PCRs cannot be read ({}): boot_aggregate is zero\n",
                    e.to_errno()
                );
                vouching.chip = None;
                Digest::zero(HashAlgo::Sha256)
            }
        }
    }
}

impl List {
    /// Appends the records that say what was missing at load. Nothing was extended yet. May sleep.
    pub(super) fn begin_late(&self, found: &Found) -> Result {
        let mut text = Text::new();
        start::write_pcr(self.pcr, lines(&found.initial), &mut text).map_err(|_| ENOMEM)?;
        let data = text.as_str().as_bytes();
        let aggregate = Event::new(found.boot_aggregate, BOOT_AGGREGATE_LATE);
        self.push(self.pcr, Template::ImaNg, &aggregate, Repeat::Always)?;
        let event = with_data(LATE, data);
        self.push(self.pcr, Template::ImaBuf, &event, Repeat::Always)?;
        pr_info!("there is a TPM now\n");
        Ok(())
    }
}
