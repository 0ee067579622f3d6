// SPDX-License-Identifier: GPL-2.0

//! What a verifier expects of machines: a file of lines `key=value`. Documentation/attestation.md
//! tells of the keys.

use std::{
    collections::{
        BTreeMap,
        BTreeSet,
        HashSet, //
    },
    path::Path, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo, //
};

use super::document::unhex;
use crate::{
    format,
    report::quoted, //
};

/// The settings of the start record that are compared with a value each, and what they must be
/// where the file says nothing.
const SETTINGS: [(&str, Option<&str>); 8] = [
    ("allow_unload", Some("0")),
    ("dedicated_keys", None),
    ("ima_appraise", None),
    ("own_storage", None),
    ("require_signature", Some("1")),
    ("tpm_required", None),
    ("trust_machine_keyring", Some("0")),
    ("validity", None),
];

/// The keys that have one value; `floor` has one for each name.
const ONCE: [&str; 6] = [
    "boot_aggregate",
    "evidence_of_use",
    "floor",
    "not_loaded",
    "pcr",
    "start_values",
];

/// The PCR of the list where the file says nothing: that of the module.
const DEFAULT_PCR: u32 = 12;

/// What is expected.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// Digests of the canonical texts of policies.
    pub(crate) policies: HashSet<Digest>,
    pub(crate) kernels: BTreeSet<String>,
    pub(crate) versions: BTreeSet<String>,
    /// Values of the settings of the start record.
    pub(crate) settings: BTreeMap<&'static str, BTreeSet<String>>,
    /// The PCR of the list. Which one counts is not the machine's choice: root can extend a PCR
    /// that nobody uses with a list of its own making.
    pub(crate) pcr: u32,
    /// Other PCRs, which rules of the policy name. They begin with zeros.
    pub(crate) rule_pcrs: BTreeSet<u32>,
    /// The banks that must be quoted; those of the start record where there are none.
    pub(crate) banks: BTreeSet<HashAlgo>,
    /// Values that a PCR may have, by bank and number.
    pub(crate) pcrs: BTreeMap<(HashAlgo, u32), BTreeSet<Vec<u8>>>,
    /// Whether a quote may leave out the PCRs of the boot.
    pub(crate) any_boot: bool,
    /// Whether the firmware's log may explain values before the first extend.
    pub(crate) firmware_start: bool,
    /// Digests of files.
    pub(crate) allow: HashSet<Digest>,
    /// Digests of files and lists.
    pub(crate) revoke: HashSet<Digest>,
    /// Digests of lists that count without a signature.
    pub(crate) allow_list: HashSet<Digest>,
    /// Digests or names of lists that must be loaded.
    pub(crate) require_list: BTreeSet<String>,
    /// Digests of certificates and key files that may be given to the module.
    pub(crate) keys: HashSet<Digest>,
    /// The least serial number of the lists of a name.
    pub(crate) floors: BTreeMap<String, u64>,
    /// Paths of files whose violations do not count.
    pub(crate) allow_violation: BTreeSet<String>,
    /// Whether a file of a list that is not loaded counts as unknown.
    pub(crate) refuse_not_loaded: bool,
    /// Whether there must be evidence of use.
    pub(crate) require_seen: bool,
}

/// The lines of a file of expectations: number, key and value.
fn entries(text: &str) -> impl Iterator<Item = Result<(usize, &str, &str)>> {
    (1..).zip(text.lines()).filter_map(|(number, line)| {
        let line = line.split('#').next().unwrap_or_default().trim();
        let pair = line.split_once('=');
        (!line.is_empty()).then(|| match pair {
            Some((key, value)) => Ok((number, key.trim(), value.trim())),
            None => bail!("line {number}: not of the form KEY=VALUE"),
        })
    })
}

/// The values of one key in the file of expectations at `path`, as they stand there.
pub(crate) fn values_of(path: &Path, key: &str) -> Result<Vec<String>> {
    let data = format::read(path)?;
    let text =
        std::str::from_utf8(&data).with_context(|| format!("{} is no text", quoted(path)))?;
    let mut values = Vec::new();
    for line in entries(text) {
        let (_, other, value) = line.with_context(|| quoted(path))?;
        if other == key {
            values.push(value.to_owned());
        }
    }
    Ok(values)
}

impl Expected {
    /// Reads the file at `path`.
    pub(crate) fn read(path: &Path) -> Result<(Self, Vec<u8>)> {
        let data = format::read(path)?;
        let text =
            std::str::from_utf8(&data).with_context(|| format!("{} is no text", quoted(path)))?;
        Self::parse(text)
            .with_context(|| quoted(path))
            .map(|expected| (expected, data))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut expected = Self {
            pcr: DEFAULT_PCR,
            ..Self::default()
        };
        let mut once = HashSet::new();
        for line in entries(text) {
            let (number, key, value) = line?;
            let what = match key {
                "floor" => value.split(' ').next().unwrap_or_default(),
                _ => "",
            };
            if ONCE.contains(&key) && !once.insert((key, what)) {
                bail!("line {number}: {key}={value}: another line says it");
            }
            expected
                .add(key, value)
                .with_context(|| format!("line {number}: {key}={value}"))?;
        }
        if expected.policies.is_empty() {
            bail!("no line policy=sha256:…: a machine that measures nothing would be trusted");
        }
        for (key, value) in SETTINGS {
            if let Some(value) = value {
                let values = expected.settings.entry(key).or_default();
                if values.is_empty() {
                    values.insert(value.to_owned());
                }
            }
        }
        Ok(expected)
    }

    fn add(&mut self, key: &str, value: &str) -> Result<()> {
        if let Some((name, _)) = SETTINGS.iter().find(|(name, _)| *name == key) {
            self.settings
                .entry(name)
                .or_default()
                .insert(value.to_owned());
            return Ok(());
        }
        let digest = || {
            // What follows a digest is for people.
            let word = value.split_whitespace().next().unwrap_or_default();
            Digest::parse(word).context("not of the form ALGORITHM:HEX")
        };
        match key {
            "policy" => drop(self.policies.insert(digest()?)),
            "kernel" => drop(self.kernels.insert(value.to_owned())),
            "version" => drop(self.versions.insert(value.to_owned())),
            "pcr" => self.pcr = number_of_pcr(value)?,
            "rule_pcrs" => {
                for number in value.split(',') {
                    self.rule_pcrs.insert(number_of_pcr(number.trim())?);
                }
            }
            "banks" => {
                for name in value.split(',') {
                    self.banks
                        .insert(HashAlgo::from_name(name).context("no bank")?);
                }
            }
            "boot_pcr" => self.add_pcr(value)?,
            "boot_aggregate" => {
                self.any_boot = match value {
                    "required" => false,
                    "optional" => true,
                    _ => bail!("neither 'required' nor 'optional'"),
                }
            }
            "start_values" => {
                self.firmware_start = match value {
                    "zero" => false,
                    "firmware-log" => true,
                    _ => bail!("neither 'zero' nor 'firmware-log'"),
                }
            }
            "allow" => drop(self.allow.insert(digest()?)),
            "revoke" => drop(self.revoke.insert(digest()?)),
            "allow_list" => drop(self.allow_list.insert(digest()?)),
            "require_list" => drop(self.require_list.insert(value.to_owned())),
            "key" => drop(self.keys.insert(digest()?)),
            "floor" => {
                let (name, serial) = value.split_once(' ').context("not NAME SERIAL")?;
                let serial = serial.trim().parse().context("no serial number")?;
                self.floors.insert(name.to_owned(), serial);
            }
            "allow_violation" => drop(self.allow_violation.insert(value.to_owned())),
            "not_loaded" => {
                self.refuse_not_loaded = match value {
                    "allow" => false,
                    "refuse" => true,
                    _ => bail!("neither 'allow' nor 'refuse'"),
                }
            }
            "evidence_of_use" => {
                self.require_seen = match value {
                    "optional" => false,
                    "required" => true,
                    _ => bail!("neither 'optional' nor 'required'"),
                }
            }
            _ => bail!("there is no such key"),
        }
        Ok(())
    }

    /// `BANK:NUMBER:HEX`
    fn add_pcr(&mut self, value: &str) -> Result<()> {
        let mut words = value.splitn(3, ':');
        let (Some(bank), Some(number), Some(hex)) = (words.next(), words.next(), words.next())
        else {
            bail!("not BANK:NUMBER:HEX");
        };
        let algo = HashAlgo::from_name(bank).context("no bank")?;
        let number = number.parse().context("no number of a PCR")?;
        let bytes = unhex(hex)?;
        Digest::new(algo, &bytes).context("not a value of the bank")?;
        self.pcrs.entry((algo, number)).or_default().insert(bytes);
        Ok(())
    }
}

fn number_of_pcr(text: &str) -> Result<u32> {
    let number = text.parse().ok();
    let number = number.filter(|number| *number <= digest_logic::pcr::LAST);
    number.context("no number of a PCR")
}
