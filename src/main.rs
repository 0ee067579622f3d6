// SPDX-License-Identifier: GPL-2.0

//! Measures, or refuses, files that are executed, mapped or opened and that no loaded digest list
//! knows.
//!
//! `Documentation/architecture.md` has the layers, the lock order and a glossary. Two paths use the
//! stores ([`stores`]). No store knows the paths or another store.
//! - [`access`]: a task uses a file, from the hook to the answer. It asks [`policy`] (is the access
//!   to be measured or appraised?), [`cache`] (is the file unchanged, and what was found before?),
//!   [`lists`] (is its digest known, and signed?) and [`log`] (record and PCR).
//! - [`requests`]: root asks for something through the files in [`securityfs`].
//!
//! `scripts/imports` has the table of what may import what.

use digest_logic::num::{
    u32_as_usize,
    u64_as_usize, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

mod access;
mod cache;
mod lists;
mod log;
mod policy;
mod reason;
mod requests;
mod securityfs;
mod stats;
mod stores;
#[path = "../rust/mod.rs"]
mod sys;

use access::Monitor;
use requests::{
    checkpoint::Checkpoints,
    start::{
        prepare,
        start, //
    },
};
use stores::Stores;
use sys::lsm::Registration;

module! {
    type: DigestLists,
    name: "digest_lists",
    authors: ["The digest_lists authors"],
    description: "Measures only the files that no digest list knows",
    license: "GPL",
    params: {
        pcr: u32 {
            default: 12,
            description: "The PCR that records of unknown files extend (default 12)",
        },
        tpm_required: bool {
            default: false,
            description: "Whether what is to be measured is refused while the TPM does not take its record (default no)",
        },
        batch: bool {
            default: false,
            description: "Whether files that are measured at the same time share an extend of the PCR (default no)",
        },
        policy_lock: bool {
            default: false,
            description: "Whether the policy of load time cannot be replaced (default no)",
        },
        require_signature: bool {
            default: true,
            description: "Whether digest lists must be signed by a trusted key (default yes)",
        },
        max_list_size: u32 {
            default: 67108864,
            description: "The largest digest list in bytes (default 64 MiB)",
        },
        max_digest_memory: u64 {
            default: 1073741824,
            description: "The most memory that digests may take, in bytes (default 1 GiB)",
        },
        trust_machine_keyring: bool {
            default: false,
            description: "Whether keys of the kernel's secondary and machine keyrings may sign digest lists and certificates (default no)",
        },
        dedicated_keys: bool {
            default: false,
            description: "Whether digest lists and key files count only by keys that are dedicated to lists (default no)",
        },
        checkpoint_interval: u32 {
            default: 0,
            description: "Every how many seconds the use of lists is recorded; 0 for never (default 0)",
        },
        allow_unload: bool {
            default: false,
            description: "Whether the module may be unloaded (default no)",
        },
    },
}

/// The module. The order of the fields is the order of teardown: files in securityfs, automatic
/// work, hooks, state.
struct DigestLists {
    _files: securityfs::Files,
    _checkpoints: Checkpoints,
    _hooks: Arc<Registration<Monitor>>,
    _monitor: Arc<Monitor>,
}

impl kernel::Module for DigestLists {
    fn init(module: &'static ThisModule) -> Result<Self> {
        let stores = Stores::new(
            log::Settings {
                pcr: *module_parameters::pcr.value_ref(),
                tpm_required: *module_parameters::tpm_required.value_ref(),
                batch: *module_parameters::batch.value_ref(),
            },
            sys::module::Text::ImaPolicy.get(),
            *module_parameters::policy_lock.value_ref(),
            lists::Settings {
                require_signature: *module_parameters::require_signature.value_ref(),
                max_list_size: u32_as_usize(*module_parameters::max_list_size.value_ref()),
                max_digest_memory: u64_as_usize(*module_parameters::max_digest_memory.value_ref()),
                validity: lists::Validity::from_parameter()?,
                trust_machine_keyring: *module_parameters::trust_machine_keyring.value_ref(),
                dedicated_keys: *module_parameters::dedicated_keys.value_ref(),
            },
        )?;
        let monitor = Monitor::new(stores)?;
        let hooks = Arc::new(Registration::new(monitor.clone())?, GFP_KERNEL)?;
        // A task with an open file uses the module's code, which is freed if this function fails.
        // So every step that can fail comes before the files can be opened. Steps that can fail for
        // other reasons than memory come before the first extend.
        prepare(&monitor)?;
        let mut files = securityfs::Files::new(module, monitor.clone(), hooks.clone())?;
        let interval = *module_parameters::checkpoint_interval.value_ref();
        let checkpoints = Checkpoints::new(monitor.clone(), interval)?;
        start(&monitor)?;
        checkpoints.begin(interval);
        files.open();
        if !*module_parameters::allow_unload.value_ref() {
            sys::module::pin(module);
        }
        Ok(Self {
            _files: files,
            _checkpoints: checkpoints,
            _hooks: hooks,
            _monitor: monitor,
        })
    }
}
