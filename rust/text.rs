// SPDX-License-Identifier: GPL-2.0

//! Owned UTF-8 text of any length.

use core::{
    fmt,
    str::Utf8Error, //
};
use kernel::prelude::*;

/// # Invariants
///
/// The bytes are valid UTF-8.
#[derive(Default)]
pub(crate) struct Text(KVVec<u8>);

impl Text {
    /// Empty text.
    pub(crate) fn new() -> Self {
        // INVARIANT: No bytes are valid UTF-8.
        Self(KVVec::new())
    }

    /// Checks `bytes` and takes them. Otherwise returns them with the place of the error.
    pub(crate) fn from_bytes(bytes: KVVec<u8>) -> Result<Self, (Utf8Error, KVVec<u8>)> {
        match core::str::from_utf8(&bytes) {
            // INVARIANT: Just checked.
            Ok(_) => Ok(Self(bytes)),
            Err(e) => Err((e, bytes)),
        }
    }

    pub(crate) fn into_bytes(self) -> KVVec<u8> {
        self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        // SAFETY: By the type invariants.
        unsafe { core::str::from_utf8_unchecked(&self.0) }
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        // INVARIANT: UTF-8 after UTF-8 is UTF-8.
        self.0
            .extend_from_slice(s.as_bytes(), GFP_KERNEL)
            .map_err(|_| fmt::Error)
    }
}
