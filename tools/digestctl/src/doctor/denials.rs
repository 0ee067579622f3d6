// SPDX-License-Identifier: GPL-2.0

//! What the next boot would deny of what it uses: judged as `digestctl appraise --dry-run` does, by
//! the policy and the lists that the next initramfs will hold.

use std::{
    collections::BTreeSet,
    path::{
        Path,
        PathBuf, //
    },
    time::{
        Duration,
        Instant, //
    }, //
};

use anyhow::{
    Context,
    Result, //
};

use super::{
    boot::{
        lists_of_next_boot,
        POLICY, //
    },
    parameters::parameter,
    used,
    Args,
    Findings, //
};
use crate::{
    appraise::{
        Judge,
        Lists,
        Outcome,
        Policy,
        Subjects, //
    },
    progress,
    report::{
        count,
        quoted, //
    },
    verify::{
        Validity,
        Verifier, //
    }, //
};

const ABOUT: &str = "next boot";

/// How many files are named.
const NAMED: usize = 10;

/// Looks at what would be refused, for at most `--seconds`.
pub(super) fn look(findings: &mut Findings, args: &Args) -> Result<()> {
    // What is wrong with the policy is a finding already.
    let Some((name, policy)) = policy(findings) else {
        return Ok(());
    };
    if !policy.appraises() {
        findings.good(ABOUT, "nothing is refused: no rule appraises");
        return Ok(());
    }
    let verifier = Verifier::new(&args.cert, &[], Validity::Signing)?;
    let lists = lists(findings, args, &verifier)?;
    let begun = Instant::now();
    let time = Duration::from_secs(args.seconds);
    let mut subjects = match args.root == Path::new("/") {
        true => Subjects::running().context("cannot look at the running processes")?,
        false => Subjects::default(),
    };
    // The other half of the time is for judging.
    let (used, all) = used::subjects(findings, begun + time / 2);
    subjects.add(used);
    let asked = policy.asked(&subjects.found);
    let mut judge = Judge::new(policy, lists, verifier)?;
    let mut files = BTreeSet::new();
    let mut denied: BTreeSet<PathBuf> = BTreeSet::new();
    let mut unjudged = subjects.errors.len();
    let mut late = 0;
    let bar = progress::bar(asked.len() as u64, "{wide_bar} {pos}/{len} uses of files");
    for subject in &asked {
        bar.inc(1);
        if begun.elapsed() > time {
            late += 1;
            continue;
        }
        let outcome = judge.outcome(subject);
        // Running programs may have been found by a link.
        let path = subject.path.canonicalize();
        let path = path.unwrap_or_else(|_| subject.path.clone());
        match outcome {
            Ok(Outcome::Denied(_)) => {
                denied.insert(path.clone());
                files.insert(path);
            }
            Ok(_) => {
                files.insert(path);
            }
            Err(_) => unjudged += 1,
        }
    }
    bar.finish_and_clear();
    let inside: Vec<_> = denied
        .iter()
        .map(|path| findings.root.inside(path))
        .collect();
    tell(findings, &name, &inside, files.len());
    if unjudged > 0 {
        findings.note(
            ABOUT,
            format!("{} of files could not be judged", count(unjudged, "use")),
            format!("digestctl appraise --dry-run {name} names them"),
        );
    }
    let more = "digestctl doctor --seconds takes more time";
    if !all {
        findings.note(ABOUT, "not all that it uses was found in time", more);
    }
    if late > 0 {
        findings.note(
            ABOUT,
            format!(
                "{late} of {} uses of files were not looked at in {} s",
                asked.len(),
                args.seconds
            ),
            more,
        );
    }
    Ok(())
}

fn tell(findings: &mut Findings, policy: &str, denied: &[PathBuf], files: usize) {
    if denied.is_empty() {
        let text = format!("would refuse none of {} that it uses", count(files, "file"));
        findings.good(ABOUT, text);
        return;
    }
    let names: Vec<_> = denied.iter().take(NAMED).map(|path| quoted(path)).collect();
    let mut names = names.join(", ");
    if denied.len() > NAMED {
        names += &format!(", and {} more", denied.len() - NAMED);
    }
    let text = format!(
        "would refuse {} of {} that it uses: {names}",
        denied.len(),
        count(files, "file")
    );
    let remedy = format!(
        "look at them (digestctl appraise --dry-run {policy} --denied says why), then list them: \
         digestctl generate FILE… -o /etc/digest_lists/lists/local, digestctl sign it, and make \
         the initramfs anew"
    );
    match parameter(findings, "ima_appraise").as_deref() {
        Some(mode @ ("log" | "fix" | "off")) => {
            findings.note(
                ABOUT,
                format!("{text}; ima_appraise={mode} lets them pass"),
                remedy,
            );
        }
        _ => findings.problem(ABOUT, text, remedy),
    }
}

/// The policy that is in force after the next boot's initramfs, and how to name it; none if there
/// is none that can be taken.
fn policy(findings: &mut Findings) -> Option<(String, Policy)> {
    if let Some(text) = findings.root.read(POLICY.as_ref()).ok().flatten() {
        // The one of load time ends when this one is written.
        let name = format!("/{POLICY}");
        let policy = Policy::of_bytes(&name, &text).ok()?;
        return Some((name, policy));
    }
    let names = parameter(findings, "ima_policy")?;
    match Policy::of_names(&names) {
        Ok(policy) => Some((format!("'{names}'"), policy)),
        Err(error) => {
            findings.problem(
                ABOUT,
                format!("the module does not load with ima_policy={names}: {error}"),
                "digestctl policy builtin prints the names that there are",
            );
            None
        }
    }
}

/// The lists that count. Without `--cert` their signatures are believed.
fn lists(findings: &mut Findings, args: &Args, verifier: &Verifier) -> Result<Lists<'static>> {
    let mut signed = Vec::new();
    for path in lists_of_next_boot(findings) {
        let Some(real) = findings.root.real(&path)? else {
            continue;
        };
        if args.cert.is_empty() {
            signed.push(real);
            continue;
        }
        match verifier.verify(&real) {
            Ok(_) => signed.push(real),
            Err(error) => findings.problem(
                ABOUT,
                format!(
                    "/{} does not count by these certificates: {error:#}",
                    quoted(&path)
                ),
                "sign it with a key of one of them",
            ),
        }
    }
    Lists::signed(&signed)
}
