// SPDX-License-Identifier: GPL-2.0

//! What the next initramfs will hold: the module, the lists with their signatures, the policy.

use std::{
    os::unix::ffi::OsStrExt,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    anyhow,
    bail,
    Result, //
};
use digest_logic::{
    cms::Message,
    policy::text_of,
    signature::Signature, //
};

use super::{
    parameters::{
        is_off,
        permitted,
        Permitted, //
    },
    Findings, //
};
use crate::{
    format,
    hash::hash_slices,
    policy::judged,
    report::{
        count,
        quoted, //
    },
    signature::{
        is_signature,
        with_suffix,
        SUFFIXES, //
    },
    verify::Verifier, //
};

const ABOUT: &str = "next boot";
const LISTS: &str = "etc/digest_lists/lists";
/// Where the policy is that is in force after the lists are loaded.
pub(super) const POLICY: &str = "etc/digest_lists/policy";

/// Looks at what the hooks of the initramfs take, and returns the lists that count as signed.
pub(super) fn look(findings: &mut Findings, release: &str, verifier: &Verifier) -> Vec<PathBuf> {
    module(findings, release);
    let lists = lists(findings, verifier);
    policy(findings);
    lists
}

/// Whether each kernel that can be started has the module.
fn module(findings: &mut Findings, release: &str) {
    let mut without = Vec::new();
    let kernels = findings.names("lib/modules");
    if kernels.is_empty() {
        findings.note(
            ABOUT,
            "no kernel is in /lib/modules",
            "install one, and the module for it",
        );
        return;
    }
    for kernel in kernels {
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

/// What lies beside a list.
enum Signed {
    No,
    /// It may be of another content.
    Unverified,
    Good,
    Bad,
}

/// The lists that the hook takes, by where they are, if they are good and count as signed.
fn lists(findings: &mut Findings, verifier: &Verifier) -> Vec<PathBuf> {
    let (mut counting, mut good, mut all) = (Vec::new(), 0, 0);
    let (mut unsigned, mut unverified) = (Vec::new(), Vec::new());
    for name in findings.files(LISTS) {
        let path = Path::new(LISTS).join(&name);
        let real = findings.root.real(&path).ok().flatten();
        // As the shell's `*` and `[ -d ]` have it.
        if name.as_bytes().starts_with(b".") || real.as_ref().is_some_and(|real| real.is_dir()) {
            continue;
        }
        let is_signature = is_signature(&name);
        let content = findings.content(&path).and_then(|data| {
            let data = data.ok_or("is gone")?;
            let list = path.with_extension("");
            match is_signature {
                true if !matches!(findings.root.real(&list), Ok(Some(_))) => {
                    Err("is a signature without a list".to_owned())
                }
                true => Ok(data),
                false => match format::list(&data) {
                    Ok(_) => Ok(data),
                    Err(error) => Err(format!("is {error}")),
                },
            }
        });
        all += usize::from(!is_signature);
        match (content, real) {
            (Err(reason), _) => findings.problem(
                ABOUT,
                format!(
                    "/{} {reason}: no initramfs can be made with it",
                    quoted(&path)
                ),
                "copy the list there, or remove it",
            ),
            (Ok(data), Some(real)) if !is_signature => {
                match signed(findings, verifier, &path, &real, &data) {
                    Signed::Bad => continue,
                    Signed::No => {
                        unsigned.push(quoted(Path::new(&name)));
                        continue;
                    }
                    Signed::Unverified => unverified.push(quoted(Path::new(&name))),
                    Signed::Good => good += 1,
                }
                counting.push(real);
            }
            _ => (),
        }
    }
    if !unverified.is_empty() {
        findings.note(
            ABOUT,
            format!(
                "signatures that were not verified: {}",
                unverified.join(", ")
            ),
            "digestctl doctor --cert verifies them",
        );
    }
    tell_unsigned(findings, &unsigned);
    if all == 0 {
        findings.problem(
            ABOUT,
            format!("there is no list in /{LISTS}"),
            "digestctl generate and digestctl sign put them there; then make the initramfs anew",
        );
    }
    if good > 0 {
        findings.good(ABOUT, format!("{} signed", count(good, "list")));
    }
    counting
}

/// Whether the list at `path`, which is the file `real`, has a signature beside it that is of the
/// content `data`, and by the certificates if there are any. What is bad is told.
fn signed(
    findings: &mut Findings,
    verifier: &Verifier,
    path: &Path,
    real: &Path,
    data: &[u8],
) -> Signed {
    let beside = SUFFIXES.iter().find_map(|suffix| {
        let path = with_suffix(path, suffix);
        let signature = findings.root.read(&path).ok()??;
        let real = findings.root.real(&path).ok()??;
        Some((path, signature, real))
    });
    let Some((beside, signature, file)) = beside else {
        return Signed::No;
    };
    let remedy = "digestctl sign it, with a key that counts";
    match is_of(&signature, data) {
        Err(error) => {
            let text = format!("/{} is {error}", quoted(&beside));
            findings.problem(ABOUT, text, remedy);
            Signed::Bad
        }
        Ok(digest) if verifier.has_no_certs() => match digest {
            true => Signed::Good,
            false => Signed::Unverified,
        },
        Ok(_) => match verifier.verify_by(real, &file) {
            Ok(_) => Signed::Good,
            Err(error) => {
                let path = quoted(path);
                let text = format!("/{path} does not count by these certificates: {error:#}");
                findings.problem(ABOUT, text, remedy);
                Signed::Bad
            }
        },
    }
}

/// Whether the signature says of which content it is. Fails if that is another one.
fn is_of(signature: &[u8], data: &[u8]) -> Result<bool> {
    let Signature::Pkcs7(message) =
        Signature::parse(signature).map_err(|error| anyhow!("no signature: {error}"))?
    else {
        return Ok(false);
    };
    let message = Message::parse(message).map_err(|error| anyhow!("no signature: {error}"))?;
    match message.digest() {
        Some(digest) if digest == hash_slices(message.hash(), &[data]) => Ok(true),
        Some(_) => bail!("a signature of another content"),
        None => Ok(false),
    }
}

fn tell_unsigned(findings: &mut Findings, unsigned: &[String]) {
    if unsigned.is_empty() {
        return;
    }
    let text = format!("not signed: {}", unsigned.join(", "));
    let remedy = format!("digestctl sign /{LISTS}/NAME --key KEY --cert CERT");
    match permitted(findings, "require_signature", is_off) {
        Permitted::Always(_) => findings.note(
            ABOUT,
            format!("{text}; such lists serve measurement only"),
            format!("before files are appraised: {remedy}"),
        ),
        Permitted::Now(only) => findings.problem(ABOUT, format!("{text}; {only}"), remedy),
        Permitted::No => findings.problem(ABOUT, text, remedy),
    }
}

fn policy(findings: &mut Findings) {
    let text = match findings.content(POLICY.as_ref()) {
        Ok(Some(text)) => text,
        Ok(None) => return,
        Err(reason) => {
            findings.problem(
                ABOUT,
                format!("/{POLICY} {reason}: no initramfs can be made with it"),
                "put a good policy there, or remove it",
            );
            return;
        }
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
