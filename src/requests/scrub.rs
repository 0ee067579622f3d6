// SPDX-License-Identifier: GPL-2.0

//! The scrub: whether the digests in memory are still those that were loaded.
//!
//! Stores through the mapping by which they are read fault; the direct map of the same pages stays
//! writable. A list that changed is taken out, since nobody can tell what it knows, and then the
//! finding is recorded. What it revoked must not become known again by that: revocations that are
//! intact stay, and where they are not, every digest counts as revoked until the list is loaded
//! again.

use crate::{
    lists::{
        Damage,
        List, //
    },
    reason::refuse,
    stores::Stores,
    sys::{
        console::Show,
        text::Text, //
    },
};
use core::fmt::Write;
use kernel::prelude::*;

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

/// Checks every list, takes out those that changed and returns how many these are. May sleep.
///
/// # Errors
///
/// `EINTR` if the task is being killed: nothing was changed. `ENOMEM`: lists that changed may still
/// be in use, or are taken out and the finding could not be recorded; the kernel log says which.
pub(crate) fn scrub(stores: &Stores) -> Result<usize> {
    let change = stores.lists.change();
    let damaged = change.damaged().map_err(|error| refuse("scrub", error))?;
    if damaged.is_empty() {
        return Ok(0);
    }
    for (list, damage) in &damaged {
        pr_alert!(
            "{}: its digests in memory were changed; the list is taken out ({})\n",
            Show(&list.digest),
            consequence(list, *damage)
        );
    }
    change
        .withdraw(&damaged)
        .map_err(|reason| refuse("scrub: the lists are still in use", reason))?;
    let mut text = Text::new();
    let mut lines = damaged.iter();
    lines
        .try_for_each(|(list, damage)| {
            let consequence = consequence(list, *damage);
            writeln!(text, "{} {consequence}", list.digest)
        })
        .map_err(|_| ENOMEM)
        .and_then(|()| {
            let log = &stores.log;
            log.measure_done(text.as_str().as_bytes(), CORRUPTED_EVENT)
        })
        .map_err(|error| refuse("scrub: the finding is not recorded", error))?;
    Ok(damaged.len())
}
