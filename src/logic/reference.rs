// SPDX-License-Identifier: GPL-2.0

//! The reference value of a file: its extended attribute `security.ima`.
//!
//! | first byte | what follows |
//! |------------|--------------|
//! | 1 | a digest of 20 bytes, SHA-1, or of 16, MD5 (`IMA_XATTR_DIGEST`) |
//! | 3 | a signature of the content's digest; see [`crate::ima_sig`] (`EVM_IMA_XATTR_DIGSIG`) |
//! | 4 | the algorithm, numbered as in `include/uapi/linux/hash_info.h`, and the digest (`IMA_XATTR_DIGEST_NG`) |
//! | 6 | a signature of the file's fs-verity digest (`IMA_VERITY_DIGSIG`) |
//!
//! Source: `enum evm_ima_xattr_type` in `security/integrity/integrity.h` of the kernel.

use crate::{
    cursor::Sink,
    digest::Digest,
    hash_algo::{
        HashAlgo,
        MAX_DIGEST_SIZE, //
    },
    ima_sig::{
        ImaSignature,
        MAGIC as SIGNATURE, //
    },
    refusal::{
        Cause,
        Result, //
    },
};

const OLD_DIGEST: u8 = 1;
const DIGEST: u8 = 4;
const VERITY_SIGNATURE: u8 = 6;
/// Of `security.evm`.
const PORTABLE_SIGNATURE: u8 = 5;

/// The longest value of a digest in `security.ima`.
pub const MAX_DIGEST_VALUE: usize = MAX_DIGEST_SIZE + 2;

/// What `security.ima` says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// The digest of its content.
    Digest(Digest),
    /// A signature of it.
    Signature(ImaSignature<'a>),
}

impl<'a> Reference<'a> {
    /// Reads the value of `security.ima`.
    ///
    /// # Errors
    ///
    /// [`Cause::WeakAlgorithm`] for MD5 and SHA-1, [`Cause::SignatureOfOtherKind`] for a signature
    /// of the fs-verity digest, [`Cause::BadMagic`] for any other kind of value,
    /// [`Cause::BadDigestSize`], and those of [`ImaSignature::parse`].
    pub fn parse(value: &'a [u8]) -> Result<Self> {
        match value {
            [] => Err(Cause::Truncated),
            [OLD_DIGEST, ..] => Err(Cause::WeakAlgorithm),
            [SIGNATURE, ..] => ImaSignature::parse(value).map(Self::Signature),
            [VERITY_SIGNATURE, ..] => Err(Cause::SignatureOfOtherKind),
            [DIGEST] => Err(Cause::Truncated),
            [DIGEST, algo, digest @ ..] => {
                let algo = HashAlgo::from_id((*algo).into())?.strong()?;
                Digest::new(algo, digest).map(Self::Digest)
            }
            _ => Err(Cause::BadMagic),
        }
    }
}

/// Whether a value of `security.ima` is a signature, good or not.
pub fn is_signature(value: &[u8]) -> bool {
    matches!(value.first(), Some(&(SIGNATURE | VERITY_SIGNATURE)))
}

/// Whether a value of `security.evm` is a signature of metadata that holds wherever the file is
/// copied to (`EVM_XATTR_PORTABLE_DIGSIG`), good or not.
pub fn is_portable_signature(value: &[u8]) -> bool {
    value.first() == Some(&PORTABLE_SIGNATURE)
}

/// Writes the value of `security.ima` that says `digest`.
///
/// # Errors
///
/// Those of `sink`; [`MAX_DIGEST_VALUE`] bytes are enough.
pub fn write_digest(digest: &Digest, sink: &mut (impl Sink + ?Sized)) -> Result {
    let algo = u8::try_from(digest.algo().id()).map_err(|_| Cause::UnknownAlgorithm)?;
    sink.put(&[DIGEST, algo])?;
    sink.put(digest.as_bytes())
}
