// SPDX-License-Identifier: GPL-2.0

//! The evaluation of one access to a file, step by step.

use super::{
    appraise::{
        self,
        refresh::store_digest, //
    },
    content,
    file_access::{
        small,
        Access,
        Done,
        ATTEMPTS, //
    },
    known::{
        self,
        Found,
        Looked, //
    },
    mapping::maps, //
};
use crate::{
    cache::{
        Answer,
        Look, //
    },
    lists::Purpose,
    log::{
        Log,
        Violation, //
    },
    policy::{
        ActivePolicy,
        Mode,
        Query, //
    },
    stores::Stores,
    sys::file::File, //
};
use digest_logic::{
    appraise::Denial,
    cache::Outcome,
    digest::Digest,
    policy::{
        Decision,
        Func,
        Mask, //
    },
};
use kernel::prelude::*;

/// Evaluates one access. May sleep.
/// - It measures the file if the policy says so and no list knows the file.
/// - It refuses the access if the policy appraises the file and nothing vouches for it.
///
/// # Errors
///
/// The access must not proceed: `EACCES` if the file is refused, `EINTR` if the task was killed
/// while reading, `ENOMEM` if the file could not be recorded.
pub(crate) fn evaluate(stores: &Stores, access: &Access<'_>) -> Result<Done> {
    if !access.file.is_regular() {
        return Ok(Done::Nothing(Answer::Unasked));
    }
    let decision = stores.policies.decide(access);
    let pcr = stores.log.pcr_of(decision.measure.and_then(|m| m.pcr));
    report_concurrent_use(stores, access, &decision, pcr)?;
    if decision.is_empty() {
        return Ok(Done::Nothing(Answer::Unasked));
    }
    stores.stats.checked.count();
    let rule = decision
        .appraise
        .filter(|_| appraise::must_execute_what_was_read(&stores.policies, access));
    let Some(rule) = rule else {
        let look = stores.cache.glance(access.file);
        return evaluate_once(stores, access, &decision, pcr, look);
    };
    stores.cache.watch(access.file);
    for _ in 0..ATTEMPTS {
        let look = stores.cache.glance(access.file);
        let done = evaluate_once(stores, access, &decision, pcr, look)?;
        // The mark "in use as signed" was set before.
        if stores.cache.is_unchanged(access.file, &look) {
            return Ok(done);
        }
    }
    appraise::deny(stores, access.file, Denial::OpenWriters, None, rule.rule)?;
    Ok(Done::Something)
}

/// Does what `decision` asks for, with the content that the file has after `look` began. May sleep.
fn evaluate_once(
    stores: &Stores,
    access: &Access<'_>,
    decision: &Decision,
    pcr: u32,
    look: Look,
) -> Result<Done> {
    let lists = stores.lists.generation();
    let left = access.left(&stores.cache, decision, pcr, lists);
    if left.is_nothing() {
        stores.stats.cache_hits.count();
        return Ok(Done::Nothing(Answer::Unchanged));
    }

    // A digest describes the file only if the next reader gets the same content.
    let stable = access.is_stable(&stores.cache, &look);
    if let Some(rule) = decision.appraise {
        let appraised_only = !left.measure && !left.audit && !left.hash;
        if !stable && appraised_only && stores.policies.mode() != Mode::Fix {
            // The digest is not needed, so a server that does not answer cannot delay this.
            appraise::deny_unread(stores, access.file, Denial::UnstableContent, &rule)?;
            return Ok(Done::Something);
        }
    }
    let look = if stable {
        stores.cache.arm(access.file, look)
    } else {
        look
    };
    let digest = stores
        .reader
        .run(|| content::digest(access, decision.verity, &stores.stats));
    let digest = match digest {
        Ok(digest) => digest,
        Err(e) if e == EINTR => return Err(e),
        Err(e) => {
            report_unreadable(stores, access, decision, pcr, e)?;
            return Ok(Done::Something);
        }
    };
    stores.cache.note_readable(access.file);
    let stable = stable && access.shows_no_more(&look);

    let looked = look_up(stores, access, &digest, decision)?;
    let known = is_known(&looked);
    // A known file needs no record. Exception: a mapped file whose content may change.
    let settled = known && stable && !(look.is_written() && maps(access.func));
    let rule = decision
        .measure
        .filter(|rule| left.measure && !(settled && rule.digest_list));
    if let Some(rule) = rule {
        stores
            .log
            .measure_file(pcr, rule.template, &digest, decision.verity, access.file)?;
    }
    if left.audit {
        stores.log.audit_file(&digest, access.file)?;
    }
    let found = Found {
        digest: &digest,
        verity: decision.verity,
        looked,
        stable,
        permit_directio: decision.permit_directio,
    };
    if left.hash {
        store_digest(stores, access.file, &found);
    }
    let appraised = decision
        .appraise
        .filter(|_| left.appraise)
        .map(|rule| appraise::appraise(stores, access, &rule, &found))
        .transpose();
    if stable && !decision.verity && access.content.is_none() {
        let outcome = Outcome {
            lists,
            known,
            measured: rule.map(|_| small(pcr)),
            audited: left.audit,
            vouchers: appraised.ok().flatten(),
        };
        stores.cache.keep(access.file, &look, &outcome);
    }
    appraised.map(|_| Done::Something)
}

/// Records, once per file, that content could not be read. The access proceeds, as in IMA.
///
/// # Errors
///
/// `EACCES` if the policy appraises the file.
fn report_unreadable(
    stores: &Stores,
    access: &Access<'_>,
    decision: &Decision,
    pcr: u32,
    error: Error,
) -> Result {
    stores.stats.unreadable.count();
    let Stores { cache, log, .. } = stores;
    let is_due = || !cache.is_unreadable(access.file);
    if is_due() {
        let why = Violation::Unreadable(error);
        log.violation(pcr, access.file, why, is_due, || {
            cache.note_unreadable(access.file);
        })?;
    }
    match &decision.appraise {
        Some(rule) => appraise::deny_unread(stores, access.file, Denial::Failed, rule),
        None => Ok(()),
    }
}

/// What the lists say of the file. May sleep.
fn look_up(
    stores: &Stores,
    access: &Access<'_>,
    digest: &Digest,
    decision: &Decision,
) -> Result<Looked> {
    let looked = if decision.verity {
        Looked::only(stores.lists.verdict_of_verity(digest, Purpose::Access))
    } else {
        let appraised = decision.appraise.is_some_and(|rule| rule.digest_list);
        let Stores { lists, stats, .. } = stores;
        stores
            .reader
            .run(|| known::verdict(lists, stats, access, digest, appraised, Purpose::Access))?
    };
    if is_known(&looked) {
        stores.stats.known.count();
    } else {
        stores.stats.unknown.count();
    }
    Ok(looked)
}

/// Records an open-writers violation, as IMA does: a file is opened for reading, or mapped, while
/// it is open for writing. The mapping may be through a writable descriptor of the same task.
/// [`report_writer`] handles the opposite order.
fn report_concurrent_use(
    stores: &Stores,
    access: &Access<'_>,
    decision: &Decision,
    pcr: u32,
) -> Result {
    let reads = match access.func {
        Func::FileCheck => !access.file.is_writable(),
        func => maps(func),
    };
    if !reads || decision.measure.is_none() {
        return Ok(());
    }
    let Stores { cache, log, .. } = stores;
    let is_due = || !cache.is_reported(access.file);
    match cache.opened_to_read(access.file) {
        Some(writers) if is_due() => {
            let why = Violation::OpenWriters;
            log.violation(pcr, access.file, why, is_due, || {
                cache.note_reported(access.file, &writers);
            })
        }
        _ => Ok(()),
    }
}

/// Records a ToMToU violation in the PCR of the matching rule: a file is opened for writing while a
/// measured reader has it open. May sleep.
///
/// # Errors
///
/// The file must not be opened: `ENOMEM`; `EACCES` if records must not wait for the TPM.
pub(crate) fn report_writer(stores: &Stores, file: &File) -> Result {
    let is_reported = !stores.policies.measures();
    // The marks of former writers end in any case.
    if !stores.cache.opened_to_write(file, is_reported) {
        return Ok(());
    }
    let mask = Mask::from_bits(file.accesses());
    let query = Query::new(file, Func::FileCheck, mask).by_task();
    let rule = stores.policies.decide(&query).measure;
    let pcr = stores.log.pcr_of(rule.and_then(|rule| rule.pcr));
    let why = Violation::TimeOfMeasureTimeOfUse;
    let is_due = || stores.cache.opened_to_write(file, false);
    stores.log.violation(pcr, file, why, is_due, || {
        stores.cache.opened_to_write(file, true);
    })
}

/// Data that come from no file.
pub(crate) struct Data<'a> {
    /// What rules match: the keyring, or the label of critical data.
    pub(crate) label: &'a [u8],
    /// The name of the record.
    pub(crate) name: &'a [u8],
    pub(crate) bytes: &'a [u8],
}

/// Records `data` with all bytes if `policy` says so. May sleep.
pub(crate) fn evaluate_data(
    log: &Log,
    policy: &ActivePolicy,
    func: Func,
    data: &Data<'_>,
) -> Result {
    let Some(rule) = policy.measures_data(func, data.label) else {
        return Ok(());
    };
    log.measure_data(log.pcr_of(rule.pcr), rule.template, data.name, data.bytes)
}

/// Whether a list knows the file for measurement.
fn is_known(looked: &Looked) -> bool {
    looked.verdict.is_some_and(|verdict| verdict.is_known())
}
