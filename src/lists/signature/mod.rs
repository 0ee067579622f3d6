// SPDX-License-Identifier: GPL-2.0

//! Signatures of list files: by whom, and whether they hold.
//!
//! Three formats, each with a file of its own. Parsing is `digest_logic`'s, cryptography the
//! kernel's; which keys are trusted, and for what, is told by [`super::trust`].

mod ima;
mod openpgp;
mod pkcs7;

use super::{
    list::SignerId,
    trust::{
        Anchor,
        Trust,
        Use, //
    },
};
use crate::{
    reason::Reason, //
};
use digest_logic::{
    digest::Digest,
    ima_sig::ImaSignature,
    list::ListType,
    refusal::Cause,
    signature::Signature, //
};
use kernel::sync::Arc;
use pkcs7::Signed;

/// Verifies `signature`, which is not empty, over `data`, a list of type `list_type`. May sleep.
pub(super) fn verify(
    trust: &Trust,
    list_type: ListType,
    data: &[u8],
    signature: &[u8],
) -> Result<SignerId, Reason> {
    match Signature::parse(signature)? {
        Signature::Pkcs7(message) => pkcs7::verify(trust, data, message, Use::CmsList),
        Signature::Ima(signature) => {
            SignerId::new(ima::verify(trust, data, &signature, Use::ImaList)?.id())
        }
        // What vendors sign by OpenPGP are headers; over anything else such a signature would mean
        // something else.
        Signature::OpenPgp(_) if list_type != ListType::RpmHeader => {
            Err(Cause::SignatureOfOtherKind.into())
        }
        Signature::OpenPgp(signature) => {
            SignerId::new(openpgp::verify(trust, data, &signature)?.id())
        }
    }
}

/// Verifies `signature` over `data`, a key file, and returns the key in the keyring that made it.
/// May sleep.
///
/// # Errors
///
/// [`Cause::UnknownKey`] also for a key whose certificate comes along: a key that was added hangs
/// on one that is there.
pub(super) fn verify_key_file(
    trust: &Trust,
    data: &[u8],
    signature: &[u8],
) -> Result<Arc<Anchor>, Reason> {
    match Signature::parse(signature)? {
        Signature::Pkcs7(message) => {
            Signed::parse(trust, data, message, Use::CmsKeyFile)?.by_anchor(trust)
        }
        Signature::Ima(signature) => ima::verify(trust, data, &signature, Use::ImaKeyFile),
        Signature::OpenPgp(_) => Err(Cause::SignatureOfOtherKind.into()),
    }
}

impl Trust {
    /// Whether a trusted key signed a file with this digest. May sleep.
    pub(crate) fn verify_digest(&self, signature: &ImaSignature<'_>, digest: &Digest) -> bool {
        ima::verify_digest(self, signature, digest, Use::ImaContent).is_ok()
    }

    /// Whether the PKCS#7 message `signature`, which stood at the end of a file, is a trusted key's
    /// over what stood before. A key of the kernel's keyrings needs no certificate there: with
    /// these signatures the kernel loads modules itself, and asks no more. May sleep.
    pub(crate) fn verify_appended(&self, signed: &[u8], signature: &[u8]) -> bool {
        matches!(
            pkcs7::verify(self, signed, signature, Use::CmsModule),
            Ok(_) | Err(Reason::Cause(Cause::CertificateMissing))
        )
    }
}
