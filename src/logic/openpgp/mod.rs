// SPDX-License-Identifier: GPL-2.0

//! OpenPGP signatures and public keys, as far as the signatures of RPM headers need them.
//!
//! Packets, subpackets and multiprecision integers are read here. Nothing is hashed or verified. A
//! [`Signature`] tells what to hash after the data, which key to verify with, and how far it can be
//! trusted. A [`PublicKey`] gives the key in the encodings of the kernel's crypto. The tool removes
//! armor.
//!
//! Sources: RFC 4880 (version 3 signatures, version 4), RFC 9580 (version 6, algorithms 27 and 28),
//! draft-ietf-openpgp-pqc (algorithms 30 and above).

pub mod algo;
pub mod certificate;
pub mod der;
pub mod key;
pub mod mpi;
pub mod packet;
pub mod signature;
pub mod subpacket;
mod wrap;

pub use algo::{
    PublicKeyAlgo,
    WeakHash, //
};
pub use certificate::{
    Certificate,
    CertifiedKey, //
};
pub use key::{
    Curve,
    KeyId,
    Material,
    PublicKey, //
};
pub use mpi::Mpi;
pub use signature::{
    Signature,
    Value, //
};
pub use wrap::write_certificate;
