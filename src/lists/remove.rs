// SPDX-License-Identifier: GPL-2.0

//! Removing lists by the digests of their files.

use super::reason::Reason;
use crate::monitor::Monitor;
use digest_logic::{
    digest::Digest,
    error::Error as Cause, //
};
use kernel::prelude::*;

/// The most bytes of one write: some thousand digests.
pub(crate) const MAX_REMOVE: usize = 1 << 20;

/// The digest in one line.
pub(crate) fn parse_digest(line: &[u8]) -> Result<Digest, Cause> {
    core::str::from_utf8(line)
        .map_err(|_| Cause::BadHex)
        .and_then(Digest::parse)
}

impl Monitor {
    /// Removes the lists that `data` names, one digest of a list file per line, all of them or none. Files that only
    /// they know are unknown when this returns. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` if a list is not loaded, and one errno per way in which a line is no digest.
    pub(crate) fn remove_lists(&self, data: &[u8]) -> Result {
        let text = data.strip_suffix(b"\n").unwrap_or(data);
        let mut digests = KVVec::new();
        for line in text.split(|byte| *byte == b'\n') {
            let digest = parse_digest(line)
                .map_err(|cause| Reason::from(cause).refuse("digest_lists_remove"))?;
            digests.push(digest, GFP_KERNEL)?;
        }
        let _changing = self.lists.changing.lock();
        let snapshot = self.lists.table.snapshot();
        for digest in &digests {
            if snapshot.list(digest).is_none() {
                return Err(Reason::NotLoaded.refuse(digest));
            }
        }
        drop(snapshot);
        let count = self
            .lists
            .table
            .remove(false, |list| {
                digests.iter().any(|digest| list.digest == *digest)
            })
            .map_err(|reason| reason.refuse("digest_lists_remove"))?;
        pr_info!(
            "{} lists removed; {} digests in all\n",
            count,
            self.lists.digests()
        );
        Ok(())
    }
}
