// SPDX-License-Identifier: GPL-2.0

//! The first records. `boot_aggregate` ties the list to the measurements of firmware and boot
//! loader. `digest_lists_start` says from where the list replays, and with which parameters the
//! module starts.
//!
//! If the TPM cannot be read at load, these records have zeros and no value of the PCR. When a TPM
//! works later, `boot_aggregate_late` and `digest_lists_tpm` add these values before the first
//! extend.

use super::{
    event::with_data,
    vouching::{
        look,
        Found,
        Initial,
        Vouching, //
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

/// IMA's name for a `boot_aggregate` of a TPM that came late.
const BOOT_AGGREGATE_LATE: &[u8] = b"boot_aggregate_late";

/// The record that says where the list starts.
const START: &[u8] = b"digest_lists_start";

/// The record of a TPM that came late.
const LATE: &[u8] = b"digest_lists_tpm";

/// The values in the form that the texts need.
fn lines(initial: &[Initial]) -> impl Iterator<Item = start::Initial<'_>> + Clone {
    initial.iter().map(|initial| start::Initial {
        algo: initial.bank.algo,
        value: initial.bytes(),
    })
}

impl Log {
    /// Appends the first records. Without a readable TPM the digest of `boot_aggregate` is zero, as
    /// in IMA, and `start` has no value of the PCR. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn begin(&self, start: &Start<'_>) -> Result {
        let mut vouching = self.list.vouching.lock();
        let boot_aggregate = vouching.look_at_load(self.pcr());
        let mut text = Text::new();
        start
            .write(lines(&vouching.initial), &mut text)
            .map_err(|_| ENOMEM)?;
        let aggregate = Event::new(boot_aggregate, BOOT_AGGREGATE.as_bytes());
        let start = with_data(START, text.as_str().as_bytes());
        // Both before the first extend, which may find a TPM, and record what these do not say.
        let append = |template, event| self.list.push(self.pcr(), template, event, Repeat::Always);
        append(Template::ImaNg, &aggregate)?;
        let number = append(Template::ImaBuf, &start)?;
        self.list.extend(&mut vouching, usize::MAX);
        self.finish(&vouching, number);
        Ok(())
    }
}

impl Vouching {
    /// Notes what the PCR `pcr` is, which is the default one, and returns the digest of
    /// `boot_aggregate`. May sleep.
    fn look_at_load(&mut self, pcr: u32) -> Digest {
        if self.chip.is_none() {
            self.find();
        }
        let Some(chip) = &self.chip else {
            pr_warn!("there is no TPM: files are recorded, but nothing vouches for the list\n");
            return Digest::zero(HashAlgo::Sha256);
        };
        match look(chip, pcr) {
            Ok(found) => {
                let device = chip.owner();
                self.begin(found.initial, device);
                found.boot_aggregate
            }
            Err(e) => {
                pr_warn!(
                    "the TPM's PCRs cannot be read ({}): boot_aggregate is zero\n",
                    e.to_errno()
                );
                self.chip = None;
                Digest::zero(HashAlgo::Sha256)
            }
        }
    }
}

impl List {
    /// Appends the records with what was missing at load, before the first extend. May sleep.
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
