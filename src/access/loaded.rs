// SPDX-License-Identifier: GPL-2.0

//! Bytes that the kernel is given to use and that come from no file: kernel modules by init_module(2), firmware by sysfs
//! or from the machine's own, kexec images by kexec_load(2).
//!
//! They are recorded under the `measure` rules that name their function, by their digest, unless a list knows it. There is
//! no file on which conditions could be put, nor one that can be appraised.

use crate::{
    access::content,
    monitor::Monitor,
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

impl Monitor {
    /// Records what the kernel is about to use, if the policy asks for it and no list knows it. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` if it could not be recorded: it must not be used then.
    pub(crate) fn evaluate_loaded(&self, func: Func, loaded: &Loaded<'_>) -> Result {
        if loaded.what == KernelRead::Module {
            self.measure_as_ima(loaded.content)?;
        }
        let Some(rule) = self.policies.load().decide_data(func, &[]).measure else {
            return Ok(());
        };
        self.stats.checked.count();
        let digest = content::digest_of_bytes(loaded.content, &self.stats)?;
        let verdict = self.verdict_of_bytes(loaded.content, &digest);
        if verdict.is_some_and(|verdict| verdict.is_known()) {
            self.stats.known.count();
            if rule.digest_list {
                return Ok(());
            }
        } else {
            self.stats.unknown.count();
        }
        let pcr = rule.pcr.map_or(self.log.pcr(), u32::from);
        let name = name_of(loaded)?;
        self.log
            .measure_digest(pcr, rule.template, &digest, name.as_str().as_bytes())
    }

    /// Records a kernel module as IMA does, where a rule asks for it (`func=CRITICAL_DATA label=modules`): the data are its
    /// SHA-256.
    fn measure_as_ima(&self, module: &[u8]) -> Result {
        let decision = self
            .policies
            .load()
            .decide_data(Func::CriticalData, IMA_LABEL);
        let Some(rule) = decision.measure else {
            return Ok(());
        };
        let digest = content::digest_of_bytes(module, &self.stats)?;
        let pcr = rule.pcr.map_or(self.log.pcr(), u32::from);
        self.log
            .measure_data(pcr, rule.template, IMA_NAME, digest.as_bytes())
    }

    /// Records a violation where the kernel is about to use bytes that it shows to nobody, if the policy wants them
    /// measured. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` if it could not be recorded.
    pub(crate) fn report_unseen_bytes(&self, func: Func) -> Result {
        let Some(rule) = self.policies.load().decide_data(func, &[]).measure else {
            return Ok(());
        };
        let pcr = rule.pcr.map_or(self.log.pcr(), u32::from);
        self.log.violation_of_bytes(pcr, UNSEEN_NAME)
    }
}

/// The name of a record: `init_module`, `firmware:blob`. Unlike that of a file it does not begin with a slash.
fn name_of(loaded: &Loaded<'_>) -> Result<Text> {
    let kind = match loaded.what {
        KernelRead::Firmware => "firmware:",
        _ => "",
    };
    let mut name = Text::new();
    write!(name, "{kind}{}", loaded.way.to_str().unwrap_or("?")).map_err(|_| ENOMEM)?;
    Ok(name)
}
