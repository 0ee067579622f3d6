// SPDX-License-Identifier: GPL-2.0

//! Signatures appended to kernel modules and kexec images.
//!
//! The file ends with: the signed content; the signature; 12 bytes; and the 28 bytes of [`MARKER`].
//! Of the 12 bytes the third is 2 (PKCS#7), the last four are the length of the signature (big
//! endian), and all others are zero.
//!
//! Source: `struct module_signature` in `include/linux/module_signature.h` of the kernel.

/// The end of a file with a signature.
pub const MARKER: &[u8; 28] = b"~Module signature appended~\n";

/// Type of signature: PKCS#7.
const PKCS7: u8 = 2;

/// Splits `content` into the signed part and the PKCS#7 message. [`None`] without a well-formed
/// signature.
pub fn split(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = content.strip_suffix(MARKER)?;
    let (rest, info) = rest.split_last_chunk::<12>()?;
    let [0, 0, PKCS7, 0, 0, 0, 0, 0, len @ ..] = *info else {
        return None;
    };
    let len = usize::try_from(u32::from_be_bytes(len)).ok()?;
    rest.split_at_checked(rest.len().checked_sub(len)?)
}
