// SPDX-License-Identifier: GPL-2.0

//! Which keys may become trusted ones, whatever vouches for them: by their kind, their size, the
//! signature and the extensions of their certificate.
//!
//! The module asks this before it takes a key, and the tool to say beforehand what the module will
//! do. What only the kernel knows is not asked here: its blacklist, its clock, and which keys were
//! revoked. The tool reads from a certificate what the kernel's parser tells the module.

use crate::{
    asn1::{
        content,
        optional,
        BIT_STRING,
        BOOLEAN,
        OBJECT_IDENTIFIER,
        SEQUENCE, //
    },
    cursor::Cursor,
    openpgp::{
        CertifiedKey,
        Material,
        PublicKeyAlgo,
        WeakHash, //
    },
    refusal::{
        Cause,
        Result, //
    },
    x509::{
        algo_from_oid,
        check_key,
        extension,
        Outline,
        Purpose,
        BASIC_CONSTRAINTS,
        KEY_USAGE, //
    }, //
};

/// How a key comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In a certificate that a trusted key, or the kernel, has signed.
    Certificate,
    /// In a key file that a trusted key has signed.
    KeyFile,
}

/// What a certificate lets its key do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Sign data.
    pub sign: bool,
    /// Sign certificates.
    pub certify: bool,
}

impl Usage {
    /// Refuses a key that comes in this way and could do nothing.
    ///
    /// # Errors
    ///
    /// [`Cause::KeyUsage`].
    pub const fn check(self, way: Way) -> Result {
        match (way, self.sign, self.certify) {
            (_, true, _) | (Way::Certificate, _, true) => Ok(()),
            _ => Err(Cause::KeyUsage),
        }
    }

    /// That of the certificate `der`. For the tool: the module gets it from the kernel.
    ///
    /// # Errors
    ///
    /// [`Cause::BadKey`].
    pub fn of_certificate(der: &[u8]) -> Result<Self> {
        Self::read(der).map_err(|_| Cause::BadKey)
    }

    fn read(der: &[u8]) -> Result<Self> {
        let usage = match extension(der, KEY_USAGE)? {
            Some(usage) => content(&mut Cursor::new(usage), BIT_STRING)?,
            None => &[],
        };
        let authority = match extension(der, BASIC_CONSTRAINTS)? {
            Some(value) => {
                let fields = content(&mut Cursor::new(value), SEQUENCE)?;
                optional(&mut Cursor::new(fields), BOOLEAN)?.is_some_and(|flag| flag != [0])
            }
            None => false,
        };
        // The number of bits that are not used comes first.
        let has = |bit: u8| usage.get(1).is_some_and(|first| first & bit != 0);
        Ok(Self {
            sign: has(0x80),
            certify: has(0x04) && authority,
        })
    }
}

/// Refuses the certificate `der` by its key, its own signature and its extensions, or tells what
/// these allow. The errors are those of [`check`] and [`Purpose::of_certificate`].
pub fn judge(der: &[u8]) -> Result<Purpose> {
    check(der)?;
    Purpose::of_certificate(der)
}

/// Refuses the certificate `der` by its key and its own signature.
///
/// # Errors
///
/// Those of [`check_key`]; [`Cause::WeakSignatureHash`] and [`Cause::UnverifiableSignature`] for
/// its signature. One of a kind that is not known here is left to the kernel.
pub fn check(der: &[u8]) -> Result {
    check_key(der)?;
    let oid = signature_oid(der).map_err(|_| Cause::BadKey)?;
    match oid {
        // RSA with MD2, MD4 and MD5, and with SHA-1; ECDSA with SHA-1; DSA is none that is
        // verified.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 2..=4] => {
            return Err(Cause::WeakSignatureHash(WeakHash::Md5))
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 5]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] => {
            return Err(Cause::WeakSignatureHash(WeakHash::Sha1))
        }
        _ => (),
    }
    match algo_from_oid(oid) {
        // Which of these the kernel verifies depends on how it was built.
        PublicKeyAlgo::Rsa | PublicKeyAlgo::Ecdsa => Ok(()),
        PublicKeyAlgo::MlDsa | PublicKeyAlgo::Unknown => Ok(()),
        algo => Err(Cause::UnverifiableSignature(algo)),
    }
}

/// The object identifier of the signature's algorithm, as the signed part names it.
fn signature_oid(der: &[u8]) -> Result<&[u8]> {
    content(
        &mut Cursor::new(Outline::read(der)?.signature),
        OBJECT_IDENTIFIER,
    )
}

/// The numbers of a key of an OpenPGP certificate, if it may sign data.
///
/// # Errors
///
/// [`Cause::KeyUsage`], [`Cause::KeyRevoked`], and those of
/// [`PublicKey::material`](crate::openpgp::PublicKey::material).
pub fn material<'a>(key: &CertifiedKey<'a>) -> Result<Material<'a>> {
    if !key.signs {
        return Err(Cause::KeyUsage);
    }
    if key.revoked {
        return Err(Cause::KeyRevoked);
    }
    key.key.material()
}
