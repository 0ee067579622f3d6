// SPDX-License-Identifier: GPL-2.0

//! The loaded module: its version, its state, its neighbours on the hooks, and whom it trusts.

use std::collections::BTreeMap;

use super::Findings;
use crate::securityfs::status_of;

const DIRECTORY: &str = "sys/kernel/security/digest_lists";
const ABOUT: &str = "module";

/// The lines of the module's status; none if it is not loaded.
pub(super) fn status(findings: &Findings) -> Option<BTreeMap<String, String>> {
    let text = findings.text(&format!("{DIRECTORY}/status"))?;
    Some(status_of(&text))
}

/// Looks at the module.
pub(super) fn look(findings: &mut Findings) {
    neighbours(findings);
    let Some(status) = status(findings) else {
        match findings.names(DIRECTORY).is_empty() {
            true => findings.problem(
                ABOUT,
                "it is not loaded",
                "modprobe digest_lists, and see the kernel log (dmesg) if it does not load",
            ),
            false => findings.problem(
                ABOUT,
                "its status may not be read",
                "run digestctl doctor as root",
            ),
        }
        return;
    };
    let word = |key: &str| status.get(key).map_or("", String::as_str);
    let (own, theirs) = (env!("CARGO_PKG_VERSION"), word("version"));
    match own == theirs {
        true => findings.good(ABOUT, format!("version {own}, as this tool")),
        false => findings.problem(
            ABOUT,
            format!("the module has version {theirs}, and this tool {own}"),
            "install both of one version, make the initramfs anew, and restart",
        ),
    }
    let number = |key: &str| word(key).parse::<u64>().unwrap_or_default();
    for (key, what, remedy) in TROUBLE {
        if number(key) > 0 {
            findings.problem(ABOUT, format!("{} {what}", number(key)), *remedy);
        }
    }
    if number("lists") == 0 {
        findings.problem(
            "lists",
            "no list is loaded: every file is unknown",
            "make, sign and load one: digestctl generate, sign, metadata, load",
        );
    } else {
        let (lists, digests) = (word("lists"), word("digests"));
        findings.good("lists", format!("{lists}, with {digests} digests"));
    }
    if word("policy_rules") == "0" {
        findings.note(
            "policy",
            "no rule is in force: nothing is measured or appraised",
            "load the module with ima_policy=, or write rules to its file policy",
        );
    }
    trust(findings, word("require_signature") == "yes");
}

/// Numbers of the status that should be zero, what they count, and what to do.
const TROUBLE: &[(&str, &str, &str)] = &[
    (
        "records_waiting",
        "of its records are not in the TPM yet",
        "see records_waiting_errno of the status, and the kernel log",
    ),
    (
        "lists_corrupted",
        "of its lists were found changed in memory",
        "restart the machine, and test its memory",
    ),
    (
        "revocations_lost",
        "of its revocations were lost",
        "load the revoking lists again",
    ),
    (
        "files_denied",
        "accesses were refused, or would be without ima_appraise=log",
        "see the kernel log; digestctl appraise --dry-run tells of each file why",
    ),
];

/// Who else is attached to the stubs that the module uses.
fn neighbours(findings: &mut Findings) {
    let Some(text) = findings.text("sys/kernel/tracing/enabled_functions") else {
        return;
    };
    let stubs = text
        .lines()
        .filter_map(|line| line.strip_prefix("bpf_lsm_"));
    let others: Vec<_> = stubs
        .filter(|line| line.contains("bpf_trampoline") || line.contains("direct-->bpf"))
        .filter_map(|line| line.split([' ', '(']).next())
        .collect();
    match others.is_empty() {
        true => findings.good("hooks", "no BPF program is attached to the module's hooks"),
        false => findings.note(
            "hooks",
            format!(
                "BPF programs are attached as well to: {}",
                others.join(", ")
            ),
            "where one of them cannot be attached later, load the module with attach=redirect",
        ),
    }
}

/// The keys that may sign lists.
fn trust(findings: &mut Findings, required: bool) {
    const ABOUT: &str = "trust";
    let keys = findings.text(&format!("{DIRECTORY}/trusted_keys"));
    let keys = keys.unwrap_or_default();
    let usable = keys.lines().filter(|line| {
        let has = |word: &str| line.split(' ').any(|other| other == word);
        let usage = line.split(' ').find_map(|word| word.strip_prefix("usage="));
        let signs = |word: &str| ["sign", "lists", "headers"].contains(&word);
        has("state=valid") && usage.is_some_and(|usage| usage.split(',').any(signs))
    });
    match (usable.count(), required) {
        (0, true) => findings.problem(
            ABOUT,
            "no key may sign lists, and lists have to be signed",
            "build the module with TRUSTED_CERTS=, or digestctl keys add",
        ),
        (0, false) => findings.note(
            ABOUT,
            "no key may sign lists: what is loaded serves measurement only",
            "build the module with TRUSTED_CERTS=, or digestctl keys add",
        ),
        (keys, _) => findings.good(ABOUT, format!("{keys} may sign lists")),
    }
}
