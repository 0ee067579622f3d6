// SPDX-License-Identifier: GPL-2.0

//! What evidence of use is kept in: the bits of a list, and the last checkpoint. [`super::seen`]
//! makes texts of them.

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

/// The bits of a list file, one for each of its digests.
pub(super) struct Bits {
    bits: KVVec<AtomicU8>,
    count: u32,
}

impl Bits {
    /// No digest of the file, which has `count`, was found. May sleep.
    pub(super) fn new(count: u32) -> Result<Self> {
        let bytes = seen::bytes_for(count);
        let mut bits = KVVec::with_capacity(bytes, GFP_KERNEL)?;
        for _ in 0..bytes {
            bits.push(AtomicU8::new(0), GFP_KERNEL)?;
        }
        Ok(Self { bits, count })
    }

    /// How many digests the file has.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// How many bytes the bits are.
    pub(super) fn len(&self) -> usize {
        self.bits.len()
    }

    /// Takes the bits into `out`, which is as long. Does not sleep.
    pub(super) fn take(&self, how: Take, out: &mut [u8]) {
        seen::take(&self.bits, how, out);
    }

    /// Takes back that bits which were `taken` start anew. Does not sleep.
    pub(super) fn put_back(&self, taken: &[u8]) {
        seen::put_back(&self.bits, taken);
    }

    /// The digest with the number `position` in the file was found. Takes no lock, does not sleep.
    #[inline]
    pub(super) fn note(&self, position: u32) {
        seen::note(&self.bits, position);
    }
}

/// The memory that the bits of `count` digests take.
pub(super) const fn footprint(count: u32) -> usize {
    size_of::<Bits>()
        .saturating_add(size_of::<usize>())
        .saturating_add(seen::bytes_for(count))
}

/// The last checkpoint.
pub(super) struct Last {
    pub(super) text: KVVec<u8>,
    pub(super) digest: Digest,
}

impl Last {
    /// That of no list.
    pub(super) fn new() -> Self {
        Self {
            text: KVVec::new(),
            digest: sha::sha256_digest(&[]),
        }
    }
}
