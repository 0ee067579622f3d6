// SPDX-License-Identifier: GPL-2.0

//! The file's own reference value.

use std::path::Path;

use anyhow::{
    Context,
    Result, //
};
use digest_logic::{
    appraise::{
        Denial,
        Own,
        Reference as Good, //
    },
    reference::Reference,
    refusal::Cause, //
};
use rustix::{
    fs::lgetxattr,
    io::Errno, //
};

use crate::{
    hash::hash_slices,
    verify::Verifier, //
};

/// The longest value that an extended attribute can have.
const MAX_XATTR: usize = 64 * 1024;

/// What the reference value of the file at `path`, whose content is `data`, is worth.
pub(super) fn read(path: &Path, data: &[u8], verifier: &Verifier) -> Result<Own> {
    let mut value = vec![0; MAX_XATTR];
    let len = match lgetxattr(path, "security.ima", &mut value) {
        Ok(len) => len,
        Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(Own::Absent),
        Err(error) => return Err(error).context("cannot read security.ima"),
    };
    value.truncate(len);
    let (algo, signed, good) = match Reference::parse(&value) {
        Err(Cause::WeakAlgorithm) => return Ok(Own::Bad(Denial::DeniedHashAlgorithm)),
        Err(_) => return Ok(Own::Bad(Denial::UnknownData)),
        Ok(Reference::Digest(digest)) => {
            let is = hash_slices(digest.algo(), &[data]);
            (digest.algo(), false, digest.as_bytes() == is)
        }
        Ok(Reference::Signature(signature)) => {
            let good = verifier
                .verify_ima(data, &signature, |purpose| !purpose.lists)
                .is_ok();
            (signature.hash, true, good)
        }
    };
    Ok(match (good, signed) {
        (true, _) => Own::Good(Good { algo, signed }),
        (false, true) => Own::Bad(Denial::InvalidSignature),
        (false, false) => Own::Bad(Denial::InvalidHash),
    })
}
