// SPDX-License-Identifier: GPL-2.0

//! What the next initramfs will hold: the module, the lists with their signatures, the policy.

use std::{
    ffi::OsStr,
    path::{
        Path,
        PathBuf, //
    }, //
};

use digest_logic::{
    policy::text_of,
    signature::Signature, //
};

use super::{
    parameters::parameter,
    Findings, //
};
use crate::{
    format,
    policy::judged,
    report::{
        count,
        quoted, //
    },
    signature::{
        with_suffix,
        SUFFIXES, //
    }, //
};

const ABOUT: &str = "next boot";
const LISTS: &str = "etc/digest_lists/lists";
/// Where the policy is that is in force after the lists are loaded.
pub(super) const POLICY: &str = "etc/digest_lists/policy";

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

/// The lists that the next boot loads and that are signed, as far as they can be read.
pub(super) fn lists_of_next_boot(findings: &Findings) -> Vec<PathBuf> {
    let is_good = |path: &PathBuf| {
        let data = findings.root.read(path).ok().flatten();
        data.is_some_and(|data| format::list(&data).is_ok()) && is_signed(findings, path)
    };
    paths(findings).filter(is_good).collect()
}

/// The files in the directory of lists that are no signatures.
fn paths(findings: &Findings) -> impl Iterator<Item = PathBuf> + use<> {
    let paths = findings.files(LISTS).into_iter();
    let paths = paths.map(|name| Path::new(LISTS).join(name));
    paths.filter(|path| {
        let suffix = path.extension().and_then(OsStr::to_str);
        !suffix.is_some_and(|suffix| SUFFIXES.contains(&suffix))
    })
}

fn is_signed(findings: &Findings, list: &Path) -> bool {
    let signature = SUFFIXES.iter().find_map(|suffix| {
        let path = with_suffix(list, suffix);
        findings.root.read(&path).ok().flatten()
    });
    signature.is_some_and(|signature| Signature::parse(&signature).is_ok())
}

fn lists(findings: &mut Findings) {
    let (mut good, mut unsigned) = (0, Vec::new());
    for path in paths(findings) {
        let shown = quoted(&path);
        let Some(data) = findings.root.read(&path).ok().flatten() else {
            findings.problem(
                ABOUT,
                format!("/{shown} leads nowhere: no initramfs can be made with it"),
                "copy the list there, or remove it",
            );
            continue;
        };
        if let Err(error) = format::list(&data) {
            findings.problem(
                ABOUT,
                format!("/{shown}: {error}; no initramfs can be made with it"),
                "remove it, or put the good list there",
            );
            continue;
        }
        match is_signed(findings, &path) {
            true => good += 1,
            false => unsigned.push(quoted(path.strip_prefix(LISTS).unwrap_or(&path))),
        }
    }
    if !unsigned.is_empty() {
        let text = format!("not signed: {}", unsigned.join(", "));
        let remedy = format!("digestctl sign /{LISTS}/NAME --key KEY --cert CERT");
        match parameter(findings, "require_signature").as_deref() {
            Some("0" | "n" | "N") => findings.note(
                ABOUT,
                format!("{text}; such lists serve measurement only"),
                format!("before files are appraised: {remedy}"),
            ),
            _ => findings.problem(ABOUT, text, remedy),
        }
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
