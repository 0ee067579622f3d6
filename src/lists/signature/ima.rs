// SPDX-License-Identifier: GPL-2.0

//! IMA signatures, version 2: the file's digest, signed by a key whose identifier ends with four
//! given bytes.

use crate::{
    lists::trust::{
        Algorithm,
        Anchor,
        KeyId,
        Trust,
        Use, //
    },
    reason::Reason,
    sys::sha, //
};
use digest_logic::{
    digest::Digest,
    ima_sig::ImaSignature,
    refusal::Cause, //
};
use kernel::sync::Arc;

/// Verifies `signature` of `data` for `purpose`. May sleep.
pub(super) fn verify(
    trust: &Trust,
    data: &[u8],
    signature: &ImaSignature<'_>,
    purpose: Use,
) -> Result<Arc<Anchor>, Reason> {
    let digest = sha::digest(signature.hash, data).ok_or(Cause::UnknownAlgorithm)?;
    verify_digest(trust, signature, &digest, purpose)
}

/// Verifies `signature` of `digest`, whose algorithm the signature names. These signatures have no
/// time. May sleep.
pub(crate) fn verify_digest(
    trust: &Trust,
    signature: &ImaSignature<'_>,
    digest: &Digest,
    purpose: Use,
) -> Result<Arc<Anchor>, Reason> {
    let signer = trust.signer(
        KeyId::Suffix(&signature.key_id),
        purpose,
        trust.moment(None),
    )?;
    let encoding = match signer.algorithm {
        Algorithm::Rsa { .. } => c"pkcs1",
        Algorithm::Ecdsa => c"x962",
    };
    signer
        .key
        .verify(encoding, digest, signature.signature)
        .map_err(Reason::of_verification)?;
    Ok(signer)
}
