// SPDX-License-Identifier: GPL-2.0

//! Bytes that the kernel loads without a file: modules by init_module(2), firmware from sysfs or
//! the platform, kexec images by kexec_load(2).
//!
//! `measure` rules that name the function record their digest unless a list knows it. They have no
//! file, so conditions on files do not count, and they cannot be appraised.

use super::{
    content,
    known, //
};
use crate::{
    stores::Stores,
    sys::{
        lsm::{
            KernelRead,
            Loaded, //
        },
        text::Text, //
    },
};
use core::fmt::Write;
use digest_logic::policy::{
    Func,
    MODULES_LABEL, //
};
use kernel::{
    prelude::*,
    str::CStr, //
};

/// The name of these records.
const IMA_NAME: &[u8] = b"init_module";

/// The name of violations for kexec_load(2).
pub(super) const KEXEC_NAME: &CStr = c"kexec_load";

/// The name of violations for BPF programs that give the results of kernel functions.
pub(super) const BPF_NAME: &CStr = c"bpf_modify_return";

/// Records the bytes if the policy says so and no list knows them. May sleep.
///
/// # Errors
///
/// `ENOMEM` if they could not be recorded: they must not be used.
pub(super) fn evaluate(stores: &Stores, func: Func, loaded: &Loaded<'_>) -> Result {
    if loaded.what == KernelRead::Module {
        measure_as_ima(stores, loaded.content)?;
    }
    let Some(rule) = stores.policies.load().measures_data(func, &[]) else {
        return Ok(());
    };
    stores.stats.checked.count();
    let digest = content::digest_of_bytes(loaded.content, &stores.stats);
    let verdict = known::verdict_of_bytes(&stores.lists, &stores.stats, loaded.content, &digest);
    if verdict.is_some_and(|verdict| verdict.is_known()) {
        stores.stats.known.count();
        if rule.digest_list {
            return Ok(());
        }
    } else {
        stores.stats.unknown.count();
    }
    let pcr = stores.log.pcr_of(rule.pcr);
    let name = name_of(loaded)?;
    stores
        .log
        .measure_digest(pcr, rule.template, &digest, name.as_str().as_bytes())
}

/// Records a kernel module as IMA does (`func=CRITICAL_DATA label=modules`): the data are its
/// SHA-256.
fn measure_as_ima(stores: &Stores, module: &[u8]) -> Result {
    let policy = stores.policies.load();
    let Some(rule) = policy.measures_data(Func::CriticalData, MODULES_LABEL.as_bytes()) else {
        return Ok(());
    };
    let digest = content::digest_of_bytes(module, &stores.stats);
    let pcr = stores.log.pcr_of(rule.pcr);
    stores
        .log
        .measure_data(pcr, rule.template, IMA_NAME, digest.as_bytes())
}

/// Records a violation called `name` if the policy measures what comes by `func`, and the kernel
/// does not show it to hooks. May sleep.
///
/// # Errors
///
/// `ENOMEM` if it could not be recorded.
pub(super) fn report_unseen(stores: &Stores, func: Func, name: &CStr) -> Result {
    let Some(rule) = stores.policies.load().measures_data(func, &[]) else {
        return Ok(());
    };
    let pcr = stores.log.pcr_of(rule.pcr);
    stores.log.violation_of_bytes(pcr, name)
}

/// The name of a record: `init_module`, `firmware:blob`. Names of files begin with a slash; these
/// do not.
fn name_of(loaded: &Loaded<'_>) -> Result<Text> {
    let kind = match loaded.what {
        KernelRead::Firmware => "firmware:",
        _ => "",
    };
    let mut name = Text::new();
    write!(name, "{kind}{}", loaded.way.to_str().unwrap_or("?")).map_err(|_| ENOMEM)?;
    Ok(name)
}
