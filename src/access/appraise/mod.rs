// SPDX-License-Identifier: GPL-2.0

//! Appraisal: whether the content of a file may be used.
//!
//! This file and [`reference`] collect the facts; `digest_logic::appraise` decides. [`refresh`]
//! updates `security.ima` after a write. [`protect`] keeps signed content and reference values from
//! being changed. [`lockout`] checks a new policy.

pub(crate) mod lockout;
mod modsig;
pub(crate) mod protect;
mod reference;
pub(super) mod refresh;

use super::{
    file_access::Access,
    known::Found, //
};
use crate::{
    policy::{
        Mode,
        Policies, //
    },
    stores::Stores,
    sys::{
        file::File,
        key::is_data_blacklisted, //
    },
};
use digest_logic::{
    appraise::{
        judge,
        Denial,
        Evidence,
        Own,
        Vouchers, //
    },
    digest::Digest,
    policy::{
        Appraise,
        Func, //
    },
};
use kernel::prelude::*;
use modsig::appended_signature;
use reference::own_reference;
use refresh::store_digest;

/// Whether the file will be executed. The kernel refuses to open a running program for writing, but
/// not a mapped file, nor a program on a mount watched with `FAN_PRE_ACCESS`.
fn executes(func: Func) -> bool {
    matches!(
        func,
        Func::BprmCheck | Func::CredsCheck | Func::MmapCheck | Func::MmapCheckReqprot
    )
}

/// What vouches for the file, or why it is refused. May sleep.
fn weigh(
    stores: &Stores,
    access: &Access<'_>,
    rule: &Appraise,
    found: &Found<'_>,
) -> Result<Vouchers, Denial> {
    let file = access.file;
    if !found.stable {
        return Err(Denial::UnstableContent);
    }
    if file.is_direct() && !found.permit_directio {
        return Err(Denial::DirectIo);
    }
    if executes(access.func) && file.has_writers() {
        return Err(Denial::OpenWriters);
    }
    if is_data_blacklisted(found.digest.as_bytes()) {
        return Err(Denial::Blacklisted);
    }
    if found.looked.is_doubtful && rule.digest_list {
        return Err(Denial::Failed);
    }
    let mut own = stores.reader.run(|| own_reference(stores, access, found))?;
    if own == Own::Absent && rule.takes_modsig() {
        own = appended_signature(stores.lists.trust(), access);
    }
    let evidence = Evidence {
        own,
        list: found.looked.verdict.and_then(|verdict| verdict.appraise),
        // Only an open may use a new file: nothing vouches for what its creator writes to it.
        is_new: access.func == Func::FileCheck && stores.cache.is_new(file),
        is_empty: file.size() == 0,
    };
    judge(rule, &evidence)
}

/// Whether `rule` lets the access proceed, and what vouches for the file. May sleep.
///
/// # Errors
///
/// `EACCES` if it may not; the cause is in the audit log.
pub(super) fn appraise(
    stores: &Stores,
    access: &Access<'_>,
    rule: &Appraise,
    found: &Found<'_>,
) -> Result<Vouchers> {
    stores.stats.appraised.count();
    let weighed = match weigh(stores, access, rule, found) {
        Ok(vouchers)
            if access.writes() && vouchers.are_signed() && !stores.cache.is_new(access.file) =>
        {
            Err(Denial::Immutable)
        }
        weighed => weighed,
    };
    match weighed {
        Ok(vouchers) => {
            stores.cache.note_passed(access.file, vouchers.are_signed());
            // In this order: the file may become new meanwhile, unless it is in use as signed.
            if executes(access.func) {
                stores.cache.note_used(access.file);
            }
            let to_be_stored =
                vouchers.own.is_none() && vouchers.list.is_some_and(|kind| !kind.is_immutable());
            if to_be_stored && !store_digest(stores, access.file, found) {
                // Nothing is kept, so the next access is evaluated again.
                return Ok(Vouchers::default());
            }
            Ok(vouchers)
        }
        Err(Denial::Immutable) => {
            deny(
                stores,
                access.file,
                Denial::Immutable,
                Some(found.digest),
                rule.rule,
            )?;
            Ok(Vouchers::default())
        }
        Err(_) if stores.policies.mode() == Mode::Fix => {
            store_digest(stores, access.file, found);
            stores.cache.note_passed(access.file, false);
            Ok(Vouchers::default())
        }
        Err(denial) => {
            if denial.is_of_content() {
                stores.cache.note_failed(access.file);
            }
            deny(stores, access.file, denial, Some(found.digest), rule.rule)?;
            Ok(Vouchers::default())
        }
    }
}

/// Whether the access executes what is in the page cache, so that no task may write the file
/// between the read and the use. For programs this matters only on watched mounts (see
/// [`executes`]).
pub(super) fn must_execute_what_was_read(policies: &Policies, access: &Access<'_>) -> bool {
    executes(access.func) && policies.mode() == Mode::Enforce
}

/// Refuses a file whose content cannot be read, or may differ between the read and the use. May
/// sleep.
///
/// # Errors
///
/// `EACCES`; the cause is in the audit log.
pub(super) fn deny_unread(stores: &Stores, file: &File, denial: Denial, rule: &Appraise) -> Result {
    stores.stats.appraised.count();
    deny(stores, file, denial, None, rule.rule)
}

/// Leaves an audit record. Refuses if the policy is enforced. May sleep.
pub(crate) fn deny(
    stores: &Stores,
    file: &File,
    denial: Denial,
    digest: Option<&Digest>,
    rule: usize,
) -> Result {
    stores.stats.denied.count();
    let enforced = stores.policies.mode() == Mode::Enforce;
    stores
        .log
        .audit_denial(file, denial, digest, rule, enforced);
    if enforced {
        return Err(EACCES);
    }
    Ok(())
}
