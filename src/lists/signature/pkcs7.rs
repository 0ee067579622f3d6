// SPDX-License-Identifier: GPL-2.0

//! PKCS#7 and CMS signatures, detached.
//!
//! The kernel verifies the message against a keyring that has one key, the one that the message names and that may sign.
//! It does not ask whether that key may sign, is long enough or still valid, and hashes with SHA-1 if it is told to; that
//! is asked here. Of the keys in the kernel's own keyrings a module can ask nothing: where one of them signed, its
//! certificate has to come along.

use super::SignerId;
use crate::{
    lists::{
        reason::Reason,
        trust::{
            KeyId,
            Trust, //
        },
    },
    sys::{
        key::{
            verify_pkcs7,
            Keyring, //
        },
        x509::Certificate, //
    },
};
use digest_logic::cms::{
    Message,
    Signer, //
};
use kernel::prelude::*;

/// Verifies `message` over `data`. May sleep.
///
/// # Errors
///
/// [`Reason::CertificateMissing`] if it verifies with a key of the kernel's keyrings of which nothing is known.
pub(super) fn verify(trust: &Trust, data: &[u8], message: &[u8]) -> Result<SignerId, Reason> {
    let outline = Message::parse(message)?;
    outline.algo().verifiable()?;
    let mut exact = KVVec::new();
    match outline.signer() {
        Signer::Certificate { issuer, serial } => {
            exact.extend_from_slice(serial, GFP_KERNEL)?;
            exact.extend_from_slice(issuer, GFP_KERNEL)?;
        }
        Signer::KeyId(id) => exact.extend_from_slice(id, GFP_KERNEL)?,
    }
    let with = |ring| verify_pkcs7(data, message, ring).map_err(Reason::of_verification);

    match trust.signer(KeyId::Exact(&exact)) {
        Ok(signer) => {
            with(Some(&Keyring::of(&signer.key)?))?;
            return SignerId::new(signer.id());
        }
        Err(Reason::UnknownKey) => (),
        Err(reason) => return Err(reason),
    }
    // The signer's certificate may have come along.
    for der in outline.certificates() {
        let Ok(cert) = Certificate::parse(der) else {
            continue;
        };
        if *cert.id() != *exact && cert.key_id() != Some(&exact) {
            continue;
        }
        let id = trust.enclosed_signer(&cert, der)?;
        with(Some(&Keyring::of_certificate(&cert, der)?))?;
        return Ok(id);
    }
    with(None)?;
    Err(Reason::CertificateMissing)
}
