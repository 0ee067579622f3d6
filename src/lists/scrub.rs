// SPDX-License-Identifier: GPL-2.0

//! The scrub: whether the digests in memory are still those that were loaded.
//!
//! Stores through the mapping by which they are read fault; the direct map of the same pages stays writable. A list
//! that changed is taken out, since nobody can tell what it knows, and then the finding is recorded. What it revoked must
//! not become known again by that: revocations that are intact stay, and where they are not, every digest counts as
//! revoked until the list is loaded again.

use super::list::{
    Damage,
    List, //
};
use crate::{
    monitor::Monitor,
    reason::Reason,
    sys::{
        console::Show,
        task,
        text::Text, //
    },
};
use core::fmt::Write;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The name of the record of lists that were found changed.
const CORRUPTED_EVENT: &[u8] = b"digest_lists_corrupted";

/// What becomes of a list.
fn consequence(list: &List, damage: Damage) -> &'static str {
    match damage {
        Damage::Revoked => "revocations-lost",
        Damage::Known if list.counts.revoked > 0 => "revocations-kept",
        Damage::Known => "removed",
    }
}

impl Monitor {
    /// Checks every list, takes out those that changed and returns how many these are. May sleep.
    ///
    /// # Errors
    ///
    /// `EINTR` if the task is being killed: nothing was changed. `ENOMEM`: lists that changed may still be in use, or are
    /// taken out and the finding could not be recorded; the kernel log says which.
    pub(crate) fn scrub(&self) -> Result<usize> {
        let _changing = self.lists.changing.lock();
        let snapshot = self.lists.table.snapshot();
        let mut changed: KVVec<(Arc<List>, Damage)> = KVVec::new();
        for list in snapshot.lists() {
            if task::is_being_killed() {
                return Err(Reason::Kernel(EINTR).refuse("scrub"));
            }
            if let Some(damage) = list.damage() {
                changed.push((list.clone(), damage), GFP_KERNEL)?;
            }
            task::yield_now();
        }
        drop(snapshot);
        if changed.is_empty() {
            return Ok(0);
        }
        for (list, damage) in &changed {
            self.lists.corrupted.count();
            pr_alert!(
                "{}: its digests in memory were changed; the list is taken out ({})\n",
                Show(&list.digest),
                consequence(list, *damage)
            );
        }
        self.lists
            .table
            .withdraw(&changed)
            .map_err(|reason| reason.refuse("scrub: the lists are still in use"))?;
        self.record_corruption(&changed)
            .map_err(|error| Reason::Kernel(error).refuse("scrub: the finding is not recorded"))?;
        Ok(changed.len())
    }

    fn record_corruption(&self, changed: &[(Arc<List>, Damage)]) -> Result {
        let mut text = Text::new();
        for (list, damage) in changed {
            writeln!(text, "{} {}", list.digest, consequence(list, *damage)).map_err(|_| ENOMEM)?;
        }
        self.record_lists(&text, CORRUPTED_EVENT)
    }
}
