// SPDX-License-Identifier: GPL-2.0

//! Who signed a list.

use crate::reason::Reason;
use core::fmt;
use digest_logic::digest::Hex;
use kernel::prelude::*;

/// The identifier of the key that signed, as `trusted_keys` shows it.
#[derive(PartialEq, Eq)]
pub(crate) struct SignerId(KVVec<u8>);

impl SignerId {
    /// An identifier of `bytes`.
    pub(super) fn new(bytes: &[u8]) -> Result<Self, Reason> {
        let mut id = KVVec::new();
        id.extend_from_slice(bytes, GFP_KERNEL)?;
        Ok(Self(id))
    }
}

impl fmt::Display for SignerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}
