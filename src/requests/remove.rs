// SPDX-License-Identifier: GPL-2.0

//! Removing lists by the digests of their files.

use super::line_of;
use crate::{
    reason::refuse,
    stores::Stores,
    sys::text::Text, //
};
use core::fmt::Write;
use digest_logic::{
    digest::Digest,
    refusal::Cause, //
};
use kernel::prelude::*;

/// The most bytes of one write: some thousand digests.
pub(crate) const MAX_REMOVE: usize = 1 << 20;

/// The name of the record of lists that were removed.
pub(super) const REMOVE_EVENT: &[u8] = b"digest_lists_remove";

pub(crate) fn parse_digest(line: &[u8]) -> Result<Digest, Cause> {
    core::str::from_utf8(line)
        .map_err(|_| Cause::BadHex)
        .and_then(Digest::parse)
}

/// Removes the lists that `data` names by the SHA-256 of their files, one per line. Removes all of
/// them or none, and records them. Files that only they know are unknown on return. May sleep.
///
/// # Errors
///
/// `ENOENT` if a list is not loaded; `EBUSY` if the policy appraises and a revoked digest would no
/// longer be revoked; one errno for each way in which a line is not a digest.
pub(crate) fn remove_lists(stores: &Stores, data: &[u8]) -> Result {
    let text = line_of(data);
    let mut digests = KVVec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let digest = parse_digest(line).map_err(|cause| refuse("digest_lists_remove", cause))?;
        digests.push(digest, GFP_KERNEL)?;
    }
    let change = stores.lists.change();
    let mut record = Text::new();
    for digest in &digests {
        if !change.has(digest) {
            return Err(refuse(digest, Cause::NotLoaded));
        }
        writeln!(record, "{digest}").map_err(|_| ENOMEM)?;
    }
    change
        .remove(&digests, stores.policies.enforces(), || {
            let lists = record.as_str().as_bytes();
            stores.log.measure_own_data(lists, REMOVE_EVENT)
        })
        .map_err(|reason| refuse("digest_lists_remove", reason))?;
    pr_info!(
        "{} lists removed; {} digests in all\n",
        digests.len(),
        stores.lists.digests()
    );
    Ok(())
}
