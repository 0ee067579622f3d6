// SPDX-License-Identifier: GPL-2.0

//! The keys of an OpenPGP certificate, each in its own X.509 certificate. A key that cannot be used
//! is logged and skipped: most certificates also have a key for encryption.

use super::wrap;
use crate::{
    reason::Reason,
    sys::{
        console::Show,
        sha, //
    },
};
use digest_logic::{
    candidate,
    openpgp::{
        Certificate,
        CertifiedKey,
        PublicKey, //
    },
    refusal::Cause, //
};
use kernel::prelude::*;

/// The most bytes that [`PublicKey::write_fingerprinted`] writes.
const MAX_FINGERPRINTED: usize = (1 << 16) + 3;

/// Calls `add` with an X.509 certificate for each key of the OpenPGP certificate `data` that may
/// sign. May sleep.
///
/// # Errors
///
/// Those of [`Certificate::parse`]; the reason for a key if none was added.
pub(super) fn add_keys(
    data: &[u8],
    mut add: impl FnMut(&[u8]) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let fingerprint = |key: &PublicKey<'_>| {
        let mut bytes = Bytes(KVVec::new());
        match key.write_fingerprinted(&mut bytes) {
            Ok(()) => sha::sha1(&bytes.0),
            // Without memory: an identifier that no signature has.
            Err(_) => [0; 20],
        }
    };
    let mut result = Err(Cause::KeyUsage.into());
    for key in Certificate::parse(data)?.keys(fingerprint) {
        let added = certificate_of(&key).and_then(|der| add(&der));
        if let Err(reason) = added {
            pr_warn!("the OpenPGP key {}: {}\n", Show(key.id()), Show(reason));
        }
        // That one key is for encryption does not explain why another is refused.
        if added.is_ok() || result == Err(Reason::Cause(Cause::KeyUsage)) {
            result = added;
        }
    }
    result
}

/// An X.509 certificate around `key`.
fn certificate_of(key: &CertifiedKey<'_>) -> Result<KVVec<u8>, Reason> {
    let material = candidate::material(key)?;
    let mut spki = Bytes(KVVec::new());
    material.write_spki(&mut spki)?;
    Ok(wrap::certificate(key, &spki.0)?)
}

/// Grows until memory runs out.
struct Bytes(KVVec<u8>);

impl digest_logic::cursor::Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) -> digest_logic::refusal::Result {
        if self.0.len().saturating_add(bytes.len()) > MAX_FINGERPRINTED {
            return Err(Cause::BufferTooSmall);
        }
        self.0
            .extend_from_slice(bytes, GFP_KERNEL)
            .map_err(|_| Cause::BufferTooSmall)
    }
}
