// SPDX-License-Identifier: GPL-2.0

//! The numbers of public key and hash algorithms in OpenPGP packets.

use crate::{
    hash_algo::HashAlgo,
    refusal::{
        Cause,
        Result, //
    },
};

/// A public key algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKeyAlgo {
    /// RSA with PKCS#1 version 1.5 padding (1, 3).
    Rsa,
    /// RSA for encryption only (2).
    RsaEncrypt,
    /// Elgamal (16).
    Elgamal,
    /// DSA (17).
    Dsa,
    /// ECDH (18).
    Ecdh,
    /// ECDSA (19).
    Ecdsa,
    /// EdDSA in its older encoding (22).
    EdDsa,
    /// X25519 (25).
    X25519,
    /// X448 (26).
    X448,
    /// Ed25519 (27).
    Ed25519,
    /// Ed448 (28).
    Ed448,
    /// ML-DSA-65 with Ed25519 (30).
    MlDsa65Ed25519,
    /// ML-DSA-87 with Ed448 (31).
    MlDsa87Ed448,
    /// ML-DSA by itself. Only X.509 has it.
    MlDsa,
    /// SLH-DSA, in OpenPGP with SHAKE (32, 33, 34).
    SlhDsa,
    /// RSA with PSS padding. Only X.509 has it.
    RsaPss,
    /// ML-KEM with X25519 or X448 (35, 36).
    MlKem,
    /// Any other.
    Unknown,
}

impl PublicKeyAlgo {
    /// The algorithm with this number.
    pub const fn from_id(id: u8) -> Self {
        match id {
            1 | 3 => Self::Rsa,
            2 => Self::RsaEncrypt,
            16 => Self::Elgamal,
            17 => Self::Dsa,
            18 => Self::Ecdh,
            19 => Self::Ecdsa,
            22 => Self::EdDsa,
            25 => Self::X25519,
            26 => Self::X448,
            27 => Self::Ed25519,
            28 => Self::Ed448,
            30 => Self::MlDsa65Ed25519,
            31 => Self::MlDsa87Ed448,
            32..=34 => Self::SlhDsa,
            35 | 36 => Self::MlKem,
            _ => Self::Unknown,
        }
    }

    /// The name shown to users.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::RsaEncrypt => "RSA (encryption)",
            Self::Elgamal => "Elgamal",
            Self::Dsa => "DSA",
            Self::Ecdh => "ECDH",
            Self::Ecdsa => "ECDSA",
            Self::EdDsa => "EdDSA",
            Self::X25519 => "X25519",
            Self::X448 => "X448",
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
            Self::MlDsa65Ed25519 => "ML-DSA-65+Ed25519",
            Self::MlDsa87Ed448 => "ML-DSA-87+Ed448",
            Self::MlDsa => "ML-DSA",
            Self::SlhDsa => "SLH-DSA",
            Self::RsaPss => "RSA-PSS",
            Self::MlKem => "ML-KEM",
            Self::Unknown => "unknown",
        }
    }

    /// The algorithm itself if the kernel can verify its signatures.
    ///
    /// # Errors
    ///
    /// [`Cause::UnverifiableSignature`].
    pub const fn verifiable(self) -> Result<Self> {
        match self {
            Self::Rsa | Self::Ecdsa => Ok(self),
            _ => Err(Cause::UnverifiableSignature(self)),
        }
    }

    /// Why a signature of this algorithm is refused.
    pub(crate) const fn unverifiable(self) -> &'static str {
        match self {
            Self::Dsa => "the kernel cannot verify DSA signatures",
            Self::EdDsa => "the kernel cannot verify EdDSA signatures",
            Self::Ed25519 => "the kernel cannot verify Ed25519 signatures",
            Self::Ed448 => "the kernel cannot verify Ed448 signatures",
            Self::MlDsa65Ed25519 => {
                "the kernel cannot verify ML-DSA-65+Ed25519 (post-quantum) signatures"
            }
            Self::MlDsa87Ed448 => {
                "the kernel cannot verify ML-DSA-87+Ed448 (post-quantum) signatures"
            }
            Self::MlDsa => "the kernel cannot verify ML-DSA (post-quantum) signatures",
            Self::SlhDsa => "the kernel cannot verify SLH-DSA (post-quantum) signatures",
            Self::RsaPss => "the kernel cannot verify RSA-PSS signatures",
            Self::Ecdsa => {
                "the kernel cannot verify ECDSA signatures on this curve or over this hash"
            }
            Self::Elgamal => "the kernel cannot verify Elgamal signatures",
            Self::RsaEncrypt | Self::Ecdh | Self::X25519 | Self::X448 | Self::MlKem => {
                "a key of this algorithm signs nothing"
            }
            Self::Rsa | Self::Unknown => "the kernel cannot verify signatures of this algorithm",
        }
    }
}

impl core::fmt::Display for PublicKeyAlgo {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// A hash algorithm too weak for signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakHash {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// RIPEMD-160.
    Ripemd160,
}

impl WeakHash {
    /// Why a signature over this hash is refused.
    pub(crate) const fn refused(self) -> &'static str {
        match self {
            Self::Md5 => "the signature is over MD5: too weak",
            Self::Sha1 => "the signature is over SHA-1: too weak",
            Self::Ripemd160 => "the signature is over RIPEMD-160: too weak",
        }
    }
}

/// The hash algorithm with this number in OpenPGP, and in RPM headers.
///
/// # Errors
///
/// [`Cause::WeakSignatureHash`], [`Cause::UnknownAlgorithm`].
pub const fn hash_from_id(id: u8) -> Result<HashAlgo> {
    match id {
        1 => Err(Cause::WeakSignatureHash(WeakHash::Md5)),
        2 => Err(Cause::WeakSignatureHash(WeakHash::Sha1)),
        3 => Err(Cause::WeakSignatureHash(WeakHash::Ripemd160)),
        8 => Ok(HashAlgo::Sha256),
        9 => Ok(HashAlgo::Sha384),
        10 => Ok(HashAlgo::Sha512),
        _ => Err(Cause::UnknownAlgorithm),
    }
}
