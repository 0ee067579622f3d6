// SPDX-License-Identifier: GPL-2.0

//! A quote as a TPM signs it: `TPMS_ATTEST` of type `TPM_ST_ATTEST_QUOTE`, big endian.
//!
//! | bytes | field |
//! |-------|-------|
//! | 4     | magic: `ff 54 43 47`, which a restricted key signs only for what the TPM itself says |
//! | 2     | type: 0x8018 |
//! | 2 + n | qualified name of the signing key |
//! | 2 + n | what the verifier asked with, its nonce |
//! | 8     | clock in milliseconds |
//! | 4     | reset counter |
//! | 4     | restart counter |
//! | 1     | whether the clock is safe: 1 or 0 |
//! | 8     | firmware version |
//! | 4     | number of selections |
//! | …     | each: 2 `TPM_ALG_ID`, 1 size, size × 1 bits of the PCRs, least significant first |
//! | 2 + n | digest of the selected PCRs |
//!
//! Source: TPM 2.0 Library, part 2, sections 10.6 and 10.12.

use crate::{
    cursor::Cursor,
    pcr,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// `TPM_GENERATED_VALUE`.
pub const MAGIC: u32 = 0xff54_4347;

/// `TPM_ST_ATTEST_QUOTE`.
pub const TYPE: u16 = 0x8018;

/// The most banks of one selection (`HASH_COUNT` of the reference code).
pub const MAX_BANKS: usize = 16;

/// The longest field with a length of its own in bytes: a `TPM2B_NAME` or `TPM2B_DATA` over
/// SHA-512.
const MAX_FIELD: usize = 66;

/// A field that begins with its length as a big-endian `u16`, of at most `most` bytes.
pub(super) fn sized<'a>(cursor: &mut Cursor<'a>, most: usize) -> Result<&'a [u8]> {
    let len = usize::from(cursor.u16_be()?);
    if len > most {
        return Err(Cause::BadLength);
    }
    cursor.take(len)
}

/// The next big-endian `u64`.
fn u64_be(cursor: &mut Cursor<'_>) -> Result<u64> {
    cursor.array().map(u64::from_be_bytes)
}

/// When a quote was made, as the TPM counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockInfo {
    /// Milliseconds in which the TPM had power.
    pub clock: u64,
    /// How often the TPM was reset: PCRs begin anew each time.
    pub reset_count: u32,
    /// How often it was resumed or restarted since the last reset.
    pub restart_count: u32,
    /// Whether no greater value of the clock was told before.
    pub safe: bool,
}

/// The PCRs of one bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The bank's `TPM_ALG_ID`.
    pub algo: u16,
    /// A bit for each PCR.
    pub pcrs: u32,
}

impl Selection {
    /// The numbers of the PCRs, in ascending order.
    pub fn numbers(self) -> impl Iterator<Item = u32> {
        (0..=pcr::LAST).filter(move |pcr| self.has(*pcr))
    }

    /// Whether it has `pcr`.
    pub const fn has(self, pcr: u32) -> bool {
        match self.pcrs.checked_shr(pcr) {
            Some(bits) => bits & 1 == 1,
            None => false,
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let algo = cursor.u16_be()?;
        let len = usize::from(cursor.u8()?);
        let mut pcrs = 0u32;
        for (place, byte) in cursor.take(len)?.iter().enumerate() {
            let bits = match u32::try_from(place) {
                Ok(place @ 0..=2) => u32::from(*byte) << (place * 8),
                _ if *byte == 0 => 0,
                // No platform has more than 24.
                _ => return Err(Cause::BadLength),
            };
            pcrs |= bits;
        }
        Ok(Self { algo, pcrs })
    }
}

/// A checked quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote<'a> {
    /// The qualified name of the key that signs it.
    pub signer: &'a [u8],
    /// What the verifier asked with.
    pub nonce: &'a [u8],
    /// When it was made.
    pub clock: ClockInfo,
    /// The TPM's firmware.
    pub firmware: u64,
    selections: [Selection; MAX_BANKS],
    banks: usize,
    /// The digest of the selected PCRs, in the order of the selections.
    pub digest: &'a [u8],
}

impl<'a> Quote<'a> {
    /// Checks the whole of `data`.
    ///
    /// # Errors
    ///
    /// [`Cause::BadMagic`] for anything that is no quote, [`Cause::Truncated`],
    /// [`Cause::TrailingBytes`], [`Cause::BadLength`] for a field that is longer than any TPM's, or
    /// a PCR that no platform has, [`Cause::UnexpectedField`] for a bank that stands twice or a
    /// truth value that is neither 0 nor 1.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        if cursor.u32_be()? != MAGIC || cursor.u16_be()? != TYPE {
            return Err(Cause::BadMagic);
        }
        let signer = sized(&mut cursor, MAX_FIELD)?;
        let nonce = sized(&mut cursor, MAX_FIELD)?;
        let clock = ClockInfo {
            clock: u64_be(&mut cursor)?,
            reset_count: cursor.u32_be()?,
            restart_count: cursor.u32_be()?,
            safe: match cursor.u8()? {
                0 => false,
                1 => true,
                _ => return Err(Cause::UnexpectedField),
            },
        };
        let firmware = u64_be(&mut cursor)?;
        let banks = usize::try_from(cursor.u32_be()?).map_err(|_| Cause::BadLength)?;
        if banks > MAX_BANKS {
            return Err(Cause::BadLength);
        }
        let mut selections = [Selection { algo: 0, pcrs: 0 }; MAX_BANKS];
        for place in 0..banks {
            let selection = Selection::read(&mut cursor)?;
            let (before, rest) = selections
                .split_at_mut_checked(place)
                .ok_or(Cause::BadLength)?;
            if before.iter().any(|other| other.algo == selection.algo) {
                return Err(Cause::UnexpectedField);
            }
            *rest.first_mut().ok_or(Cause::BadLength)? = selection;
        }
        let digest = sized(&mut cursor, MAX_FIELD)?;
        cursor.finish()?;
        Ok(Self {
            signer,
            nonce,
            clock,
            firmware,
            selections,
            banks,
            digest,
        })
    }

    /// Which PCRs it is of, in the order in which they were hashed.
    pub fn selections(&self) -> &[Selection] {
        self.selections.get(..self.banks).unwrap_or_default()
    }
}
