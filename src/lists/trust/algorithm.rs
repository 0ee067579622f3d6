// SPDX-License-Identifier: GPL-2.0

//! The algorithm of a key, and the fingerprint that tells it from other keys.

use crate::{
    reason::Reason,
    sys::{
        sha::Hasher,
        x509::PublicKey, //
    },
};
use core::fmt;
use digest_logic::{
    cms::rsa_modulus,
    digest::Digest,
    refusal::Cause,
    x509, //
};

/// The algorithm of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::lists) enum Algorithm {
    /// RSA.
    Rsa {
        /// The length of the modulus.
        bits: usize,
    },
    /// ECDSA over P-256, P-384 or P-521.
    Ecdsa,
}

impl Algorithm {
    /// The algorithm, if the key is strong enough and the kernel can verify its signatures.
    pub(super) fn of(key: &PublicKey<'_>) -> Result<Self, Reason> {
        match key.algo() {
            "rsa" => match rsa_modulus(key.as_bytes())?.bits() {
                bits if bits < x509::MIN_RSA_BITS => Err(Cause::WeakKey.into()),
                bits => Ok(Self::Rsa { bits }),
            },
            "ecdsa-nist-p256" | "ecdsa-nist-p384" | "ecdsa-nist-p521" => Ok(Self::Ecdsa),
            name => Err(Cause::UnverifiableSignature(x509::algo_from_kernel_name(name)).into()),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "rsa{bits}"),
            Self::Ecdsa => f.write_str("ecdsa"),
        }
    }
}

/// A public key, independent of its certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(Digest);

impl Fingerprint {
    /// The fingerprint of `key`. For an RSA key it is that of the modulus: a signer for one
    /// exponent can sign for any.
    pub(super) fn of(key: &PublicKey<'_>) -> Result<Self, Reason> {
        let mut hash = Hasher::sha256();
        hash.update(key.algo().as_bytes());
        hash.update(&[0]);
        hash.update(match key.algo() {
            "rsa" => rsa_modulus(key.as_bytes())?.digits(),
            _ => key.as_bytes(),
        });
        Ok(Self(hash.finish()))
    }
}
