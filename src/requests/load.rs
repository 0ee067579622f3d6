// SPDX-License-Identifier: GPL-2.0

//! Loading lists: metadata → its record → each list file → the table. All lists are loaded, or
//! none.

use super::{
    own_file::{
        self,
        as_path,
        Limit,
        Path, //
    },
    remove::REMOVE_EVENT, //
};
use crate::{
    access::{
        appraise,
        Monitor, //
    },
    lists::Change,
    policy::Query,
    reason::refuse,
    sys::{
        bytes::joined,
        console::Show,
        sha, //
    },
};
use digest_logic::{
    appraise::Denial,
    digest::Digest,
    metadata::{
        Metadata,
        Record, //
    },
    policy::{
        Func,
        Mask, //
    },
    refusal::Cause,
    template::MAX_NAME, //
};
use kernel::prelude::*;

/// The largest metadata in bytes.
pub(crate) const MAX_METADATA: usize = 16 << 20;

/// The name of the record of metadata. For metadata in a file, a colon and the path follow. The
/// prefix is needed because a name that begins with a slash is a file that a task used, and any
/// user can make such records with any path and content (chroot).
const METADATA_EVENT: &[u8] = b"digest_lists_metadata";

fn event_of(path: &[u8]) -> Result<KVVec<u8>> {
    match METADATA_EVENT.len().saturating_add(path.len()) < MAX_NAME.saturating_sub(1) {
        true => joined(&[METADATA_EVENT, b":", path]),
        false => joined(&[METADATA_EVENT]),
    }
}

/// Loads the lists that `data` describe: metadata, or the absolute path of a file with metadata.
/// The metadata are recorded before any list is read. May sleep.
///
/// # Errors
///
/// One errno per cause (`Documentation/abi.md`), with the reason in the kernel log. Nothing is
/// loaded then. Exception: the lists are in force, but older ones of the same name could not be
/// removed.
pub(crate) fn load_lists(monitor: &Monitor, data: &[u8]) -> Result {
    if !monitor.is_running() {
        return Err(refuse("digest_lists", Cause::NotRunning));
    }
    match as_path(data) {
        Some(path) => {
            let limit = Limit(MAX_METADATA, Cause::MetadataTooLarge);
            let (data, ()) = own_file::read(monitor.exempt(), path, limit, |_, _| Ok(()))?;
            load_metadata(monitor, &data, path, &event_of(path)?)
        }
        None => load_metadata(monitor, data, METADATA_EVENT, METADATA_EVENT),
    }
}

/// Loads what the metadata `data` describe, after a record named `event`. `name` is for messages.
/// May sleep.
fn load_metadata(monitor: &Monitor, data: &[u8], name: &[u8], event: &[u8]) -> Result {
    let stores = monitor.stores();
    let metadata = Metadata::parse(data).map_err(|cause| refuse(Path(name), cause))?;
    let change = stores.lists.change();
    // Repeated metadata are recorded each time: the order of loads and removals gives the lists in
    // force.
    stores.log.measure_attempt(data, event, || {
        load_recorded(monitor, &change, &metadata, name)
    })?;
    let (older, unsigned_stay) = change
        .remove_older(stores.policies.enforces(), |older| {
            let lists = older.as_str().as_bytes();
            stores.log.measure_own_data(lists, REMOVE_EVENT)
        })
        .map_err(|reason| refuse(Path(name), reason))?;
    if older > 0 {
        pr_info!(
            "{} lists gave way to newer ones; {} digests in all\n",
            older,
            stores.lists.digests()
        );
    }
    match unsigned_stay {
        true => Err(refuse(Path(name), Cause::WouldUnrevoke)),
        false => Ok(()),
    }
}

/// Loads all lists that `metadata` describe, or none. May sleep.
fn load_recorded(
    monitor: &Monitor,
    change: &Change<'_>,
    metadata: &Metadata<'_>,
    name: &[u8],
) -> Result {
    let mut batch = change.batch();
    for record in metadata.records() {
        let (data, digest) = read_list(monitor, &record)?;
        batch
            .stage(&record, &data, digest)
            .map_err(|reason| refuse(Path(record.path), reason))?;
    }
    let (added, signed) = batch
        .publish()
        .map_err(|reason| refuse(Path(name), reason))?;
    pr_info!(
        "{}: {} lists, {} of them new, {} newly signed; {} digests in all\n",
        Show(Path(name)),
        metadata.len(),
        added,
        signed,
        monitor.stores().lists.digests()
    );
    Ok(())
}

/// Reads the list that `record` names, with its SHA-256. Applies the rules of `DIGEST_LIST_CHECK`.
/// May sleep.
fn read_list(monitor: &Monitor, record: &Record<'_>) -> Result<(KVVec<u8>, Digest)> {
    let stores = monitor.stores();
    let limit = Limit(stores.lists.settings().max_list_size, Cause::ListTooLarge);
    own_file::read(monitor.exempt(), record.path, limit, |file, data| {
        let query = Query::new(file, Func::DigestListCheck, Mask::READ);
        let decision = stores.policies.decide(&query);
        let digest = sha::sha256_digest(data);
        if let Some(rule) = decision.measure {
            let pcr = stores.log.pcr_of(rule.pcr);
            stores
                .log
                .measure_file(pcr, rule.template, &digest, false, file)?;
        }
        if decision.audit.is_some() {
            stores.log.audit_file(&digest, file)?;
        }
        let unsigned = record.signature.is_empty();
        if let Some(rule) = decision.appraise.filter(|_| unsigned) {
            stores.stats.appraised.count();
            let denial = Denial::SignatureRequired;
            appraise::deny(stores, file, denial, Some(&digest), rule.rule)
                .map_err(|_| refuse(Path(record.path), Cause::Unsigned))?;
        }
        Ok(digest)
    })
}
