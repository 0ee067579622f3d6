// SPDX-License-Identifier: GPL-2.0

//! Bytes that the kernel is given to use and that come from no file: kernel modules by
//! init_module(2), firmware by sysfs or from the machine's own, kexec images by kexec_load(2).
//!
//! They are recorded under the `measure` rules that name their function, by their digest, unless a
//! list knows it. There is no file on which conditions could be put, nor one that can be appraised.

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
use digest_logic::policy::Func;
use kernel::{
    prelude::*,
    str::CStr, //
};

/// The label under which IMA measures modules that come from memory, as critical data.
const IMA_LABEL: &[u8] = b"modules";

/// The name under which it records them.
const IMA_NAME: &[u8] = b"init_module";

/// The name of records of what kexec_load(2) loads.
const UNSEEN_NAME: &CStr = c"kexec_load";

/// Records what the kernel is about to use, if the policy asks for it and no list knows it. May
/// sleep.
///
/// # Errors
///
/// `ENOMEM` if it could not be recorded: it must not be used then.
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

/// Records a kernel module as IMA does, where a rule asks for it
/// (`func=CRITICAL_DATA label=modules`): the data are its SHA-256.
fn measure_as_ima(stores: &Stores, module: &[u8]) -> Result {
    let policy = stores.policies.load();
    let Some(rule) = policy.measures_data(Func::CriticalData, IMA_LABEL) else {
        return Ok(());
    };
    let digest = content::digest_of_bytes(module, &stores.stats);
    let pcr = stores.log.pcr_of(rule.pcr);
    stores
        .log
        .measure_data(pcr, rule.template, IMA_NAME, digest.as_bytes())
}

/// Records a violation where the kernel is about to use bytes that it shows to nobody, if the
/// policy wants them measured. May sleep.
///
/// # Errors
///
/// `ENOMEM` if it could not be recorded.
pub(super) fn report_unseen(stores: &Stores, func: Func) -> Result {
    let Some(rule) = stores.policies.load().measures_data(func, &[]) else {
        return Ok(());
    };
    let pcr = stores.log.pcr_of(rule.pcr);
    stores.log.violation_of_bytes(pcr, UNSEEN_NAME)
}

/// The name of a record: `init_module`, `firmware:blob`. Unlike that of a file it does not begin
/// with a slash.
fn name_of(loaded: &Loaded<'_>) -> Result<Text> {
    let kind = match loaded.what {
        KernelRead::Firmware => "firmware:",
        _ => "",
    };
    let mut name = Text::new();
    write!(name, "{kind}{}", loaded.way.to_str().unwrap_or("?")).map_err(|_| ENOMEM)?;
    Ok(name)
}
