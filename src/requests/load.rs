// SPDX-License-Identifier: GPL-2.0

//! Loading lists: metadata → its record → every list it names → the table, all of them or none.

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
    errno::refuse,
    policy::Query,
    reason::Reason,
    sys::{
        console::Show,
        sha, //
    },
};
use digest_logic::{
    appraise::Cause,
    digest::Digest,
    hash_algo::HashAlgo,
    metadata::{
        Metadata,
        Record, //
    },
    policy::{
        Func,
        Mask, //
    },
};
use kernel::prelude::*;

/// The largest metadata in bytes.
pub(crate) const MAX_METADATA: usize = 16 << 20;

/// The name of the record of metadata that were written as bytes.
const METADATA_EVENT: &[u8] = b"digest_lists_metadata";

/// Loads the lists that `data` describe: metadata, or the absolute path of a file with metadata. The metadata are
/// recorded before any list is read. May sleep.
///
/// # Errors
///
/// One errno per cause (`Documentation/abi.md`), with the reason in the kernel log; nothing is loaded then.
pub(crate) fn load_lists(monitor: &Monitor, data: &[u8]) -> Result {
    if !monitor.is_running() {
        return Err(Reason::NotRunning.refuse("digest_lists"));
    }
    match as_path(data) {
        Some(path) => {
            let limit = Limit(MAX_METADATA, Reason::MetadataTooLarge);
            let (data, ()) = own_file::read(monitor.exempt(), path, limit, |_, _| Ok(()))?;
            load_metadata(monitor, &data, path)
        }
        None => load_metadata(monitor, data, METADATA_EVENT),
    }
}

fn load_metadata(monitor: &Monitor, data: &[u8], name: &[u8]) -> Result {
    let stores = monitor.stores();
    let metadata = Metadata::parse(data).map_err(|cause| refuse(Path(name), cause))?;
    let change = stores.lists.change();
    // However often: which lists are in force follows from the order of loads and removals.
    stores.log.measure_own(data, name)?;
    let mut batch = change.batch();
    for record in metadata.records() {
        let (data, digest) = read_list(monitor, &record)?;
        batch
            .stage(&record, &data, digest)
            .map_err(|reason| reason.refuse(Path(record.path)))?;
    }
    let (added, signed) = batch
        .publish()
        .map_err(|reason| reason.refuse(Path(name)))?;
    pr_info!(
        "{}: {} lists, {} of them new, {} newly signed; {} digests in all\n",
        Show(Path(name)),
        metadata.len(),
        added,
        signed,
        stores.lists.digests()
    );
    let older = change
        .remove_older(stores.policies.enforces(), |older| {
            let lists = older.as_str().as_bytes();
            stores.log.measure_own_data(lists, REMOVE_EVENT)
        })
        .map_err(|reason| reason.refuse(Path(name)))?;
    if older > 0 {
        pr_info!(
            "{} lists gave way to newer ones; {} digests in all\n",
            older,
            stores.lists.digests()
        );
    }
    Ok(())
}

/// Reads the list that `record` names, with its SHA-256, and applies the rules of `DIGEST_LIST_CHECK` to it. May sleep.
fn read_list(monitor: &Monitor, record: &Record<'_>) -> Result<(KVVec<u8>, Digest)> {
    let stores = monitor.stores();
    let limit = Limit(stores.lists.settings().max_list_size, Reason::ListTooLarge);
    own_file::read(monitor.exempt(), record.path, limit, |file, data| {
        let query = Query::new(file, Func::DigestListCheck, Mask::READ);
        let decision = stores.policies.decide(&query);
        let digest = sha::digest(HashAlgo::Sha256, data).ok_or(EINVAL)?;
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
            let cause = Cause::SignatureRequired;
            appraise::deny(stores, file, cause, Some(&digest), rule.rule)
                .map_err(|_| Reason::Unsigned.refuse(Path(record.path)))?;
        }
        Ok(digest)
    })
}
