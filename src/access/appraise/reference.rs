// SPDX-License-Identifier: GPL-2.0

//! The reference value of a file: reads it and compares it with the content.

use super::super::{
    content,
    file_access::Access,
    known::Found, //
};
use crate::{
    stats::Stats,
    stores::Stores,
    sys::{
        file::EvmStatus,
        kernel_crate::kvec_zeroed, //
    },
};
use digest_logic::{
    appraise::{
        Denial,
        Own,
        Reference as Good, //
    },
    digest::Digest,
    hash_algo::HashAlgo,
    reference::Reference,
    refusal::Cause, //
};
use kernel::{
    prelude::*,
    str::CStr, //
};

pub(super) const NAME: &CStr = c"security.ima";

/// The longest value that is read under EVM. A signature by a key of 16 Kib is shorter.
const MAX_VALUE: usize = 4096;

/// Checks the file's own reference value. May sleep.
pub(super) fn own_reference(
    stores: &Stores,
    access: &Access<'_>,
    found: &Found<'_>,
) -> Result<Own, Denial> {
    let mut value = kvec_zeroed(MAX_VALUE, GFP_KERNEL).map_err(|_| Denial::Failed)?;
    let (len, evm) = access
        .file
        .xattr_under_evm(NAME, &mut value)
        .map_err(|_| Denial::Failed)?;
    value.truncate(len);
    match evm {
        EvmStatus::Good => (),
        // The signature covers the reference value, so that of new content would make it bad.
        EvmStatus::Immutable if access.writes() && !stores.cache.is_new(access.file) => {
            return Err(Denial::Immutable);
        }
        EvmStatus::Immutable => (),
        // EVM has nothing to protect here. A list may still vouch for the content.
        EvmStatus::NoLabel if value.is_empty() => (),
        EvmStatus::NoLabel => return Err(Denial::NoLabel),
        EvmStatus::Bad => return Err(Denial::InvalidHmac),
    }
    if value.is_empty() {
        return Ok(Own::Absent);
    }
    Ok(match Reference::parse(&value) {
        Ok(Reference::Digest(digest)) => {
            if content_digest(&stores.stats, access, found, digest.algo())? == digest {
                Own::Good(Good {
                    algo: digest.algo(),
                    signed: false,
                })
            } else {
                Own::Bad(Denial::InvalidHash)
            }
        }
        Ok(Reference::Signature(signature)) => {
            let digest = content_digest(&stores.stats, access, found, signature.hash)?;
            if stores.lists.trust().verify_digest(&signature, &digest) {
                Own::Good(Good {
                    algo: signature.hash,
                    signed: true,
                })
            } else {
                Own::Bad(Denial::InvalidSignature)
            }
        }
        Err(Cause::WeakAlgorithm) => Own::Bad(Denial::DeniedHashAlgorithm),
        Err(_) => Own::Bad(Denial::UnknownData),
    })
}

/// The digest by `algo` of the content with the SHA-256 that was found. May sleep.
fn content_digest(
    stats: &Stats,
    access: &Access<'_>,
    found: &Found<'_>,
    algo: HashAlgo,
) -> Result<Digest, Denial> {
    let first = if found.verity {
        content::digest(access, false, stats).map_err(|_| Denial::Failed)?
    } else {
        *found.digest
    };
    let [one, two] = found.looked.further;
    let known = [Some(first), one, two];
    if let Some(digest) = known.into_iter().flatten().find(|d| d.algo() == algo) {
        return Ok(digest);
    }
    content::further_digests(access, stats, &first, [Some(algo), None])
        .ok()
        .and_then(|[digest, _]| digest)
        .ok_or(Denial::Failed)
}
