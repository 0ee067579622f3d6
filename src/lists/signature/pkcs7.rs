// SPDX-License-Identifier: GPL-2.0

//! Detached PKCS#7 and CMS signatures.
//!
//! The kernel verifies the message against a keyring with only the key that the message names. This
//! file checks what the kernel does not: that the key may sign, is long enough and was valid when
//! it signed, and that the hash is not SHA-1. A module cannot check keys in the kernel's own
//! keyrings in this way. Such a signer's certificate must be in the message.

use crate::{
    lists::{
        list::SignerId,
        trust::{
            Anchor,
            KeyId,
            Moment,
            Trust,
            Use, //
        },
    },
    reason::Reason,
    sys::{
        bytes::joined,
        key::{
            verify_pkcs7,
            Keyring,
            Ring, //
        },
        x509::Certificate, //
    },
};
use digest_logic::cms::{
    Message,
    Signer, //
};
use digest_logic::refusal::Cause;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Verifies `message` over `data` for `purpose`. May sleep.
///
/// # Errors
///
/// [`Cause::CertificateMissing`] if it verifies with a key of the kernel's keyrings and has no
/// certificate.
pub(super) fn verify(
    trust: &Trust,
    data: &[u8],
    message: &[u8],
    purpose: Use,
) -> Result<SignerId, Reason> {
    let signed = Signed::parse(trust, data, message, purpose)?;
    match signed.by_anchor(trust) {
        Ok(signer) => SignerId::new(signer.id()),
        Err(Reason::Cause(Cause::UnknownKey)) => signed.by_enclosed(trust),
        Err(reason) => Err(reason),
    }
}

/// Data and a CMS message over them.
pub(super) struct Signed<'a> {
    data: &'a [u8],
    message: &'a [u8],
    outline: Message<'a>,
    /// When it was signed.
    moment: Moment,
    /// What the data are.
    purpose: Use,
    /// The signer: subject key identifier, or serial number and name of the issuer.
    signer: KVVec<u8>,
}

impl<'a> Signed<'a> {
    /// Parses the structure of `message`. May sleep.
    pub(super) fn parse(
        trust: &Trust,
        data: &'a [u8],
        message: &'a [u8],
        purpose: Use,
    ) -> Result<Self, Reason> {
        let outline = Message::parse(message)?;
        outline.algo().verifiable()?;
        let signer = match outline.signer() {
            Signer::Certificate { issuer, serial } => joined(&[serial, issuer])?,
            Signer::KeyId(id) => joined(&[id])?,
        };
        Ok(Self {
            data,
            message,
            outline,
            moment: trust.moment(outline.signed_at()),
            purpose,
            signer,
        })
    }

    /// Verifies with the keys of `ring`.
    fn verify(&self, ring: &Keyring) -> Result<(), Reason> {
        verify_pkcs7(self.data, self.message, Ring::Own(ring)).map_err(Reason::of_verification)
    }

    /// Verifies with a key in the keyring, and returns it. May sleep.
    pub(super) fn by_anchor(&self, trust: &Trust) -> Result<Arc<Anchor>, Reason> {
        let signer = trust.signer(KeyId::Exact(&self.signer), self.purpose, self.moment)?;
        // The kernel verifies with the enclosed certificate of that name, and looks for its issuer
        // in the keyring. If an authority had issued its own serial number again, it would count as
        // the signer of what it only certified.
        for der in self.outline.certificates() {
            let cert = match Certificate::parse(der) {
                Ok(cert) => cert,
                Err(e) if e == ENOMEM => return Err(e.into()),
                // The kernel does not parse it either, and refuses the message.
                Err(_) => continue,
            };
            if *cert.id() == *self.signer && !signer.is_key_of(&cert) {
                return Err(Cause::DoesNotVerify.into());
            }
        }
        self.verify(&Keyring::of(&signer.key)?)?;
        Ok(signer)
    }

    /// Verifies with the key of an enclosed certificate, and returns its identifier. May sleep.
    fn by_enclosed(&self, trust: &Trust) -> Result<SignerId, Reason> {
        for der in self.outline.certificates() {
            let Ok(cert) = Certificate::parse(der) else {
                continue;
            };
            if *cert.id() != *self.signer && cert.key_id() != Some(&self.signer) {
                continue;
            }
            let id = trust.enclosed_signer(&cert, der, self.moment, self.purpose)?;
            self.verify(&Keyring::of_certificate(&cert, der)?)?;
            return Ok(id);
        }
        trust.by_system(|keys| verify_pkcs7(self.data, self.message, Ring::System(keys)))?;
        Err(Cause::CertificateMissing.into())
    }
}
