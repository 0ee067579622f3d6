// SPDX-License-Identifier: GPL-2.0

//! The keys of an OpenPGP certificate, each in its own X.509 certificate. A key that cannot be used
//! is logged and skipped: most certificates also have a key for encryption.

use crate::{
    reason::Reason,
    sys::{
        bytes::Bytes,
        console::Show,
        sha, //
    },
};
use digest_logic::{
    candidate,
    openpgp::{
        write_certificate,
        Certificate,
        CertifiedKey,
        PublicKey, //
    },
    refusal::Cause, //
};
use kernel::prelude::*;

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
    let mut der = Bytes(KVVec::new());
    write_certificate(key, &material, &mut der).map_err(Reason::of_writing)?;
    Ok(der.0)
}
