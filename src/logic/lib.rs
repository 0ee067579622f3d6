// SPDX-License-Identifier: GPL-2.0

//! The logic of `digest_lists` that needs no kernel: formats, digests, templates, the policy
//! language and the digest table.
//!
//! The module links this crate into its `.ko`; the tool, the host tests and the fuzz targets build
//! the same files. Nothing here allocates, panics or is `unsafe`: callers own every buffer.

// Kbuild gives `no_std` on the command line.
#![cfg_attr(not(MODULE), no_std)]
#![forbid(unsafe_code)]

pub mod appraise;
pub mod asn1;
pub mod audit;
pub mod blocks;
pub mod cache;
pub mod candidate;
pub mod cms;
pub mod compact;
pub mod compact16;
pub mod cursor;
pub mod digest;
pub mod edition;
pub mod errno;
// For verifiers, which are no kernels.
#[cfg(not(MODULE))]
pub mod evidence;
pub mod hash_algo;
pub mod hook;
pub mod ima_sig;
pub mod key_file;
pub mod list;
pub mod lockout;
pub mod metadata;
pub mod modsig;
pub mod num;
pub mod openpgp;
pub mod pcr;
pub mod policy;
pub mod reference;
pub mod refusal;
pub mod rpm;
pub mod seen;
pub mod signature;
pub mod siphash;
pub mod start;
pub mod storage;
pub mod table;
pub mod template;
pub mod time;
pub mod tlv;
pub mod trim;
pub mod verdict;
pub mod verity;
pub mod x509;
