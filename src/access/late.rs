// SPDX-License-Identifier: GPL-2.0

//! Mappings that became executable. They are evaluated afterwards, when they cannot be refused.
//!
//! Between the moment at which a mapping becomes executable and the read here, another task can
//! execute and write the content. This is recorded as a violation if something had the file open
//! for writing then or later. A task that is being killed cannot read, but a task cloned with
//! `CLONE_VM` may still execute in its memory. So files that it leaves unread are recorded as
//! unreadable at once.

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
    /// Mapped pages may differ from what the file has. The look replaces them, so it does not see
    /// what was executed before.
    foreign_pages: bool,
}

/// A mapping of `file` is about to become executable. May sleep. Does not read the file.
pub(super) fn begin(cache: &Cache, file: &File) -> Before {
    cache.watch(file);
    Before {
        look: cache.glance(file),
        foreign_pages: has_foreign_pages(cache, file),
    }
}

/// A mapping of `file` became executable at `before`, and `file` was `evaluated` since. Records a
/// violation if that failed or may have been too late. May sleep.
pub(super) fn finish(stores: &Stores, file: &File, before: &Before, evaluated: Result) {
    match evaluated {
        // A refusal has been recorded already.
        Ok(()) => (),
        Err(e) if e == EACCES => (),
        Err(e) => {
            stores.stats.unreadable.count();
            let why = Violation::Unreadable(e);
            let is_due = || !stores.cache.is_unreadable(file);
            record(stores, file, why, is_due, || {
                stores.cache.note_unreadable(file);
            });
        }
    }
    let writers = stores.cache.writers(file);
    let is_same = stores.cache.is_unchanged(file, &before.look) && !before.foreign_pages;
    if !is_same {
        let is_due = || !stores.cache.is_reported(file);
        record(stores, file, Violation::OpenWriters, is_due, || {
            stores.cache.note_reported(file, &writers);
        });
    }
}

/// Records that it is not known what may be executed, in each PCR in which it would have been
/// measured, if that `is_due`; and calls `note` if it is in all of them then. Where no rule asks
/// for it nothing is recorded, and nothing noted: an access that a rule asks for has yet to record
/// it. What fails is in the kernel log.
fn record(
    stores: &Stores,
    file: &File,
    why: Violation,
    is_due: impl Fn() -> bool,
    note: impl Fn(),
) {
    if !file.is_regular() || !is_due() {
        return;
    }
    let pcr_for = |func| {
        let query = Query::new(file, func, Mask::EXEC);
        let rule = stores.policies.decide(&query).measure;
        rule.map(|rule| stores.log.pcr_of(rule.pcr))
    };
    let [one, two] = MAPPING.map(pcr_for);
    let two = two.filter(|two| one != Some(*two));
    let recorded = match (one, two) {
        (None, None) => return,
        (Some(pcr), None) | (None, Some(pcr)) => stores.log.violation(pcr, file, why, is_due, note),
        (Some(one), Some(two)) => stores
            .log
            .violation(one, file, why, &is_due, || ())
            .and_then(|()| stores.log.violation(two, file, why, is_due, note)),
    };
    if let Err(e) = recorded {
        pr_err!(
            "a file that became executable could neither be measured nor recorded ({})\n",
            e.to_errno()
        );
    }
}
