// SPDX-License-Identifier: GPL-2.0

//! IMA's signatures, version 2: what `evmctl sign` makes.
//!
//! | bytes | field |
//! |-------|-------|
//! | 1     | 3, a signature of content (`EVM_IMA_XATTR_DIGSIG`) |
//! | 1     | 2, the version |
//! | 1     | hash algorithm, numbered as in `include/uapi/linux/hash_info.h` |
//! | 4     | id of the key: the end of its subject key identifier |
//! | 2     | length of the signature, big endian |
//! | n     | the signature |
//!
//! Source: `struct signature_v2_hdr` in `security/integrity/integrity.h` of the kernel.

use crate::{
    cursor::Cursor,
    hash_algo::HashAlgo,
    refusal::{
        Cause,
        Result, //
    },
};

/// The first byte of a signature of content.
pub const MAGIC: u8 = 3;

/// A signature of a list file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImaSignature<'a> {
    /// The hash algorithm of the file's digest.
    pub hash: HashAlgo,
    /// The id of the key.
    pub key_id: [u8; 4],
    /// The signature of the digest, as the kernel's crypto needs it.
    pub signature: &'a [u8],
}

impl<'a> ImaSignature<'a> {
    /// Reads a signature and nothing else.
    ///
    /// # Errors
    ///
    /// [`Cause::BadMagic`], [`Cause::BadVersion`], [`Cause::UnknownAlgorithm`],
    /// [`Cause::WeakAlgorithm`], [`Cause::BadSignature`] if it is empty, [`Cause::Truncated`],
    /// [`Cause::TrailingBytes`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        if cursor.u8()? != MAGIC {
            return Err(Cause::BadMagic);
        }
        if cursor.u8()? != 2 {
            return Err(Cause::BadVersion);
        }
        let hash = HashAlgo::from_id(cursor.u8()?.into())?.strong()?;
        let key_id = cursor.array()?;
        let len = cursor.u16_be()?;
        let signature = cursor.take(len.into())?;
        cursor.finish()?;
        if signature.is_empty() {
            return Err(Cause::BadSignature);
        }
        Ok(Self {
            hash,
            key_id,
            signature,
        })
    }
}
