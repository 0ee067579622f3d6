// SPDX-License-Identifier: GPL-2.0

//! Evidence of use: the bits of each list, and the last checkpoint. [`super::seen`] makes texts of
//! them.

use crate::sys::sha;
use core::sync::atomic::AtomicU8;
use digest_logic::{
    digest::Digest,
    seen::{
        self,
        Take, //
    },
};
use kernel::prelude::*;

/// The bits of a list file, one per digest.
pub(super) struct Bits {
    bits: KVVec<AtomicU8>,
    count: u32,
}

impl Bits {
    /// No bit is set. The file has `count` digests. May sleep.
    pub(super) fn new(count: u32) -> Result<Self> {
        let bytes = seen::bytes_for(count);
        let mut bits = KVVec::with_capacity(bytes, GFP_KERNEL)?;
        for _ in 0..bytes {
            bits.push(AtomicU8::new(0), GFP_KERNEL)?;
        }
        Ok(Self { bits, count })
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The number of bytes.
    pub(super) fn len(&self) -> usize {
        self.bits.len()
    }

    /// Takes the bits into `out`, which has the same length. Does not sleep.
    pub(super) fn take(&self, how: Take, out: &mut [u8]) {
        seen::take(&self.bits, how, out);
    }

    /// Undoes a reset, which had `taken` these bits. Does not sleep.
    pub(super) fn put_back(&self, taken: &[u8]) {
        seen::put_back(&self.bits, taken);
    }

    /// Digest number `position` of the file was found. Takes no lock, does not sleep.
    #[inline]
    pub(super) fn note(&self, position: u32) {
        seen::note(&self.bits, position);
    }
}

/// The bytes that the bits of `count` digests take.
pub(super) const fn footprint(count: u32) -> usize {
    size_of::<Bits>()
        .saturating_add(size_of::<usize>())
        .saturating_add(seen::bytes_for(count))
}

pub(super) struct Last {
    pub(super) text: KVVec<u8>,
    pub(super) digest: Digest,
}

impl Last {
    /// No checkpoint yet.
    pub(super) fn new() -> Self {
        Self {
            text: KVVec::new(),
            digest: sha::sha256_digest(&[]),
        }
    }
}
