// SPDX-License-Identifier: GPL-2.0

//! The format of the signature in `DATA_SIGNATURE` of metadata, from its bytes.
//!
//! Lists of all types may have detached PKCS#7 or IMA signatures, version 2. An RPM header may also
//! have the vendor's OpenPGP signature. Each is over the list file.

use crate::{
    asn1,
    cursor::Cursor,
    ima_sig::{
        self,
        ImaSignature, //
    },
    openpgp,
    refusal::{
        Cause,
        Result, //
    },
};

/// A signature of a list file.
#[derive(Clone, Copy, Debug)]
pub enum Signature<'a> {
    /// PKCS#7 or CMS in DER. Only its beginning was checked; the kernel parses it.
    Pkcs7(&'a [u8]),
    /// An IMA signature, version 2.
    Ima(ImaSignature<'a>),
    /// An OpenPGP signature.
    OpenPgp(openpgp::Signature<'a>),
}

/// A format of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// PKCS#7 or CMS.
    Pkcs7,
    /// IMA, version 2.
    Ima,
    /// OpenPGP.
    OpenPgp,
}

impl Kind {
    /// The name shown to users.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pkcs7 => "pkcs7",
            Self::Ima => "ima",
            Self::OpenPgp => "openpgp",
        }
    }
}

impl core::fmt::Display for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// The object identifier `signedData` of PKCS#7, as an element.
const SIGNED_DATA: [u8; 11] = [
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,
];

impl<'a> Signature<'a> {
    /// The format of `data`, by their first bytes.
    ///
    /// # Errors
    ///
    /// [`Cause::UnknownSignature`].
    pub fn detect(data: &[u8]) -> Result<Kind> {
        match data {
            [0x30, ..] => Ok(Kind::Pkcs7),
            [ima_sig::MAGIC, ..] => Ok(Kind::Ima),
            // A signature packet with the old and with the new header.
            [0x88..=0x8b | 0xc2, ..] => Ok(Kind::OpenPgp),
            _ => Err(Cause::UnknownSignature),
        }
    }

    /// Reads a signature of any format.
    ///
    /// # Errors
    ///
    /// [`Cause::UnknownSignature`], [`Cause::BadSignature`] and [`Cause::TrailingBytes`] for
    /// PKCS#7, and those of [`ImaSignature::parse`] and [`openpgp::Signature::parse`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        match Self::detect(data)? {
            Kind::Pkcs7 => check_pkcs7(data).map(|()| Self::Pkcs7(data)),
            Kind::Ima => ImaSignature::parse(data).map(Self::Ima),
            Kind::OpenPgp => openpgp::Signature::parse(data).map(Self::OpenPgp),
        }
    }

    /// The format.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Pkcs7(_) => Kind::Pkcs7,
            Self::Ima(_) => Kind::Ima,
            Self::OpenPgp(_) => Kind::OpenPgp,
        }
    }
}

/// Checks that `data` is one DER sequence that starts as `signedData` does.
fn check_pkcs7(data: &[u8]) -> Result {
    let mut cursor = Cursor::new(data);
    cursor.u8()?;
    let mut content = Cursor::new(asn1::after_tag(&mut cursor)?);
    cursor.finish()?;
    match content.array() {
        Ok(SIGNED_DATA) => Ok(()),
        _ => Err(Cause::BadSignature),
    }
}
