// SPDX-License-Identifier: GPL-2.0

//! Key files: a trusted key vouches for their keys by a signature over the file.
//!
//! A fixed first line, then one certificate: X.509 in DER, or OpenPGP in packets. The line keeps
//! signatures made for other purposes from counting, such as those of a package's files, which may
//! be certificates.

use crate::refusal::{
    Cause,
    Result, //
};

/// What a key file begins with.
pub const MAGIC: &[u8] = b"digest_lists key\n";

/// The content of a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFile<'a> {
    /// An X.509 certificate, not parsed.
    X509(&'a [u8]),
    /// An OpenPGP certificate, not parsed.
    OpenPgp(&'a [u8]),
}

impl<'a> KeyFile<'a> {
    /// Tells the kind of certificate in the key file `data`.
    ///
    /// # Errors
    ///
    /// [`Cause::BadMagic`] if it is not a key file, and those of [`KeyFile::of_certificate`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        Self::of_certificate(data.strip_prefix(MAGIC).ok_or(Cause::BadMagic)?)
    }

    /// Tells the kind of the certificate `data` by its first byte.
    ///
    /// # Errors
    ///
    /// [`Cause::Empty`]; [`Cause::BadKey`] for anything else, armor in particular.
    pub fn of_certificate(data: &'a [u8]) -> Result<Self> {
        match data {
            [] => Err(Cause::Empty),
            [0x30, ..] => Ok(Self::X509(data)),
            [0x80..=0xff, ..] => Ok(Self::OpenPgp(data)),
            _ => Err(Cause::BadKey),
        }
    }

    /// The certificate.
    pub const fn certificate(&self) -> &'a [u8] {
        match self {
            Self::X509(data) | Self::OpenPgp(data) => data,
        }
    }
}
