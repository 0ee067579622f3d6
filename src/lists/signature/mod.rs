// SPDX-License-Identifier: GPL-2.0

//! Verification of signatures.
//!
//! Three formats have a file each. `digest_logic` parses, and the kernel does the cryptography.
//! [`super::trust`] tells which keys are trusted, and for what.

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

/// Verifies the non-empty `signature` over `data`, a list of type `list_type`. May sleep.
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
        // Vendors sign headers with OpenPGP. Over other data such a signature would have another
        // meaning.
        Signature::OpenPgp(_) if list_type != ListType::RpmHeader => {
            Err(Cause::SignatureOfOtherKind.into())
        }
        Signature::OpenPgp(signature) => {
            SignerId::new(openpgp::verify(trust, data, &signature)?.id())
        }
    }
}

/// Verifies `signature` over the key file `data`. Returns the key in the keyring that signed. May
/// sleep.
///
/// # Errors
///
/// [`Cause::UnknownKey`] also if the certificate of the signer comes in the signature: a new key
/// needs one in the keyring.
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

    /// Whether the PKCS#7 message `signature` from the end of a file is by a trusted key over
    /// `signed`. A key of the kernel's keyrings needs no certificate here: the kernel itself loads
    /// modules with such signatures. May sleep.
    pub(crate) fn verify_appended(&self, signed: &[u8], signature: &[u8]) -> bool {
        matches!(
            pkcs7::verify(self, signed, signature, Use::CmsModule),
            Ok(_) | Err(Reason::Cause(Cause::CertificateMissing))
        )
    }
}
