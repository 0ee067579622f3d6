// SPDX-License-Identifier: GPL-2.0

//! The hash algorithms of digests, and their numbers in the formats.
//!
//! Nothing is hashed here. The kernel and the tool have their own implementations.

use crate::refusal::{
    Cause,
    Result, //
};

/// The size in bytes of the longest digest.
pub const MAX_DIGEST_SIZE: usize = 64;

/// A hash algorithm.
///
/// SHA-1 is only for template digests of the SHA-1 PCR bank. No parser accepts it for file content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgo {
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl HashAlgo {
    /// Every algorithm, by growing digest size.
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The algorithms that may identify file content, SHA-256 first: the order in which a file is
    /// hashed.
    pub const STRONG: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The position in [`Self::ALL`], for tables by algorithm.
    #[inline]
    pub const fn index(self) -> usize {
        match self {
            Self::Sha1 => 0,
            Self::Sha256 => 1,
            Self::Sha384 => 2,
            Self::Sha512 => 3,
        }
    }

    /// The algorithm with this number in `include/uapi/linux/hash_info.h`.
    ///
    /// # Errors
    ///
    /// [`Cause::WeakAlgorithm`] for MD4 and MD5, [`Cause::UnknownAlgorithm`] for any other number.
    pub const fn from_id(id: u16) -> Result<Self> {
        match id {
            0 | 1 => Err(Cause::WeakAlgorithm),
            2 => Ok(Self::Sha1),
            4 => Ok(Self::Sha256),
            5 => Ok(Self::Sha384),
            6 => Ok(Self::Sha512),
            _ => Err(Cause::UnknownAlgorithm),
        }
    }

    /// The number in `include/uapi/linux/hash_info.h`.
    pub const fn id(self) -> u16 {
        match self {
            Self::Sha1 => 2,
            Self::Sha256 => 4,
            Self::Sha384 => 5,
            Self::Sha512 => 6,
        }
    }

    /// The algorithm with this name.
    ///
    /// # Errors
    ///
    /// [`Cause::UnknownAlgorithm`].
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "sha1" => Ok(Self::Sha1),
            "sha256" => Ok(Self::Sha256),
            "sha384" => Ok(Self::Sha384),
            "sha512" => Ok(Self::Sha512),
            _ => Err(Cause::UnknownAlgorithm),
        }
    }

    /// The name as in the kernel's `hash_algo_name[]`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The size of a digest in bytes.
    #[inline]
    pub const fn digest_size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The `TPM_ALG_ID` (TCG Algorithm Registry), by which a PCR bank is named.
    pub const fn tpm_alg_id(self) -> u16 {
        match self {
            Self::Sha1 => 0x0004,
            Self::Sha256 => 0x000b,
            Self::Sha384 => 0x000c,
            Self::Sha512 => 0x000d,
        }
    }

    /// The algorithm with this `TPM_ALG_ID`.
    ///
    /// # Errors
    ///
    /// [`Cause::UnknownAlgorithm`].
    pub fn from_tpm_alg_id(id: u16) -> Result<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|algo| algo.tpm_alg_id() == id)
            .ok_or(Cause::UnknownAlgorithm)
    }

    /// Whether digests of this algorithm must not identify file content.
    pub const fn is_weak(self) -> bool {
        matches!(self, Self::Sha1)
    }

    /// The algorithm itself if it may identify file content.
    ///
    /// # Errors
    ///
    /// [`Cause::WeakAlgorithm`].
    pub const fn strong(self) -> Result<Self> {
        if self.is_weak() {
            Err(Cause::WeakAlgorithm)
        } else {
            Ok(self)
        }
    }

    /// The digest of empty content.
    ///
    /// No list may make it known: an empty file could replace any other without notice.
    pub const fn empty_digest(self) -> &'static [u8] {
        match self {
            Self::Sha1 => &EMPTY_SHA1,
            Self::Sha256 => &EMPTY_SHA256,
            Self::Sha384 => &EMPTY_SHA384,
            Self::Sha512 => &EMPTY_SHA512,
        }
    }
}

impl core::fmt::Display for HashAlgo {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

const EMPTY_SHA1: [u8; 20] = [
    0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55, 0xbf, 0xef, 0x95, 0x60, 0x18, 0x90,
    0xaf, 0xd8, 0x07, 0x09,
];

const EMPTY_SHA256: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

const EMPTY_SHA384: [u8; 48] = [
    0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e, 0xb1, 0xb1, 0xe3, 0x6a,
    0x21, 0xfd, 0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43, 0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6, 0xe1, 0xda,
    0x27, 0x4e, 0xde, 0xbf, 0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48, 0x98, 0xb9, 0x5b,
];

const EMPTY_SHA512: [u8; 64] = [
    0xcf, 0x83, 0xe1, 0x35, 0x7e, 0xef, 0xb8, 0xbd, 0xf1, 0x54, 0x28, 0x50, 0xd6, 0x6d, 0x80, 0x07,
    0xd6, 0x20, 0xe4, 0x05, 0x0b, 0x57, 0x15, 0xdc, 0x83, 0xf4, 0xa9, 0x21, 0xd3, 0x6c, 0xe9, 0xce,
    0x47, 0xd0, 0xd1, 0x3c, 0x5d, 0x85, 0xf2, 0xb0, 0xff, 0x83, 0x18, 0xd2, 0x87, 0x7e, 0xec, 0x2f,
    0x63, 0xb9, 0x31, 0xbd, 0x47, 0x41, 0x7a, 0x81, 0xa5, 0x38, 0x32, 0x7a, 0xf9, 0x27, 0xda, 0x3e,
];
