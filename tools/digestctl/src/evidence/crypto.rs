// SPDX-License-Identifier: GPL-2.0

//! Hashes and the signatures of quotes.

use std::path::Path;

use anyhow::{
    anyhow,
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::Digest,
    evidence::{
        public::{
            Curve,
            Key,
            Public, //
        },
        replay::Hasher,
        tpm_signature::{
            TpmSignature,
            Value, //
        }, //
    },
    hash_algo::HashAlgo, //
};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{
    pkcs8::{
        DecodePublicKey,
        EncodePublicKey,
        LineEnding, //
    },
    traits::PublicKeyParts,
    BigUint,
    Pkcs1v15Sign,
    Pss,
    RsaPublicKey, //
};
use sha1::Sha1;
use sha2::{
    Sha256,
    Sha384,
    Sha512, //
};

use crate::{
    format,
    report::quoted, //
};

/// The hashes of this program.
pub(crate) struct Hashes;

impl Hasher for Hashes {
    fn hash(&self, algo: HashAlgo, parts: &[&[u8]]) -> Digest {
        fn of<D: sha2::Digest>(algo: HashAlgo, parts: &[&[u8]]) -> Digest {
            let mut hasher = D::new();
            for part in parts {
                hasher.update(part);
            }
            Digest::new(algo, &hasher.finalize()).unwrap_or(Digest::zero(algo))
        }
        match algo {
            HashAlgo::Sha1 => of::<Sha1>(algo, parts),
            HashAlgo::Sha256 => of::<Sha256>(algo, parts),
            HashAlgo::Sha384 => of::<Sha384>(algo, parts),
            HashAlgo::Sha512 => of::<Sha512>(algo, parts),
        }
    }
}

/// The SHA-256 of `data`.
pub(crate) fn sha256(data: &[u8]) -> Digest {
    Hashes.hash(HashAlgo::Sha256, &[data])
}

/// The public key of an attestation key, or of an endorsement key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttestationKey {
    Rsa(RsaPublicKey),
    P256(p256::PublicKey),
    P384(p384::PublicKey),
}

impl AttestationKey {
    /// The one with these numbers.
    pub(crate) fn new(key: &Key<'_>) -> Result<Self> {
        match key {
            Key::Rsa { modulus, exponent } => RsaPublicKey::new(
                BigUint::from_bytes_be(modulus),
                BigUint::from(*exponent), //
            )
            .map(Self::Rsa)
            .map_err(|error| anyhow!("no RSA key: {error}")),
            Key::Ecc { curve, x, y } => {
                let size = match curve {
                    Curve::P256 => 32,
                    Curve::P384 => 48,
                };
                let point = [vec![4], padded(x, size)?, padded(y, size)?].concat();
                match curve {
                    Curve::P256 => p256::PublicKey::from_sec1_bytes(&point).map(Self::P256),
                    Curve::P384 => p384::PublicKey::from_sec1_bytes(&point).map(Self::P384),
                }
                .map_err(|_| anyhow!("no point of its curve"))
            }
        }
    }

    /// A digest of its numbers, in which form ever the key was told: the form is the machine's
    /// choice.
    pub(crate) fn digest(&self) -> Digest {
        let (kind, numbers) = match self {
            Self::Rsa(key) => {
                let parts = [key.n().to_bytes_be(), key.e().to_bytes_be()];
                let parts = parts.map(|part| sha256(&part).as_bytes().to_vec());
                ("rsa", parts.concat())
            }
            Self::P256(key) => ("p256", key.to_sec1_bytes().to_vec()),
            Self::P384(key) => ("p384", key.to_sec1_bytes().to_vec()),
        };
        Hashes.hash(HashAlgo::Sha256, &[kind.as_bytes(), &numbers])
    }

    /// Reads a file: PEM, or `TPMT_PUBLIC` or `TPM2B_PUBLIC` of tpm2-tools.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let data = format::read(path)?;
        Self::of_file(&data).with_context(|| {
            format!(
                "{} is no public key of an attestation key, neither in PEM nor as tpm2_readpublic writes it",
                quoted(path)
            )
        })
    }

    fn of_file(data: &[u8]) -> Result<Self> {
        // What stands before is for people.
        if let Some((start, text)) = std::str::from_utf8(data)
            .ok()
            .and_then(|text| Some((text.find("-----BEGIN")?, text)))
        {
            return Self::of_pem(text.get(start..).unwrap_or_default());
        }
        let public = Public::parse(Public::without_size(data))?;
        if !public.is_attestation_key() {
            bail!("the key is not restricted to what its TPM states");
        }
        Self::new(&public.key)
    }

    /// Reads a `SubjectPublicKeyInfo` in PEM.
    pub(crate) fn of_pem(pem: &str) -> Result<Self> {
        RsaPublicKey::from_public_key_pem(pem)
            .map(Self::Rsa)
            .or_else(|_| p256::PublicKey::from_public_key_pem(pem).map(Self::P256))
            .or_else(|_| p384::PublicKey::from_public_key_pem(pem).map(Self::P384))
            .map_err(|_| anyhow!("neither RSA nor ECDSA over P-256 or P-384"))
    }

    /// As a `SubjectPublicKeyInfo` in DER.
    pub(crate) fn to_der(&self) -> Result<Vec<u8>> {
        match self {
            Self::Rsa(key) => key.to_public_key_der(),
            Self::P256(key) => key.to_public_key_der(),
            Self::P384(key) => key.to_public_key_der(),
        }
        .map(|der| der.as_bytes().to_vec())
        .map_err(|error| anyhow!("the key cannot be written: {error}"))
    }

    /// As a `SubjectPublicKeyInfo` in PEM.
    pub(crate) fn to_pem(&self) -> Result<String> {
        match self {
            Self::Rsa(key) => key.to_public_key_pem(LineEnding::LF),
            Self::P256(key) => key.to_public_key_pem(LineEnding::LF),
            Self::P384(key) => key.to_public_key_pem(LineEnding::LF),
        }
        .map_err(|error| anyhow!("the key cannot be written: {error}"))
    }

    /// Whether `signature` is one of `data` by this key.
    pub(crate) fn verifies(&self, data: &[u8], signature: &TpmSignature<'_>) -> bool {
        let digest = Hashes.hash(signature.hash, &[data]);
        let digest = digest.as_bytes();
        match (self, signature.value) {
            (Self::Rsa(key), Value::RsaSsa(value)) => {
                key.size() >= 256 && {
                    let scheme = match signature.hash {
                        HashAlgo::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
                        HashAlgo::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
                        _ => Pkcs1v15Sign::new::<Sha256>(),
                    };
                    key.verify(scheme, digest, value).is_ok()
                }
            }
            // A TPM's salt is as long as the hash, or as there is room for.
            (Self::Rsa(key), Value::RsaPss(value)) => {
                let longest = key.size().saturating_sub(digest.len() + 2);
                key.size() >= 256
                    && [digest.len(), longest].into_iter().any(|salt| {
                        let scheme = match signature.hash {
                            HashAlgo::Sha384 => Pss::new_with_salt::<Sha384>(salt),
                            HashAlgo::Sha512 => Pss::new_with_salt::<Sha512>(salt),
                            _ => Pss::new_with_salt::<Sha256>(salt),
                        };
                        key.verify(scheme, digest, value).is_ok()
                    })
            }
            (Self::P256(key), Value::Ecdsa { r, s }) => both(r, s, 32)
                .and_then(|bytes| p256::ecdsa::Signature::from_slice(&bytes).ok())
                .is_some_and(|value| {
                    p256::ecdsa::VerifyingKey::from(key)
                        .verify_prehash(digest, &value)
                        .is_ok()
                }),
            (Self::P384(key), Value::Ecdsa { r, s }) => both(r, s, 48)
                .and_then(|bytes| p384::ecdsa::Signature::from_slice(&bytes).ok())
                .is_some_and(|value| {
                    p384::ecdsa::VerifyingKey::from(key)
                        .verify_prehash(digest, &value)
                        .is_ok()
                }),
            _ => false,
        }
    }
}

/// A number of exactly `size` bytes.
fn padded(number: &[u8], size: usize) -> Result<Vec<u8>> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = number.get(zeros..).unwrap_or_default();
    let missing = size
        .checked_sub(number.len())
        .context("the number is too long")?;
    Ok([&vec![0; missing], number].concat())
}

fn both(r: &[u8], s: &[u8], size: usize) -> Option<Vec<u8>> {
    Some([padded(r, size).ok()?, padded(s, size).ok()?].concat())
}
