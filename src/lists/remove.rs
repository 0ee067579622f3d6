// SPDX-License-Identifier: GPL-2.0

//! Removing lists by the digests of their files.

use super::list::List;
use crate::{
    monitor::Monitor,
    reason::Reason,
    sys::text::Text, //
};
use core::fmt::Write;
use digest_logic::{
    digest::Digest,
    error::Error as Cause, //
};
use kernel::prelude::*;

/// The most bytes of one write: some thousand digests.
pub(crate) const MAX_REMOVE: usize = 1 << 20;

/// The name of the record of lists that were removed.
const REMOVE_EVENT: &[u8] = b"digest_lists_remove";

/// The digest in one line.
pub(crate) fn parse_digest(line: &[u8]) -> Result<Digest, Cause> {
    core::str::from_utf8(line)
        .map_err(|_| Cause::BadHex)
        .and_then(Digest::parse)
}

impl Monitor {
    /// Removes the lists that `data` names, the SHA-256 of one list file per line, all of them or none, and records which.
    /// Files that only they know are unknown when this returns. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` if a list is not loaded; `EBUSY` if files are being appraised and a digest that is revoked would be so no
    /// more; one errno per way in which a line is no digest.
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
        let mut record = Text::new();
        for digest in &digests {
            if !snapshot.has(digest) {
                return Err(Reason::NotLoaded.refuse(digest));
            }
            writeln!(record, "{digest}").map_err(|_| ENOMEM)?;
        }
        drop(snapshot);
        let gone = |list: &List| digests.contains(&list.digest);
        if self.enforces() && self.lists.table.unrevokes(gone) {
            return Err(Reason::WouldUnrevoke.refuse("digest_lists_remove"));
        }
        // Recorded first: what was revoked by them may be used right after.
        self.lists
            .table
            .remove(gone, || self.record_lists(&record, REMOVE_EVENT))
            .map_err(|reason| reason.refuse("digest_lists_remove"))?;
        pr_info!(
            "{} lists removed; {} digests in all\n",
            digests.len(),
            self.lists.digests()
        );
        Ok(())
    }

    /// Removes the lists of which a higher serial number is in force, and records which. To be called with
    /// [`Lists::changing`] held. May sleep.
    ///
    /// A signer takes back what it revoked by leaving it out of the next edition, also while files are being appraised. An
    /// unsigned list is root's, and keeps to the rule of [`Monitor::remove_lists`].
    ///
    /// # Errors
    ///
    /// [`Reason::WouldUnrevoke`], and those of the table and of the record; the older lists stay in force then, beside the
    /// newer ones.
    ///
    /// [`Lists::changing`]: super::Lists::changing
    pub(super) fn remove_older(&self) -> Result<(), Reason> {
        let floors = self.lists.floors.lock();
        let mut record = Text::new();
        let mut count = 0usize;
        for list in self.lists.table.snapshot().lists() {
            if floors.is_renewed(list) {
                writeln!(record, "{}", list.digest).map_err(|_| ENOMEM)?;
                count = count.saturating_add(1);
            }
        }
        if count == 0 {
            return Ok(());
        }
        let unsigned = |list: &List| list.signer.is_none() && floors.is_renewed(list);
        if self.enforces() && self.lists.table.unrevokes(unsigned) {
            return Err(Reason::WouldUnrevoke);
        }
        self.lists.table.remove(
            |list| floors.is_renewed(list),
            || self.record_lists(&record, REMOVE_EVENT),
        )?;
        pr_info!(
            "{} lists gave way to newer ones; {} digests in all\n",
            count,
            self.lists.digests()
        );
        Ok(())
    }

    /// Records what became of lists, one per line of `text`, with the text itself: from this and from the records of
    /// metadata a verifier learns which lists were in force. May sleep.
    pub(super) fn record_lists(&self, text: &Text, name: &[u8]) -> Result {
        self.log.measure_own_data(text.as_str().as_bytes(), name)
    }
}
