// SPDX-License-Identifier: GPL-2.0

//! The TPM, and where the PCR of the measurement list starts.

use super::Findings;

const ABOUT: &str = "tpm";
const CLASS: &str = "sys/class/tpm";

/// Looks at the TPM.
pub(super) fn look(findings: &mut Findings) {
    let Some(chip) = findings.names(CLASS).into_iter().next() else {
        findings.note(
            ABOUT,
            "there is none: records have no PCR that proves them",
            "enable it in the firmware, or see to it that its driver is loaded before the module",
        );
        return;
    };
    let version = findings.text(&format!("{CLASS}/{chip}/tpm_version_major"));
    if version.as_deref().map(str::trim) != Some("2") {
        findings.problem(
            ABOUT,
            format!("{chip} is no TPM 2.0"),
            "the module extends PCRs of a TPM 2.0 only",
        );
        return;
    }
    let mut banks: Vec<_> = findings.names(&format!("{CLASS}/{chip}"));
    banks.retain(|name| name.starts_with("pcr-"));
    if banks.is_empty() {
        findings.problem(
            ABOUT,
            format!("{chip} has no active bank of PCRs"),
            "allocate one: tpm2_pcrallocate sha256:all, and restart",
        );
        return;
    }
    findings.good(ABOUT, format!("{chip}, {}", banks.join(", ")));
    start(findings, &chip, &banks);
}

/// What was in the PCR before the module's first record. As long as the module is not loaded, that
/// is what is in it now.
fn start(findings: &mut Findings, chip: &str, banks: &[String]) {
    let status = super::module::status(findings);
    let pcr = status
        .as_ref()
        .and_then(|status| status.get("pcr").cloned());
    let pcr = pcr.unwrap_or_else(|| "12".to_owned());
    let initial = match &status {
        Some(status) => status.get("pcr_initial").cloned().unwrap_or_default(),
        None => {
            let used = banks.iter().find(|bank| {
                let value = findings.text(&format!("{CLASS}/{chip}/{bank}/{pcr}"));
                value.is_some_and(|value| value.trim().bytes().any(|digit| digit != b'0'))
            });
            used.map_or("zero".to_owned(), |bank| format!("not zero in {bank}"))
        }
    };
    match initial.as_str() {
        "zero" => findings.good("pcr", format!("PCR {pcr} starts from zero")),
        initial => findings.note(
            "pcr",
            format!("PCR {pcr} does not start from zero: {initial}"),
            "the verifier needs the log of what extended it (systemd's, the firmware's); \
             or choose another with digest_lists.pcr=",
        ),
    }
}
