// SPDX-License-Identifier: GPL-2.0

//! `digestctl appraise --dry-run`: what a policy with `appraise` rules would allow and deny, before
//! it is in force.
//!
//! The rules are evaluated, and files judged, by the code that the module links (`digest_logic`).

mod context;
mod judge;
mod lists;
mod own;
mod subjects;

use std::{
    io::{
        Write, //
    },
    path::PathBuf, //
};

use anyhow::{
    bail,
    Result, //
};
use serde_json::json;

pub(crate) use self::{
    judge::{
        Judge,
        Outcome,
        Policy, //
    },
    lists::Lists,
    subjects::{
        Subjects,
        MODULE, //
    }, //
};
use crate::{
    colour::Colour,
    json,
    progress,
    report::{
        complain,
        count,
        if_read,
        quoted,
        No, //
    },
    securityfs::Location,
    terminal::Printer,
    verify::{
        Validity,
        Verifier, //
    }, //
};

/// Show what an appraisal policy would allow and deny.
///
/// Without PATH: for the programs and libraries of all running processes, the shell and digestctl,
/// as the kernel would ask about them. With PATH: for the files below it, as --uid would use them
/// (execute and map what is executable, load modules, read all files). Each line says what would
/// happen, and by which list and signer, or why not. The exit status is 1 if something would be
/// denied, 2 if something could not be judged.
///
/// Lists are those that the kernel has loaded, or those of --list. The latter count if they are
/// signed by one of --cert or --key. A signature in security.ima is verified with --cert.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl appraise --dry-run appraise_exec_tcb
  digestctl appraise --dry-run policy --denied /usr/bin /usr/lib
  digestctl appraise --dry-run policy --list base.list --cert ca.pem --uid 1000 /srv")]
pub(crate) struct Args {
    /// The policy: a file, or names of built-in ones as in the module's parameter ima_policy
    #[arg(long = "dry-run", value_name = "POLICY", required = true)]
    policy: PathBuf,

    /// Directories and files [default: the running processes]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// A digest list to use instead of those that the kernel has loaded
    #[arg(long, value_name = "LIST")]
    list: Vec<PathBuf>,

    /// X.509 certificates in PEM whose signatures are trusted
    #[arg(long, value_name = "CERT")]
    cert: Vec<PathBuf>,

    /// OpenPGP keys whose signatures of lists are trusted
    #[arg(long, value_name = "KEY")]
    key: Vec<PathBuf>,

    /// The user that would access the files below PATH
    #[arg(long, default_value_t = 0)]
    uid: u32,

    /// Show only what would be denied
    #[arg(long)]
    denied: bool,

    /// Print JSON: an object with the accesses and how many there are of each outcome
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    location: Location,
}

/// How many accesses there are of each outcome.
#[derive(Default)]
struct Counts {
    allowed: usize,
    denied: usize,
    not_appraised: usize,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let policy = Policy::read(&args.policy)?;
    let verifier = Verifier::new(&args.cert, &args.key, Validity::Signing)?;
    let lists = if args.list.is_empty() {
        Lists::of_kernel(&args.location)?
    } else {
        Lists::of_files(&args.list, &verifier)?
    };
    let subjects = if args.paths.is_empty() {
        Subjects::running()?
    } else {
        Subjects::below(&args.paths, args.uid)
    };
    let found = policy.asked(&subjects.found);
    let mut judge = Judge::new(policy, lists, verifier)?;
    let mut counts = Counts::default();
    let mut unreadable = 0;
    let mut out = Printer::text();
    let mut accesses = Vec::new();
    subjects.errors.iter().for_each(complain);
    let bar = progress::of_some(100, found.len(), "uses of files");
    for subject in &found {
        bar.inc(1);
        let outcome = match judge.outcome(subject) {
            Ok(outcome) => outcome,
            Err(error) => {
                bar.suspend(|| complain(format_args!("{}: {error:#}", quoted(&subject.path))));
                unreadable += 1;
                continue;
            }
        };
        *counts.of(&outcome) += 1;
        let (what, why, colour) = match &outcome {
            Outcome::NotAppraised => continue,
            Outcome::Allowed(_) if args.denied => continue,
            Outcome::Allowed(why) => ("allowed", why, Colour::Green),
            Outcome::Denied(why) => ("denied", why, Colour::Red),
        };
        let (func, path) = (subject.func.name(), quoted(&subject.path));
        match args.json {
            true => accesses.push(json!({
                "outcome": what, "func": func, "path": path, "reason": why,
            })),
            false => {
                let written = bar.suspend(|| {
                    out.paint(what, colour)?;
                    writeln!(out, " {func}: {path}, {why}")
                });
                if_read(written.map_err(Into::into))?;
            }
        }
    }
    bar.finish_and_clear();
    unreadable += subjects.errors.len();
    let written = match args.json {
        true => {
            let value = json!({
                "accesses": accesses,
                "allowed": counts.allowed,
                "denied": counts.denied,
                "not_appraised": counts.not_appraised,
                "not_judged": unreadable,
            });
            json::print(&value)
        }
        false => writeln!(
            out,
            "{} allowed, {} denied, {} not appraised",
            counts.allowed, counts.denied, counts.not_appraised
        )
        .and_then(|()| out.flush())
        .map_err(Into::into),
    };
    if_read(written)?;
    if unreadable > 0 {
        bail!("{} could not be judged", count(unreadable, "file"));
    }
    if counts.denied > 0 {
        let denied = count(counts.denied, "access");
        return Err(No::error(format!("{denied} would be denied")));
    }
    Ok(())
}

impl Counts {
    fn of(&mut self, outcome: &Outcome) -> &mut usize {
        match outcome {
            Outcome::NotAppraised => &mut self.not_appraised,
            Outcome::Allowed(_) => &mut self.allowed,
            Outcome::Denied(_) => &mut self.denied,
        }
    }
}
