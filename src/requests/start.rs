// SPDX-License-Identifier: GPL-2.0

//! The first request: loading the module.

use super::policy::record_critical_data;
use crate::{
    access::{
        appraise::lockout::{
            check_lockout,
            note_late_uses, //
        },
        Monitor, //
    },
    cache::Cache,
    policy::Mode,
    sys::{
        console::Show,
        exec_files::Uses,
        module,
        sha,
        storage,
        task, //
    },
};
use digest_logic::start::Start;
use kernel::prelude::*;

/// Checks the policy of load time. May sleep until all running programs are read.
///
/// # Errors
///
/// `EDEADLK` if it would deny running programs.
pub(crate) fn prepare(monitor: &Monitor) -> Result {
    let stores = monitor.stores();
    stores.lists.trust().add_linked();
    note_older_mappings(&stores.cache);
    check_lockout(stores, monitor.exempt(), &stores.policies.load())
}

/// Marks files that have been mapped shared and writable since before the hooks were attached. May
/// sleep.
fn note_older_mappings(cache: &Cache) {
    task::finish_hooks();
    match Uses::by_processes() {
        Ok(uses) => {
            let shared = uses.iter().filter(|used| used.shared);
            let regular = shared.filter(|used| used.file.is_regular());
            regular.for_each(|used| cache.note_shared(&used.file));
            if uses.unseen > 0 {
                pr_warn!(
                    "the mappings of {} processes, which are busy, were not looked at\n",
                    uses.unseen
                );
            }
        }
        Err(e) => pr_warn!(
            "what is mapped writable already could not be looked at ({})\n",
            e.to_errno()
        ),
    }
}

/// Writes the first records and starts to evaluate accesses. Call it after [`prepare`]. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn start(monitor: &Monitor) -> Result {
    let stores = monitor.stores();
    let settings = stores.lists.settings();
    let policy = stores.policies.load();
    let canonical = policy.canonical()?;
    let text = canonical.as_str().as_bytes();
    stores.log.begin(&Start {
        allow_unload: crate::sys::module::Switch::AllowUnload.get(),
        dedicated_keys: settings.keys.dedicated_keys,
        ima_appraise: stores.policies.mode().name(),
        kernel: module::kernel_release().to_str().unwrap_or("?"),
        own_storage: storage::own(),
        pcr: stores.log.pcr(),
        policy: sha::sha256_digest(text),
        require_signature: settings.require_signature,
        tpm_required: stores.log.is_tpm_required(),
        trust_machine_keyring: settings.keys.trust_machine_keyring,
        validity: settings.keys.validity.name(),
        version: env!("DIGEST_LISTS_VERSION"),
    })?;
    record_critical_data(stores, &policy, text)?;
    stores.log.begin_refusing();
    monitor.begin();
    note_late_uses(stores);
    if stores.policies.mode() == Mode::Off && policy.appraises_anything() {
        pr_warn!("ima_appraise=off: the policy's appraise rules do nothing\n");
    }
    if settings.keys.trust_machine_keyring {
        pr_warn!("trust_machine_keyring=1: whoever can sign with a key of the machine keyring, such as that of DKMS, can make any file known\n");
    }
    pr_info!(
        "active on {}: {} rules, PCR {}, TPM {}\n",
        Show(module::kernel_release().to_str().unwrap_or("?")),
        policy.rules(),
        stores.log.pcr(),
        if stores.log.with_chip(|chip| chip.is_some()) {
            "present"
        } else {
            "none"
        },
    );
    Ok(())
}
