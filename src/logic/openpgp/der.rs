// SPDX-License-Identifier: GPL-2.0

//! Public keys in DER, as the kernel and OpenSSL read them.

use super::{
    key::{
        Curve,
        Material, //
    },
    mpi::Mpi, //
};
use crate::{
    asn1::{
        put_element,
        BIT_STRING,
        INTEGER,
        SEQUENCE, //
    },
    cursor::Sink,
    refusal::Result, //
};

/// The algorithm identifier of RSA keys: `rsaEncryption` with its null parameter, without the
/// sequence around it.
const RSA_ENCRYPTION: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// The object identifier `ecPublicKey`.
const EC_PUBLIC_KEY: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

impl Curve {
    /// The object identifier of the curve, as an element.
    const fn oid(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
            Self::P384 => &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22],
            Self::P521 => &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23],
        }
    }
}

impl Material<'_> {
    /// Writes the key as the kernel's `struct public_key` holds it: a PKCS#1 `RSAPublicKey`, or the
    /// point of an elliptic curve uncompressed.
    pub fn write_kernel_key(&self, sink: &mut dyn Sink) -> Result {
        match self {
            Self::Rsa { n, e } => write_rsa(n, e, sink),
            Self::Ecdsa { point, .. } => sink.put(point),
        }
    }

    /// Writes the key as a `SubjectPublicKeyInfo`.
    pub fn write_spki(&self, sink: &mut dyn Sink) -> Result {
        put_element(SEQUENCE, sink, |sink| {
            put_element(SEQUENCE, sink, |sink| match self {
                Self::Rsa { .. } => sink.put(RSA_ENCRYPTION),
                Self::Ecdsa { curve, .. } => {
                    sink.put(EC_PUBLIC_KEY)?;
                    sink.put(curve.oid())
                }
            })?;
            put_element(BIT_STRING, sink, |sink| {
                // No unused bits.
                sink.put(&[0])?;
                self.write_kernel_key(sink)
            })
        })
    }
}

/// Writes the two numbers of an ECDSA signature as the kernel takes them (`x962`): a sequence of
/// two integers.
pub fn write_ecdsa(r: &Mpi<'_>, s: &Mpi<'_>, sink: &mut dyn Sink) -> Result {
    put_element(SEQUENCE, sink, |sink| {
        write_integer(r, sink)?;
        write_integer(s, sink)
    })
}

fn write_rsa(n: &Mpi<'_>, e: &Mpi<'_>, sink: &mut dyn Sink) -> Result {
    put_element(SEQUENCE, sink, |sink| {
        write_integer(n, sink)?;
        write_integer(e, sink)
    })
}

fn write_integer(value: &Mpi<'_>, sink: &mut dyn Sink) -> Result {
    put_element(INTEGER, sink, |sink| {
        // Positive, whatever its first bit.
        if value.bits() % 8 == 0 {
            sink.put(&[0])?;
        }
        sink.put(value.as_bytes())
    })
}
