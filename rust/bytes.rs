// SPDX-License-Identifier: GPL-2.0

//! Bytes: made of pieces, or of a length that is known before.

use super::kernel_crate::kvvec_zeroed;
use core::ptr;
use digest_logic::{
    cursor::Sink,
    refusal::Cause, //
};
use kernel::prelude::*;

/// The bytes of `parts`, one after another. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn joined(parts: &[&[u8]]) -> Result<KVVec<u8>> {
    let mut bytes = KVVec::new();
    for part in parts {
        bytes.extend_from_slice(part, GFP_KERNEL)?;
    }
    Ok(bytes)
}

/// Bytes that grow as they are written. Writing may sleep, and fails only without memory.
pub(crate) struct Bytes(pub(crate) KVVec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) -> digest_logic::refusal::Result {
        self.0
            .extend_from_slice(bytes, GFP_KERNEL)
            .map_err(|_| Cause::BufferTooSmall)
    }
}

/// `len` bytes that `fill` fills. A box of bytes has two words, where a vector has three. May
/// sleep.
///
/// # Errors
///
/// `ENOMEM`, and those of `fill`.
pub(crate) fn boxed(len: usize, fill: impl FnOnce(&mut [u8]) -> Result) -> Result<KVBox<[u8]>> {
    let mut bytes = kvvec_zeroed(len, GFP_KERNEL)?;
    fill(&mut bytes)?;
    let (start, len, _) = bytes.into_raw_parts();
    let bytes = ptr::slice_from_raw_parts_mut(start, len);
    // SAFETY: The vector gave its allocation away. It is one of `KVmalloc`, or dangling for no
    // bytes, and has room for exactly these bytes, all of which are initialized.
    Ok(unsafe { KVBox::from_raw(bytes) })
}
