// SPDX-License-Identifier: GPL-2.0

//! `status`: how the module is attached, what it uses and what it has done; one `key: value` per
//! line.

use crate::{
    access::Monitor,
    sys::{
        lsm::Registration,
        module,
        securityfs::Node,
        seq_file::SeqOut,
        storage,
        tpm::Chip, //
    },
};
use core::fmt::{
    self,
    Write, //
};
use digest_logic::start::BankName;
use kernel::sync::Arc;

pub(super) struct Status {
    hooks: Arc<Registration<Monitor>>,
    monitor: Arc<Monitor>,
}

impl Status {
    pub(super) fn new(monitor: Arc<Monitor>, hooks: Arc<Registration<Monitor>>) -> Self {
        Self { hooks, monitor }
    }

    fn write_to(&self, out: &mut SeqOut) -> fmt::Result {
        let m = self.monitor.stores();
        let settings = m.lists.settings();
        writeln!(out, "version: {}", env!("DIGEST_LISTS_VERSION"))?;
        let release = module::kernel_release().to_str().unwrap_or("?");
        writeln!(out, "kernel: {release}")?;
        for (hook, way) in self.hooks.ways() {
            writeln!(out, "hook_{}: {}", hook, way.name())?;
        }
        m.log.with_chip(|chip| write_tpm(chip, out))?;
        writeln!(out, "pcr: {}", m.log.pcr())?;
        match m.log.initial() {
            Some(digest) => writeln!(out, "pcr_initial: {digest}")?,
            None => writeln!(out, "pcr_initial: zero")?,
        }
        writeln!(out, "policy_lock: {}", yes_no(m.policies.is_locked()))?;
        writeln!(out, "policy_rules: {}", m.policies.load().rules())?;
        writeln!(out, "lists: {}", m.lists.count())?;
        writeln!(out, "lists_signed: {}", m.lists.signed())?;
        writeln!(
            out,
            "require_signature: {}",
            if settings.require_signature {
                "yes"
            } else {
                "no: unsigned lists serve measurement"
            }
        )?;
        writeln!(out, "trusted_keys: {}", m.lists.trust().len())?;
        writeln!(out, "validity: {}", settings.keys.validity.name())?;
        let machine_keyring = yes_no(settings.keys.trust_machine_keyring);
        writeln!(out, "trust_machine_keyring: {machine_keyring}")?;
        writeln!(
            out,
            "dedicated_keys: {}",
            yes_no(settings.keys.dedicated_keys)
        )?;
        writeln!(out, "digests: {}", m.lists.digests())?;
        writeln!(out, "digest_memory: {}", m.lists.memory())?;
        writeln!(out, "lists_corrupted: {}", m.lists.corrupted())?;
        writeln!(out, "revocations_lost: {}", m.lists.lost())?;
        let shortcuts = m.stats.shortcuts.get();
        let checked = m.stats.checked.get().saturating_add(shortcuts);
        writeln!(out, "files_checked: {checked}")?;
        writeln!(out, "files_known: {}", m.stats.known.get())?;
        writeln!(out, "files_unknown: {}", m.stats.unknown.get())?;
        writeln!(out, "ima_appraise: {}", m.policies.mode().name())?;
        write!(out, "own_storage:")?;
        for (index, word) in storage::own().words().enumerate() {
            write!(out, "{}{word}", if index == 0 { " " } else { "," })?;
        }
        writeln!(out)?;
        writeln!(out, "files_appraised: {}", m.stats.appraised.get())?;
        writeln!(out, "files_denied: {}", m.stats.denied.get())?;
        writeln!(out, "digests_stored: {}", m.stats.stored.get())?;
        writeln!(out, "files_unreadable: {}", m.stats.unreadable.get())?;
        let hits = m.stats.cache_hits.get().saturating_add(shortcuts);
        writeln!(out, "cache_hits: {hits}")?;
        writeln!(out, "cache_entries: {}", m.cache.len())?;
        let (deleted, staged, records) = m.log.counts();
        writeln!(out, "records: {records}")?;
        writeln!(out, "records_staged: {staged}")?;
        writeln!(out, "records_deleted: {deleted}")?;
        let (waiting, why) = m.log.waiting();
        writeln!(out, "records_waiting: {waiting}")?;
        match why {
            Some(why) => writeln!(
                out,
                "records_waiting_since: {}\nrecords_waiting_errno: {}",
                why.since,
                why.error.to_errno()
            )?,
            None => writeln!(out, "records_waiting_since: none\nrecords_waiting_errno: 0")?,
        }
        writeln!(out, "tpm_required: {}", yes_no(m.log.is_tpm_required()))?;
        writeln!(out, "violations: {}", m.log.violations())?;
        writeln!(out, "pcr_extends: {}", m.stats.extends.get())?;
        writeln!(out, "hashed_bytes: {}", m.stats.hashed_bytes.get())?;
        writeln!(out, "hash_time_us: {}", m.stats.hash_ns.get() / 1000)?;
        writeln!(out, "tpm_time_us: {}", m.stats.tpm_ns.get() / 1000)
    }
}

fn write_tpm(chip: Option<&Chip>, out: &mut SeqOut) -> fmt::Result {
    let name = chip.and_then(|chip| chip.name().to_str().ok());
    writeln!(out, "tpm: {}", name.unwrap_or("none"))?;
    out.write_str("tpm_banks:")?;
    for bank in chip.into_iter().flat_map(|chip| chip.banks()) {
        write!(out, " {}", BankName::of(bank.algo))?;
    }
    out.write_str("\n")
}

fn yes_no(value: bool) -> &'static str {
    if value {
        "yes"
    } else {
        "no"
    }
}

impl Node for Status {
    type Item = ();
    const MODE: u16 = 0o440;

    fn item(&self, index: usize) -> Option<()> {
        (index == 0).then_some(())
    }

    fn show(&self, (): &(), out: &mut SeqOut) {
        let _ = self.write_to(out);
    }
}
