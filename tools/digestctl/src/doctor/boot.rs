// SPDX-License-Identifier: GPL-2.0

//! What the next initramfs will hold: the module, the lists with their signatures, the policy.

use digest_logic::{
    policy::text_of,
    signature::Signature, //
};

use super::Findings;
use crate::{
    format,
    policy::judged,
    report::count, //
};

const ABOUT: &str = "next boot";
const LISTS: &str = "etc/digest_lists/lists";
const POLICY: &str = "etc/digest_lists/policy";

/// Looks at what the hooks of the initramfs take.
pub(super) fn look(findings: &mut Findings, release: &str) {
    module(findings, release);
    lists(findings);
    policy(findings);
}

/// Whether each kernel that can be started has the module.
fn module(findings: &mut Findings, release: &str) {
    let mut without = Vec::new();
    for kernel in findings.names("lib/modules") {
        let index = findings.text(&format!("lib/modules/{kernel}/modules.dep"));
        let has = index.is_some_and(|index| {
            let names = index.lines().filter_map(|line| line.split(':').next());
            names
                .filter_map(|path| path.rsplit('/').next())
                .any(|name| name.starts_with("digest_lists.ko"))
        });
        if !has {
            without.push(kernel);
        }
    }
    match without.is_empty() {
        true => findings.good(ABOUT, "every installed kernel has the module"),
        false => {
            let text = format!("no module for {}", without.join(", "));
            let remedy = "build or install it for them, and depmod; \
                          where files are appraised they do not start";
            match without.iter().any(|kernel| kernel == release) {
                true => findings.problem(ABOUT, text, remedy),
                false => findings.note(ABOUT, text, remedy),
            }
        }
    }
}

fn lists(findings: &mut Findings) {
    let is_signature = |name: &String| name.ends_with(".p7s") || name.ends_with(".sig");
    let names = findings.names(LISTS);
    let (mut good, mut unsigned) = (0, Vec::new());
    for name in names.iter().filter(|name| !is_signature(name)) {
        let Some(data) = findings
            .root
            .read(format!("{LISTS}/{name}").as_ref())
            .ok()
            .flatten()
        else {
            findings.problem(
                ABOUT,
                format!("/{LISTS}/{name} leads nowhere: the initramfs will not have this list"),
                "copy the list there",
            );
            continue;
        };
        if let Err(error) = format::list(&data) {
            findings.problem(
                ABOUT,
                format!("/{LISTS}/{name}: {error}; no initramfs can be made with it"),
                "remove it, or put the good list there",
            );
            continue;
        }
        let signature = ["p7s", "sig"].iter().find_map(|suffix| {
            let path = format!("{LISTS}/{name}.{suffix}");
            findings.root.read(path.as_ref()).ok().flatten()
        });
        match signature.is_some_and(|signature| Signature::parse(&signature).is_ok()) {
            true => good += 1,
            false => unsigned.push(name.as_str()),
        }
    }
    if !unsigned.is_empty() {
        findings.problem(
            ABOUT,
            format!("not signed: {}", unsigned.join(", ")),
            format!("digestctl sign /{LISTS}/NAME --key KEY --cert CERT"),
        );
    }
    match (good, unsigned.len()) {
        (0, 0) => findings.problem(
            ABOUT,
            format!("there is no list in /{LISTS}"),
            "digestctl generate and digestctl sign put them there; then make the initramfs anew",
        ),
        (0, _) => (),
        _ => findings.good(ABOUT, format!("{} signed", count(good, "list"))),
    }
}

fn policy(findings: &mut Findings) {
    let Some(text) = findings.root.read(POLICY.as_ref()).ok().flatten() else {
        return;
    };
    let first = match text_of(&text) {
        Ok(text) => judged(text, false)
            .find_map(Result::err)
            .map(|refusal| refusal.to_string()),
        Err(error) => Some(error.to_string()),
    };
    match first {
        None => findings.good(ABOUT, format!("the policy /{POLICY} is good")),
        Some(reason) => findings.problem(
            ABOUT,
            format!("the kernel refuses the policy /{POLICY}: {reason}"),
            format!("digestctl policy check /{POLICY}"),
        ),
    }
}
