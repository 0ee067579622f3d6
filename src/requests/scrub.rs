// SPDX-License-Identifier: GPL-2.0

//! The scrub: compares the digests in memory with what was loaded.
//!
//! Stores through the mapping that lookups read cause a fault, but the direct map of the same pages
//! is writable. A list that changed is taken out and this is recorded. What it revoked stays
//! unknown: intact revocations are kept; if they changed too, every digest counts as revoked until
//! the list is loaded again.

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

const CORRUPTED_EVENT: &[u8] = b"digest_lists_corrupted";

/// What becomes of a damaged list.
fn consequence(list: &List, damage: Damage) -> &'static str {
    match damage {
        Damage::Revoked => "revocations-lost",
        Damage::Known if list.counts.revoked > 0 => "revocations-kept",
        Damage::Known => "removed",
    }
}

/// Checks every list and takes out those that changed. Returns how many. May sleep.
///
/// # Errors
///
/// `EINTR` if the task is killed: nothing was changed. `ENOMEM`: changed lists are still in use, or
/// they were taken out and this could not be recorded. The kernel log says which.
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
