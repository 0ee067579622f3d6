// SPDX-License-Identifier: GPL-2.0

//! Signatures appended to kernel modules and kexec images.

use super::super::file_access::Access;
use crate::lists::Trust;
use digest_logic::{
    appraise::{
        Denial,
        Own,
        Reference, //
    },
    hash_algo::HashAlgo,
    modsig::split, //
};

/// Verifies the signature at the end of the content. Only content that the kernel has read already
/// is verified, because that content is what will be used. May sleep.
pub(super) fn appended_signature(trust: &Trust, access: &Access<'_>) -> Own {
    let Some((signed, signature)) = access.content.and_then(split) else {
        return Own::Absent;
    };
    if trust.verify_appended(signed, signature) {
        Own::Good(Reference {
            algo: HashAlgo::Sha256,
            signed: true,
        })
    } else {
        Own::Bad(Denial::InvalidSignature)
    }
}
