// SPDX-License-Identifier: GPL-2.0

//! Integer conversions that lose nothing on 64-bit machines, the only ones this runs on.

const _: () = assert!(usize::BITS == u64::BITS);

/// `n` as a `usize`.
#[inline(always)]
pub const fn u32_as_usize(n: u32) -> usize {
    // CAST: A `usize` has 64 bits.
    n as usize
}

/// `n` as a `usize`.
#[inline(always)]
pub const fn u64_as_usize(n: u64) -> usize {
    // CAST: A `usize` has 64 bits.
    n as usize
}

/// `n` as a `u64`.
#[inline(always)]
pub const fn usize_as_u64(n: usize) -> u64 {
    // CAST: A `usize` has 64 bits.
    n as u64
}
