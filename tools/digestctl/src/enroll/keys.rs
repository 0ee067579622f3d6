// SPDX-License-Identifier: GPL-2.0

//! How the keys of an enrolment are told from others.

use anyhow::Result;
use digest_logic::{
    digest::Digest,
    evidence::public::Public, //
};

use crate::evidence::crypto::{
    sha256,
    AttestationKey,
    Hashes, //
};

/// By what an endorsement key is known: the SHA-256 of its `SubjectPublicKeyInfo` in DER.
pub(super) fn digest(public: &Public<'_>) -> Result<Digest> {
    Ok(sha256(&AttestationKey::new(&public.key)?.to_der()?))
}

/// The name that the TPM has for the key with the public part `data`.
pub(super) fn name(data: &[u8]) -> Result<Vec<u8>> {
    let (id, digest) = Public::parse(data)?.name(data, &Hashes);
    Ok([&id, digest.as_bytes()].concat())
}
