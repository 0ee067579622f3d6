// SPDX-License-Identifier: GPL-2.0

//! What the module was when it began, and what the machine booted.

use digest_logic::{
    digest::Digest,
    evidence::{
        firmware,
        replay::{
            extended,
            Hasher, //
        }, //
    },
    hash_algo::HashAlgo, //
};

use super::{
    cover::Covered,
    Facts,
    Round, //
};
use crate::evidence::{
    crypto::Hashes,
    history::{
        Record,
        AGGREGATE_LATE, //
    },
    reason::Reason, //
};

/// What `systemd-pcrosseparator.service` extends in the initramfs of a measured unified kernel
/// image (systemd 261), behind what the firmware and systemd-stub have extended. No log of the
/// firmware has it.
const SEPARATOR: &[u8] = b"os-separator";

impl Round<'_> {
    /// Compares the start record with what is expected, and the first values with zero.
    pub(super) fn check_begin(&mut self, covered: &Covered<'_>, facts: &Facts) {
        let Some((start, initial)) = covered.start else {
            return;
        };
        let lines = start.iter();
        let lines = lines.filter(|(key, _)| !key.starts_with("pcr_initial_"));
        self.judgement
            .machine
            .extend(lines.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let expected = &self.judge.trust.expected;
        let mut findings = Vec::new();
        let mut check = |reason, key: &str, good: &dyn Fn(&str) -> bool, empty: bool| {
            let value = start.get(key).unwrap_or_default();
            if !empty && !good(value) {
                findings.push((reason, format!("{key}={value}")));
            }
        };
        check(
            Reason::Version,
            "version",
            &|value| expected.versions.contains(value),
            expected.versions.is_empty(),
        );
        check(
            Reason::Kernel,
            "kernel",
            &|value| expected.kernels.contains(value),
            expected.kernels.is_empty(),
        );
        check(
            Reason::Policy,
            "policy",
            &|value| Digest::parse(value).is_ok_and(|digest| expected.policies.contains(&digest)),
            false,
        );
        check(
            Reason::Setting,
            "pcr",
            &|value| expected.pcr.to_string() == value,
            false,
        );
        for (key, values) in &expected.settings {
            check(
                Reason::Setting,
                key,
                &|value| values.contains(value),
                values.is_empty(),
            );
        }
        for (reason, detail) in findings {
            self.find(reason, Some(1), detail);
        }
        for (bank, hex) in initial.initial() {
            if hex.bytes().any(|digit| digit != b'0') {
                self.check_first_value(covered.pcr, bank, hex, facts);
            }
        }
        self.check_boot_aggregate(covered, facts);
    }

    /// A value that is not zero before the first extend.
    fn check_first_value(&mut self, pcr: u32, bank: &str, hex: &str, facts: &Facts) {
        let detail = format!("PCR {pcr} was {bank}:{hex} before the module was loaded");
        let value =
            HashAlgo::from_name(bank).and_then(|algo| Digest::from_hex(algo, hex.as_bytes()));
        let explained = value.ok().and_then(|value| self.explained(pcr, &value));
        let detail = match (explained, self.judge.trust.expected.firmware_start) {
            (Some(by), true) => {
                self.judgement.note(format!("{detail}, as {by} says"));
                return;
            }
            (Some(by), false) => {
                format!("{detail}; {by} says so (start_values=firmware-log takes it)")
            }
            (None, _) if self.is_same_boot(facts) => {
                let again = match self.judgement.machine.get("allow_unload") {
                    Some(allowed) if allowed == "1" => {
                        "the module was unloaded and loaded again, or the machine was started by kexec"
                    }
                    _ => "the machine was started by kexec",
                };
                format!("{detail}; the TPM was not reset since the last round: {again}")
            }
            (None, _) => detail,
        };
        self.find(Reason::StartValues, Some(1), detail);
    }

    /// Whether the PCRs go on from those of the last round.
    fn is_same_boot(&self, facts: &Facts) -> bool {
        let state = self.judge.state.as_ref();
        state.is_some_and(|state| state.clock.reset_count == facts.clock.reset_count)
    }

    /// What explains a value that a PCR had before the module was loaded.
    fn explained(&self, pcr: u32, value: &Digest) -> Option<&'static str> {
        let algo = value.algo();
        let by_firmware = self.by_firmware(pcr, algo)?;
        let separator = Hashes.hash(algo, &[SEPARATOR]);
        if by_firmware == *value {
            Some("the firmware's log")
        } else if extended(&Hashes, &by_firmware, &separator) == *value {
            Some("the firmware's log, with systemd's os-separator behind it,")
        } else {
            None
        }
    }

    /// The value of a PCR by the firmware's log.
    fn by_firmware(&self, pcr: u32, algo: HashAlgo) -> Option<Digest> {
        let log = self.evidence.firmware_log.as_ref()?;
        let mut value = Digest::zero(algo);
        for event in firmware::Log::parse(&log.0).ok()? {
            let event = event.ok()?;
            if event.pcr != pcr || event.kind == firmware::NO_ACTION {
                continue;
            }
            let digest = event.digests().find(|digest| digest.algo() == algo)?;
            value = extended(&Hashes, &value, &digest);
        }
        Some(value)
    }

    /// The digest of the boot's PCRs is that of the quoted ones.
    fn check_boot_aggregate(&mut self, covered: &Covered<'_>, facts: &Facts) {
        let history = &covered.history;
        let is_late = |(_, record): &(usize, Record<'_>)| record.event.name == AGGREGATE_LATE;
        let place = match history.record(0) {
            Some(first) if first.event.digest.is_zero() => history
                .records()
                .find(is_late)
                .map_or(0, |(place, _)| place),
            _ => 0,
        };
        let Some(record) = history.record(place) else {
            return;
        };
        let told = record.event.digest;
        let (algo, last) = match told.algo() {
            HashAlgo::Sha1 => (HashAlgo::Sha1, 7),
            algo => (algo, 9),
        };
        let required = !self.judge.trust.expected.any_boot;
        if algo.is_weak() && required {
            let detail = "it is of the SHA-1 bank, which vouches for nothing";
            self.find(Reason::BootAggregate, Some(place as u64), detail);
            return;
        }
        let values: Option<Vec<&Digest>> = (0..=last)
            .map(|pcr| facts.quoted.get(&(pcr, algo)))
            .collect();
        let Some(values) = values else {
            let detail = format!("PCRs 0 to {last} are not quoted: nothing is known of the boot");
            match required {
                true => self.find(Reason::BootAggregate, Some(place as u64), detail),
                false => self.judgement.note(detail),
            }
            return;
        };
        let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        let computed = Hashes.hash(algo, &values);
        if computed != told {
            let detail = format!("it is {told}, and {computed} of the quoted PCRs");
            self.find(Reason::BootAggregate, Some(place as u64), detail);
        }
    }

    /// PCRs of the boot have a value that is expected.
    pub(super) fn check_expected_pcrs(&mut self, facts: &Facts) {
        for ((algo, pcr), values) in &self.judge.trust.expected.pcrs {
            match facts.quoted.get(&(*pcr, *algo)) {
                Some(value) if values.contains(value.as_bytes()) => (),
                Some(value) => {
                    let detail = format!("PCR {pcr} is {value}");
                    self.find(Reason::BootPcr, None, detail);
                }
                None => {
                    let detail =
                        format!("PCR {pcr} is not quoted in the bank {algo} (attest --pcr {pcr})");
                    self.find(Reason::BankMissing, None, detail);
                }
            }
        }
    }
}
