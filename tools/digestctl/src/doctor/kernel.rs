// SPDX-License-Identifier: GPL-2.0

//! The running kernel: its configuration, and whether it calls the hooks.

use anyhow::{
    Context,
    Result, //
};

use super::Findings;

/// What the module is built on and attached by.
const NEEDED: [&str; 6] = [
    "CONFIG_RUST",
    "CONFIG_MODULES",
    "CONFIG_SECURITYFS",
    "CONFIG_BPF_LSM",
    "CONFIG_KPROBES",
    "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
];

/// Looks at the kernel, and returns its release.
pub(super) fn look(findings: &mut Findings) -> Result<String> {
    let release = findings
        .text("proc/sys/kernel/osrelease")
        .context("cannot read /proc/sys/kernel/osrelease: is /proc mounted?")?;
    let release = release.trim().to_owned();
    configuration(findings, &release);
    active(findings);
    Ok(release)
}

fn configuration(findings: &mut Findings, release: &str) {
    const ABOUT: &str = "kernel";
    let places = [
        format!("boot/config-{release}"),
        format!("lib/modules/{release}/config"),
    ];
    let Some(text) = places.iter().find_map(|path| findings.text(path)) else {
        findings.note(
            ABOUT,
            format!("{release}; its configuration is not in /boot"),
            "look for CONFIG_RUST=y and CONFIG_BPF_LSM=y in it",
        );
        return;
    };
    let is_set = |name: &str| text.lines().any(|line| line == format!("{name}=y"));
    let missing: Vec<_> = NEEDED.into_iter().filter(|name| !is_set(name)).collect();
    match missing.is_empty() {
        true => findings.good(ABOUT, format!("{release} has what the module needs")),
        false => findings.problem(
            ABOUT,
            format!("{release} is built without {}", missing.join(", ")),
            "start a kernel that has them, such as 7.3 of Debian's backports",
        ),
    }
}

/// Whether the LSM of BPF, whose stubs the module is attached to, is among the active ones.
fn active(findings: &mut Findings) {
    const ABOUT: &str = "lsm";
    match findings.text("sys/kernel/security/lsm") {
        None => findings.problem(
            ABOUT,
            "securityfs is not mounted",
            "mount -t securityfs securityfs /sys/kernel/security",
        ),
        Some(active) if active.trim().split(',').any(|name| name == "bpf") => {
            findings.good(ABOUT, format!("active: {}", active.trim()));
        }
        Some(active) => findings.problem(
            ABOUT,
            format!("bpf is not among the active LSMs ({})", active.trim()),
            format!("add lsm={},bpf to the kernel's command line", active.trim()),
        ),
    }
}
