// SPDX-License-Identifier: GPL-2.0

//! PKCS#7 and CMS signatures, detached.
//!
//! The kernel verifies the message, and that a trusted key stands at the end of the chain of certificates. It does not
//! ask whether the signing key may sign, is long enough or still valid, and hashes with SHA-1 if it is told to; that is
//! asked here.

use super::SignerId;
use crate::{
    lists::{
        reason::Reason,
        trust::{
            Trust,
            Voucher, //
        },
    },
    sys::{
        key::{
            verify_pkcs7,
            KeyId, //
        },
        x509::Certificate, //
    },
};
use digest_logic::cms::{
    Message,
    Signer, //
};
use kernel::prelude::*;

pub(super) fn verify(trust: &Trust, data: &[u8], message: &[u8]) -> Result<SignerId, Reason> {
    let outline = Message::parse(message)?;
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
            with(Some(trust.keyring()))?;
            return Ok(signer.id);
        }
        Err(Reason::UnknownKey) => (),
        Err(reason) => return Err(reason),
    }
    // The signer's certificate may have come along.
    for der in outline.certificates() {
        let Ok(cert) = Certificate::parse(der) else {
            continue;
        };
        if !cert.has_serial_and_issuer(&exact) && cert.key_id() != Some(&exact) {
            continue;
        }
        trust.judge_signer(&cert)?;
        match trust.vouch(&cert, der)? {
            Voucher::Module => with(Some(trust.keyring()))?,
            Voucher::System => with(None)?,
        }
        return SignerId::new(cert.key_id().unwrap_or(&exact));
    }
    // The kernel's own keyrings may have it; which of its keys that is, they do not tell.
    with(None)?;
    SignerId::new(match outline.signer() {
        Signer::Certificate { serial, .. } => serial,
        Signer::KeyId(id) => id,
    })
}
