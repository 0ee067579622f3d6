// SPDX-License-Identifier: GPL-2.0

//! Multiprecision integers: their length in bits as a big-endian `u16`, then the bytes.

use crate::{
    cursor::{
        copy,
        Cursor, //
    },
    refusal::{
        Cause,
        Result, //
    }, //
};

/// A positive integer, big endian.
///
/// # Invariants
///
/// The first byte is there and not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mpi<'a>(&'a [u8]);

impl<'a> Mpi<'a> {
    /// Reads the next integer.
    ///
    /// # Errors
    ///
    /// `bad` if it is zero or its length in bits is not that of its bytes, [`Cause::Truncated`].
    pub fn read(cursor: &mut Cursor<'a>, bad: Cause) -> Result<Self> {
        let bits = u32::from(cursor.u16_be()?);
        let len = usize::try_from(bits.div_ceil(8)).map_err(|_| bad)?;
        let mpi = Self(cursor.take(len)?);
        // INVARIANT: An integer whose first byte is missing or zero has fewer bits.
        if bits == 0 || mpi.bits() != bits {
            return Err(bad);
        }
        Ok(mpi)
    }

    /// The bytes, without leading zeros.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The length in bits.
    pub fn bits(&self) -> u32 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        let rest = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        rest.saturating_mul(8)
            .saturating_add(u8::BITS.saturating_sub(first.leading_zeros()))
    }

    /// Whether the integer is odd.
    pub fn is_odd(&self) -> bool {
        self.0.last().is_some_and(|byte| byte & 1 == 1)
    }

    /// Writes the integer to the end of `out` and zeros before it.
    ///
    /// A signature must be as long as the modulus, but the integer is often shorter.
    ///
    /// # Errors
    ///
    /// [`Cause::BadSignature`] if it does not fit.
    pub fn left_pad(&self, out: &mut [u8]) -> Result {
        let zeros = out
            .len()
            .checked_sub(self.0.len())
            .ok_or(Cause::BadSignature)?;
        let (before, rest) = out.split_at_mut_checked(zeros).ok_or(Cause::BadSignature)?;
        before.fill(0);
        copy(rest, self.0);
        Ok(())
    }
}
