// SPDX-License-Identifier: GPL-2.0

//! Replacing the policy.

use super::own_file::{
    self,
    as_path,
    Limit, //
};
use crate::{
    access::{
        appraise::{
            lockout::{
                check_lockout,
                note_late_uses, //
            },
            protect::may_come_as_bytes, //
        },
        evaluate::{
            self,
            Data, //
        },
        Access,
        Monitor, //
    },
    policy::{
        ActivePolicy,
        MAX_POLICY, //
    },
    reason::refuse,
    stores::Stores,
    sys::file::OwnedFile, //
};
use digest_logic::{
    policy::{
        Func,
        Mask,
        POLICY_LABEL, //
    },
    refusal::Cause, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Replaces the policy by `data`, or by the file whose absolute path `data` is, and records it. If
/// the write `continues` an earlier one, its rules are added instead: shells write line by line.
/// May sleep.
///
/// # Errors
///
/// One errno per cause (`Documentation/abi.md`), with line, column and reason in the kernel log.
/// The former policy stays in force then.
pub(crate) fn replace_policy(monitor: &Monitor, data: KVVec<u8>, continues: bool) -> Result {
    let stores = monitor.stores();
    if !monitor.is_running() {
        return Err(refuse("policy", Cause::NotRunning));
    }
    if stores.policies.is_locked() {
        return Err(refuse("policy", Cause::PolicyLocked));
    }
    let (text, change) = loop {
        let judge = stores.policies.load();
        let text = judged(monitor, &data, continues)?;
        let change = stores.policies.change();
        if Arc::ptr_eq(&judge, &stores.policies.load()) {
            break (text, change);
        }
        // Another policy came into force meanwhile. It must allow this one as well.
    };
    let text = match text {
        Some(text) => text,
        None if continues => stores.policies.load().followed_by(&data)?,
        None => data,
    };
    let policy = ActivePolicy::from_bytes(text)?;
    check_lockout(stores, monitor.exempt(), &policy)?;
    // All steps that can fail come before the policy is in force. The record is the last of them.
    let canonical = policy.canonical()?;
    let text = canonical.as_str().as_bytes();
    record_critical_data(stores, &policy, text)?;
    stores.log.measure_own(text, b"digest_lists_policy")?;
    let rules = policy.rules();
    stores.policies.replace(change, policy);
    note_late_uses(stores);
    pr_info!("policy replaced: {} rules\n", rules);
    Ok(())
}

/// The text of the file that `data` names, or nothing if `data` is the text. Fails if the policy in
/// force does not allow to replace it. May sleep as long as a server takes to answer.
fn judged(monitor: &Monitor, data: &[u8], continues: bool) -> Result<Option<KVVec<u8>>> {
    let stores = monitor.stores();
    let Some(path) = as_path(data).filter(|_| !continues) else {
        may_come_as_bytes(stores, Func::PolicyCheck)?;
        return Ok(None);
    };
    let check = |file: &OwnedFile, text: &[u8]| {
        let access = Access::new(file, Func::PolicyCheck, Mask::READ);
        match evaluate::evaluate(stores, &access.with_content(Some(text))) {
            Err(e) if e == EACCES => Err(refuse(path.escape_ascii(), Cause::Denied)),
            evaluated => evaluated.map(|_| ()),
        }
    };
    let limit = Limit(MAX_POLICY, Cause::PolicyTooLarge);
    own_file::read(monitor.exempt(), path, limit, check).map(|(text, ())| Some(text))
}

/// Records `policy`, whose canonical form is `text`, if a rule with `func=CRITICAL_DATA` and
/// `label=digest_lists` says so. May sleep.
pub(super) fn record_critical_data(stores: &Stores, policy: &ActivePolicy, text: &[u8]) -> Result {
    let data = Data {
        label: POLICY_LABEL.as_bytes(),
        name: POLICY_LABEL.as_bytes(),
        bytes: text,
    };
    evaluate::evaluate_data(&stores.log, policy, Func::CriticalData, &data)
}
