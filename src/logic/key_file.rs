// SPDX-License-Identifier: GPL-2.0

//! Key files: keys that a trusted key vouches for by a signature over the file.
//!
//! A line that says what the file is, then one certificate as it is: X.509 in DER, or OpenPGP in
//! packets. Without that line a signature that was made for another purpose would do: of a
//! package's files, say, some of which are certificates.

use crate::refusal::{
    Cause,
    Result, //
};

/// What a key file begins with.
pub const MAGIC: &[u8] = b"digest_lists key\n";

/// What a key file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFile<'a> {
    /// An X.509 certificate. Nothing of it was read.
    X509(&'a [u8]),
    /// An OpenPGP certificate. Nothing of it was read.
    OpenPgp(&'a [u8]),
}

impl<'a> KeyFile<'a> {
    /// Tells what `data`, a key file, hold.
    ///
    /// # Errors
    ///
    /// [`Cause::BadMagic`] if it is no key file, and those of [`KeyFile::of_certificate`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        Self::of_certificate(data.strip_prefix(MAGIC).ok_or(Cause::BadMagic)?)
    }

    /// Tells what kind of certificate `data` are, by their first byte.
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
