// SPDX-License-Identifier: GPL-2.0

//! `digestctl appraise --dry-run`: what a policy with `appraise` rules would allow and deny, before
//! it is in force.
//!
//! The rules are evaluated, and files judged, by the code that the module links (`digest_logic`).

mod context;
mod lists;
mod own;
mod subjects;

use std::{
    io::{
        BufWriter,
        Write, //
    },
    path::PathBuf, //
};

use anyhow::{
    anyhow,
    bail,
    Result, //
};
use digest_logic::{
    appraise::{
        judge,
        Denial,
        Evidence,
        Own,
        Vouchers, //
    },
    digest::Digest,
    hash_algo::HashAlgo,
    list::Kind,
    policy::{
        evaluate,
        text_of,
        write_rule,
        write_selection,
        ActionSet,
        Capabilities,
        Func,
        Rule, //
    },
    storage::{
        is_others,
        Facts, //
    }, //
};

use serde_json::json;

use self::{
    context::FileSystems,
    lists::{
        Known,
        Lists, //
    },
    subjects::{
        Subject,
        Subjects, //
    }, //
};
use crate::{
    colour::{
        self,
        Colour, //
    },
    format,
    hash::hash_slices,
    output::is_standard,
    policy::judged,
    report::{
        complain,
        count,
        if_read,
        quoted,
        No, //
    },
    securityfs::Location,
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

/// A policy and the text its rules point into.
struct Policy {
    text: String,
    rules: Vec<Rule>,
    wanted: ActionSet,
}

/// What would become of an access.
enum Outcome {
    /// No rule wants the file appraised.
    NotAppraised,
    Allowed(String),
    Denied(String),
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
    let mut file_systems = FileSystems::read()?;
    let mut counts = Counts::default();
    let mut unreadable = 0;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut accesses = Vec::new();
    subjects.errors.iter().for_each(complain);
    for subject in &found {
        let outcome = judge_subject(&policy, subject, &lists, &verifier, &mut file_systems);
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                complain(format_args!("{}: {error:#}", quoted(&subject.path)));
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
                let what = colour::on_output(what, colour);
                let written = writeln!(out, "{what} {func}: {path}, {why}");
                if_read(written.map_err(Into::into))?;
            }
        }
    }
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
            writeln!(out, "{value:#}")
        }
        false => writeln!(
            out,
            "{} allowed, {} denied, {} not appraised",
            counts.allowed, counts.denied, counts.not_appraised
        ),
    };
    if_read(written.and_then(|()| out.flush()).map_err(Into::into))?;
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

impl Policy {
    fn read(path: &std::path::Path) -> Result<Self> {
        let capabilities = Capabilities::SERVED;
        let name = quoted(path);
        let text = if is_standard(path) || path.exists() {
            let bytes = format::read(path)?;
            let text = text_of(&bytes).map_err(|error| anyhow!("{name}: {error}"))?;
            text.to_owned()
        } else {
            let mut text = String::new();
            write_selection(&name, &capabilities, &mut text)
                .map_err(|error| anyhow!("{name} is no file, and as names of policies: {error}"))?;
            text
        };
        let rules: Vec<_> = judged(&text, false)
            .collect::<Result<_, _>>()
            .map_err(|error| anyhow!("{name}: {error}"))?;
        let wanted = ActionSet::of_rules(&rules);
        Ok(Self {
            text,
            rules,
            wanted,
        })
    }

    /// Those of `found` that the kernel asks about under this policy: by the functions that are
    /// younger than the others only if a rule names them.
    fn asked(&self, found: &[Subject]) -> Vec<Subject> {
        let is_named = |func| self.rules.iter().any(|rule| rule.func() == Some(func));
        found
            .iter()
            .filter(|subject| match subject.func {
                Func::CredsCheck | Func::MmapCheckReqprot => is_named(subject.func),
                _ => true,
            })
            .cloned()
            .collect()
    }

    /// The rule at `place`, as the language writes it.
    fn show(&self, place: usize) -> String {
        let mut shown = String::new();
        if let Some(rule) = self.rules.get(place) {
            // Writing to a string does not fail.
            let _ = write_rule(rule, &self.text, &mut shown);
        }
        shown
    }
}

fn judge_subject(
    policy: &Policy,
    subject: &Subject,
    lists: &Lists<'_>,
    verifier: &Verifier,
    file_systems: &mut FileSystems,
) -> Result<Outcome> {
    let file = file_systems.file(&subject.path)?;
    let context = subject.context(&file);
    let decision = evaluate(&policy.rules, &policy.text, &context, policy.wanted, |_| ());
    let Some(rule) = decision.appraise else {
        return Ok(Outcome::NotAppraised);
    };
    if decision.verity {
        bail!("a rule asks for its digest in fs-verity, by which nothing is judged here");
    }
    let facts = Facts {
        magic: file.fsmagic,
        ..Facts::default()
    };
    if is_others(&facts) {
        let denial = Denial::UnstableContent.name().to_string_lossy();
        let rule = policy.show(rule.rule);
        return Ok(Outcome::Denied(format!("{denial}, by the rule: {rule}")));
    }
    let data = format::read(&subject.path)?;
    let known = lists.find(&data)?;
    let own = own::read(&subject.path, &data, verifier)?;
    let evidence = Evidence {
        own,
        list: known.as_ref().map(|known| known.kind),
        is_new: false,
        is_empty: data.is_empty(),
    };
    Ok(match judge(&rule, &evidence) {
        Ok(vouchers) => Outcome::Allowed(why_allowed(&vouchers, known.as_ref())),
        Err(denial) => {
            let digest = Digest::new(HashAlgo::Sha256, &hash_slices(HashAlgo::Sha256, &[&data]))?;
            let denial = denial.name().to_string_lossy().into_owned();
            let mut why = format!(
                "{denial}, {digest}, by the rule: {}",
                policy.show(rule.rule)
            );
            match known {
                Some(known) if rule.digest_list => why += &format!(" ({known})"),
                Some(_) => why += " (a list has it, which this rule does not ask)",
                None => (),
            }
            if matches!(own, Own::Bad(_)) && verifier.has_no_certs() {
                why += " (no --cert was given to verify a signature with)";
            }
            Outcome::Denied(why)
        }
    })
}

fn why_allowed(vouchers: &Vouchers, known: Option<&Known>) -> String {
    match (vouchers.own, vouchers.list, known) {
        (_, Some(Kind::Immutable | Kind::Mutable), Some(known)) => known.to_string(),
        (Some(own), ..) if own.signed => "by the signature in security.ima".to_owned(),
        _ => "by the digest in security.ima".to_owned(),
    }
}
