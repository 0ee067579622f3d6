// SPDX-License-Identifier: GPL-2.0

//! Bytes that never grow.

use super::kernel_crate::kvvec_zeroed;
use core::ptr;
use kernel::prelude::*;

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
