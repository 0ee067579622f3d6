// SPDX-License-Identifier: GPL-2.0

//! IMA signatures, version 2: the digest of the file, signed by the key whose identifier ends with four given bytes.

use super::hash_name;
use crate::{
    lists::{
        reason::Reason,
        trust::{
            Algorithm,
            Anchor,
            KeyId,
            Trust, //
        },
    },
    sys::sha, //
};
use digest_logic::{
    digest::Digest,
    error::Error as Cause,
    ima_sig::ImaSignature, //
};
use kernel::sync::Arc;

pub(super) fn verify(
    trust: &Trust,
    data: &[u8],
    signature: &ImaSignature<'_>,
) -> Result<Arc<Anchor>, Reason> {
    let digest = sha::digest(signature.hash, data).ok_or(Cause::UnknownAlgorithm)?;
    verify_digest(trust, signature, &digest)
}

/// Verifies `signature` of `digest`, which is by the algorithm that the signature names. May sleep.
pub(crate) fn verify_digest(
    trust: &Trust,
    signature: &ImaSignature<'_>,
    digest: &Digest,
) -> Result<Arc<Anchor>, Reason> {
    let signer = trust.signer(KeyId::Suffix(&signature.key_id))?;
    let encoding = match signer.algorithm {
        Algorithm::Rsa { .. } => c"pkcs1",
        Algorithm::Ecdsa => c"x962",
    };
    signer
        .key
        .verify(
            encoding,
            hash_name(signature.hash),
            digest.as_bytes(),
            signature.signature,
        )
        .map_err(Reason::of_verification)?;
    Ok(signer)
}
