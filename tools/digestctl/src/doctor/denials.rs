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

use indicatif::ProgressBar;

use super::{
    boot::POLICY,
    parameters::{
        only,
        permitted,
        said,
        Permitted,
        Said, //
    },
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
    verify::Verifier, //
};

const ABOUT: &str = "next boot";

/// How many files are named.
const NAMED: usize = 10;

/// The policy of the next boot.
struct Next {
    /// As `digestctl appraise` is told it.
    name: String,
    policy: Policy,
    /// What this boot's command line alone says against it.
    only: Option<String>,
}

/// Looks at what would be refused by the policy and the lists, for at most `--seconds`.
pub(super) fn look(
    findings: &mut Findings,
    args: &Args,
    lists: &[PathBuf],
    verifier: Verifier,
    shown: &ProgressBar,
) -> Result<()> {
    let Some(Next { name, policy, only }) = policy(findings) else {
        return Ok(());
    };
    if !policy.appraises() {
        findings.good(ABOUT, "nothing is refused: no rule appraises");
        return Ok(());
    }
    let lists = Lists::signed(lists)?;
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
    shown.finish_and_clear();
    let bar = progress::bar(asked.len() as u64, "{wide_bar} {pos}/{len} uses of files");
    for subject in &asked {
        bar.inc(1);
        if begun.elapsed() > time {
            late += 1;
            continue;
        }
        findings.root.is_at(&subject.path);
        let len = subject.path.metadata().map_or(0, |file| file.len());
        if len > used::MAX_PROGRAM {
            unjudged += 1;
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
    tell(findings, &name, only, &inside, files.len());
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

fn tell(
    findings: &mut Findings,
    policy: &str,
    only: Option<String>,
    denied: &[PathBuf],
    files: usize,
) {
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
    let lets_pass = |mode: &str| ["log", "fix", "off"].contains(&mode);
    let now = match permitted(findings, "ima_appraise", lets_pass) {
        Permitted::Always(mode) => {
            let text = format!("{text}; ima_appraise={mode} lets them pass");
            findings.note(ABOUT, text, remedy);
            return;
        }
        Permitted::Now(now) => Some(now),
        Permitted::No => None,
    };
    let only = only.or(now).map(|only| format!("; {only}"));
    findings.problem(ABOUT, text + &only.unwrap_or_default(), remedy);
}

/// The policy that is in force after the next boot's initramfs; none if there is none that can be
/// taken.
fn policy(findings: &mut Findings) -> Option<Next> {
    // What is wrong with it is told already.
    if let Some(text) = findings.content(POLICY.as_ref()).ok()? {
        // The one of load time ends when this one is written.
        let name = format!("/{POLICY}");
        let policy = Policy::of_bytes(&name, &text).ok()?;
        return Some(Next {
            name,
            policy,
            only: None,
        });
    }
    let Said { now, configured } = said(findings, "ima_policy");
    let now = now.filter(|names| Some(names) != configured.as_ref());
    let mut only_now = None;
    for names in configured.iter().chain(&now) {
        match Policy::of_names(names) {
            Ok(policy) if Some(names) == now.as_ref() && !policy.appraises() => {
                only_now = Some(only("ima_policy", names));
            }
            Ok(_) => (),
            Err(error) => {
                findings.problem(
                    ABOUT,
                    format!("the module does not load with ima_policy={names}: {error}"),
                    "digestctl policy builtin prints the names that there are",
                );
                return None;
            }
        }
    }
    // The next boot may have either of them: together they refuse what one of them does.
    let names: Vec<_> = configured.into_iter().chain(now).collect();
    let names = names.join("|");
    let policy = Policy::of_names(&names).ok()?;
    Some(Next {
        name: format!("'{names}'"),
        policy,
        only: only_now,
    })
}
