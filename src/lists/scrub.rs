// SPDX-License-Identifier: GPL-2.0

//! The scrub: whether the digests in memory are still those that were loaded.
//!
//! Stores through the mapping by which they are read fault; the direct map of the same pages stays writable. A list
//! that changed is removed, since nobody can tell what it knows, and the finding is recorded.

use super::List;
use crate::{
    monitor::Monitor,
    sys::{
        console::Show,
        task, //
    },
};
use digest_logic::digest::Digest;
use kernel::{
    prelude::*,
    sync::Arc, //
};

impl Monitor {
    /// Checks every list, removes those that changed and returns how many these are. May sleep.
    ///
    /// # Errors
    ///
    /// `EINTR` if the task is being killed, `ENOMEM` if a finding could not be recorded or acted upon.
    pub(crate) fn scrub(&self) -> Result<usize> {
        let _changing = self.lists.changing.lock();
        let snapshot = self.lists.table.snapshot();
        let mut changed: KVVec<Arc<List>> = KVVec::new();
        for list in snapshot.lists() {
            if task::is_being_killed() {
                return Err(EINTR);
            }
            if !list.is_intact() {
                changed.push(list.clone(), GFP_KERNEL)?;
            }
            task::yield_now();
        }
        drop(snapshot);
        if changed.is_empty() {
            return Ok(0);
        }
        for list in &changed {
            self.lists.corrupted.count();
            pr_alert!(
                "{}: its digests in memory were changed; the list is removed\n",
                Show(&list.digest)
            );
            self.measure_corruption(&list.digest)?;
        }
        self.lists
            .table
            .remove(true, |list| {
                changed.iter().any(|bad| bad.digest == list.digest)
            })
            .map_err(|reason| reason.refuse("scrub"))
    }

    fn measure_corruption(&self, digest: &Digest) -> Result {
        self.log
            .measure_bytes(&self.stats, digest.as_bytes(), b"digest_lists_corrupted")
    }
}
