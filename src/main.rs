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
use sys::{
    lsm::Registration,
    module, //
};

module! {
    type: DigestLists,
    name: "digest_lists",
    authors: ["The digest_lists authors"],
    description: "Measures only the files that no digest list knows",
    license: "GPL",
}

/// The module. The order of the fields is the order of teardown: files in securityfs, automatic
/// work, hooks, state.
struct DigestLists {
    _files: securityfs::Files,
    _checkpoints: Checkpoints,
    _hooks: Arc<Registration<Monitor>>,
    _monitor: Arc<Monitor>,
    module: &'static ThisModule,
}

impl kernel::Module for DigestLists {
    fn init(module: &'static ThisModule) -> Result<Self> {
        let stores = Stores::new(
            log::Settings {
                pcr: module::Number::Pcr.get(),
                tpm_required: module::Switch::TpmRequired.get(),
                batch: module::Switch::Batch.get(),
            },
            sys::module::Text::ImaPolicy.get(),
            module::Switch::PolicyLock.get(),
            lists::Settings {
                require_signature: module::Switch::RequireSignature.get(),
                max_list_size: u32_as_usize(module::Number::MaxListSize.get()),
                max_digest_memory: u64_as_usize(module::max_digest_memory()),
                keys: lists::KeySettings {
                    validity: lists::Validity::from_parameter()?,
                    trust_machine_keyring: module::Switch::TrustMachineKeyring.get(),
                    dedicated_keys: module::Switch::DedicatedKeys.get(),
                },
            },
        )?;
        let monitor = Monitor::new(stores)?;
        let hooks = Arc::new(Registration::new(monitor.clone())?, GFP_KERNEL)?;
        // A task with an open file uses the module's code, which is freed if this function fails.
        // So every step that can fail comes before the files can be opened. Steps that can fail for
        // other reasons than memory come before the first extend.
        prepare(&monitor)?;
        let mut files = securityfs::Files::new(module, monitor.clone(), hooks.clone())?;
        let interval = module::Number::CheckpointInterval.get();
        let checkpoints = Checkpoints::new(monitor.clone(), interval)?;
        start(&monitor)?;
        checkpoints.begin(interval);
        files.open();
        if !module::Switch::AllowUnload.get() {
            sys::module::pin(module);
        }
        Ok(Self {
            _files: files,
            _checkpoints: checkpoints,
            _hooks: hooks,
            _monitor: monitor,
            module,
        })
    }
}

impl Drop for DigestLists {
    /// Runs before the fields are torn down: when the module is unloaded, also by force.
    fn drop(&mut self) {
        if !module::Switch::AllowUnload.get() {
            pr_err!("not unloaded: the module was loaded without allow_unload=1. What asked for it by force sleeps until the next boot.\n");
            module::refuse_unload(self.module);
        }
    }
}
