// SPDX-License-Identifier: GPL-2.0

//! The firmware's event log, crypto-agile, little endian: `binary_bios_measurements`.
//!
//! The first event has a header of its own, and names the banks:
//!
//! | bytes | field |
//! |-------|-------|
//! | 4     | PCR: 0 |
//! | 4     | type: 3, `EV_NO_ACTION` |
//! | 20    | zeros |
//! | 4 + n | data: 16 `Spec ID Event03` and NUL, 4 platform class, 2 version, 1 errata, 1 size of integers, 4 number of banks, each 2 `TPM_ALG_ID` and 2 size of digests; 1 + n of the vendor |
//!
//! Each event that follows:
//!
//! | bytes | field |
//! |-------|-------|
//! | 4     | PCR |
//! | 4     | type |
//! | 4     | number of digests: that of banks |
//! | …     | each: 2 `TPM_ALG_ID`, and the digest |
//! | 4 + n | data |
//!
//! Events of type `EV_NO_ACTION` extend nothing. One of them says with which value PCR 0 begins;
//! that PCR is not replayed here.
//!
//! Source: TCG PC Client Platform Firmware Profile 1.06, section 10.

use crate::{
    cursor::Cursor,
    digest::Digest,
    hash_algo::HashAlgo,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// `EV_NO_ACTION`.
pub const NO_ACTION: u32 = 3;

const SIGNATURE: &[u8; 16] = b"Spec ID Event03\0";

/// The most banks of a log.
const MAX_BANKS: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bank {
    algo: u16,
    size: usize,
}

/// A log whose first event was checked.
#[derive(Clone, Debug)]
pub struct Log<'a> {
    banks: [Bank; MAX_BANKS],
    count: usize,
    events: Cursor<'a>,
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The PCR.
    pub pcr: u32,
    /// Its type.
    pub kind: u32,
    digests: [Option<Digest>; MAX_BANKS],
    /// Its data.
    pub data: &'a [u8],
}

impl Event<'_> {
    /// The digests, of banks whose algorithm is known here.
    pub fn digests(&self) -> impl Iterator<Item = Digest> + '_ {
        self.digests.iter().copied().flatten()
    }
}

impl<'a> Log<'a> {
    /// Reads the first event of `data`.
    ///
    /// # Errors
    ///
    /// [`Cause::BadMagic`] for a log that is not crypto-agile, [`Cause::Truncated`],
    /// [`Cause::BadLength`] for more banks than any TPM has, or a size that is not that of the
    /// algorithm, [`Cause::UnexpectedField`] for a bank that stands twice.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let (pcr, kind, zeros) = (cursor.u32_le()?, cursor.u32_le()?, cursor.array::<20>()?);
        if pcr != 0 || kind != NO_ACTION || zeros != [0; 20] {
            return Err(Cause::BadMagic);
        }
        let mut first = Cursor::new(cursor.prefixed_le()?);
        if first.array::<16>()? != *SIGNATURE {
            return Err(Cause::BadMagic);
        }
        first.take(8)?;
        let count = usize::try_from(first.u32_le()?).map_err(|_| Cause::BadLength)?;
        if count > MAX_BANKS {
            return Err(Cause::BadLength);
        }
        let mut banks = [Bank { algo: 0, size: 0 }; MAX_BANKS];
        for place in 0..count {
            let bank = Bank {
                algo: first.u16_le()?,
                size: usize::from(first.u16_le()?),
            };
            if HashAlgo::from_tpm_alg_id(bank.algo)
                .is_ok_and(|algo| algo.digest_size() != bank.size)
            {
                return Err(Cause::BadLength);
            }
            let (before, rest) = banks.split_at_mut_checked(place).ok_or(Cause::BadLength)?;
            if before.iter().any(|other| other.algo == bank.algo) {
                return Err(Cause::UnexpectedField);
            }
            *rest.first_mut().ok_or(Cause::BadLength)? = bank;
        }
        let vendor = usize::from(first.u8()?);
        first.take(vendor)?;
        first.finish()?;
        Ok(Self {
            banks,
            count,
            events: cursor,
        })
    }

    fn banks(&self) -> &[Bank] {
        self.banks.get(..self.count).unwrap_or_default()
    }

    fn read(&mut self) -> Result<Event<'a>> {
        let mut cursor = self.events.clone();
        let (pcr, kind) = (cursor.u32_le()?, cursor.u32_le()?);
        let count = usize::try_from(cursor.u32_le()?).map_err(|_| Cause::BadLength)?;
        if count > self.count {
            return Err(Cause::BadLength);
        }
        let mut digests = [None; MAX_BANKS];
        for digest in digests.iter_mut().take(count) {
            let algo = cursor.u16_le()?;
            let bank = self
                .banks()
                .iter()
                .find(|bank| bank.algo == algo)
                .ok_or(Cause::UnknownAlgorithm)?;
            let bytes = cursor.take(bank.size)?;
            if let Ok(algo) = HashAlgo::from_tpm_alg_id(algo) {
                *digest = Some(Digest::new(algo, bytes)?);
            }
        }
        let data = cursor.prefixed_le()?;
        self.events = cursor;
        Ok(Event {
            pcr,
            kind,
            digests,
            data,
        })
    }
}

/// The events that follow the first one; the last one is an error if the log ends within it.
impl<'a> Iterator for Log<'a> {
    type Item = Result<Event<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.events.is_empty() {
            return None;
        }
        let event = self.read();
        if event.is_err() {
            self.events = Cursor::new(&[]);
        }
        Some(event)
    }
}
