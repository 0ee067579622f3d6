// SPDX-License-Identifier: GPL-2.0

//! Mappings that became executable: evaluated afterwards, when it is too late to refuse.
//!
//! So nothing may let the content escape the log. Between the moment at which it became executable
//! and the one at which it is read here, another task can execute it and write it: if something had
//! it open for writing then, or had since, that is recorded. A task that is being killed cannot
//! read, but its memory need not go with it: one that was cloned with `CLONE_VM` executes in it as
//! well. What it leaves unread is recorded as unreadable at once, so that it dies at once.

use super::file_access::has_foreign_pages;
use crate::{
    cache::{
        Cache,
        Look, //
    },
    log::Violation,
    policy::Query,
    stores::Stores,
    sys::file::File, //
};
use digest_logic::{
    lockout::MAPPING,
    policy::Mask, //
};
use kernel::prelude::*;

/// The state of a file when a mapping of it became executable.
pub(crate) struct Before {
    look: Look,
    /// Pages that were mapped need not be what the file has. The look afterwards replaces them, and
    /// does not see what was executed until then.
    foreign_pages: bool,
}

/// A mapping of `file` is about to become executable. May sleep, but does not read the file.
pub(super) fn begin(cache: &Cache, file: &File) -> Before {
    cache.watch(file);
    Before {
        look: cache.glance(file),
        foreign_pages: has_foreign_pages(cache, file),
    }
}

/// `file`, a mapping of which became executable at `before`, was `evaluated`: records a violation
/// if that failed, or if it may have been too late. May sleep.
pub(super) fn finish(stores: &Stores, file: &File, before: &Before, evaluated: Result) {
    match evaluated {
        // What is refused was recorded before.
        Ok(()) => (),
        Err(e) if e == EACCES => (),
        Err(e) => {
            stores.stats.unreadable.count();
            if stores.cache.note_unreadable(file)
                && record(stores, file, || Violation::Unreadable(e)).is_err()
            {
                stores.cache.note_readable(file);
            }
        }
    }
    let is_same = stores.cache.is_unchanged(file, &before.look) && !before.foreign_pages;
    if !is_same
        && stores.cache.note_late_writers(file)
        && record(stores, file, || Violation::OpenWriters).is_err()
    {
        stores.cache.not_reported(file);
    }
}

/// Records that it is not known what may be executed, where it would have been measured.
///
/// # Errors
///
/// Those of the log, which are in the kernel log then.
fn record(stores: &Stores, file: &File, why: impl Fn() -> Violation) -> Result {
    if !file.is_regular() {
        return Ok(());
    }
    let mut told = None;
    let mut recorded = Ok(());
    for func in MAPPING {
        let query = Query::new(file, func, Mask::EXEC);
        let Some(rule) = stores.policies.decide(&query).measure else {
            continue;
        };
        let pcr = stores.log.pcr_of(rule.pcr);
        if told == Some(pcr) {
            continue;
        }
        told = Some(pcr);
        if let Err(e) = stores.log.violation(pcr, file, why()) {
            pr_err!(
                "a file that became executable could neither be measured nor recorded ({})\n",
                e.to_errno()
            );
            recorded = Err(e);
        }
    }
    recorded
}
