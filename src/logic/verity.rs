// SPDX-License-Identifier: GPL-2.0

//! fs-verity digests and digests of content in one table.
//!
//! An fs-verity digest is the digest of a 256-byte descriptor with the root of the file's hash
//! tree. A file with just these 256 bytes has the same digest. If both were in the table unchanged,
//! a harmless data file in a listed package could make any file known. So fs-verity digests are
//! entered and looked up after an exclusive or with a constant. For one entry to serve both, a file
//! and a descriptor must have digests that differ by exactly this constant. Finding them is as hard
//! as finding two files with one digest.

use crate::{
    digest::Digest,
    hash_algo::MAX_DIGEST_SIZE, //
};

/// The SHA-512 of `digest_lists: fs-verity`.
const DOMAIN: [u8; MAX_DIGEST_SIZE] = [
    0x1a, 0x45, 0xbd, 0xc2, 0x2d, 0x66, 0x1a, 0xa4, 0xfd, 0x8b, 0x22, 0xa5, 0xfb, 0xbe, 0xf7, 0xa6,
    0x2c, 0x86, 0x54, 0x88, 0x79, 0x2d, 0x09, 0x1a, 0xe4, 0x73, 0x10, 0x67, 0xea, 0x5a, 0x89, 0xd0,
    0x39, 0xfa, 0x07, 0xf0, 0x68, 0xfd, 0x04, 0x62, 0xd1, 0xac, 0xaa, 0x25, 0xc5, 0x75, 0xee, 0x40,
    0x07, 0xd2, 0xb0, 0x61, 0x96, 0x73, 0xa0, 0xec, 0x7c, 0xac, 0x86, 0x47, 0x85, 0xa9, 0xd6, 0x21,
];

/// The table's entry for an fs-verity digest, and the fs-verity digest of an entry.
#[must_use]
pub fn entry(digest: &Digest) -> Digest {
    digest.exclusive_or(&DOMAIN)
}
