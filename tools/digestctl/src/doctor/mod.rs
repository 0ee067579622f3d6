// SPDX-License-Identifier: GPL-2.0

//! `digestctl doctor`: what on this machine stands in the way of the module, and what to do about
//! it.
//!
//! Everything is read from files below the root, and nothing is changed.

mod boot;
mod denials;
mod kernel;
mod module;
mod parameters;
mod tpm;
mod units;
mod used;

use std::{
    ffi::OsString,
    io::Write,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    Context,
    Result, //
};
use serde_json::json;

use crate::{
    colour::Colour,
    json,
    report::{
        count,
        if_read,
        is_quiet,
        quoted,
        No, //
    },
    rooted::{
        Links,
        Root, //
    },
    terminal::{
        printable,
        Printer, //
    },
    verify::{
        Validity,
        Verifier, //
    }, //
};

/// Look for what stands in the way of the module.
///
/// Asks: the kernel and its configuration, the active LSMs, the TPM and where its PCR starts, who
/// else is attached to the hooks, the module's version and state, the keys that may sign lists, and
/// what the next initramfs will hold. Each finding has its remedy. The exit status is 1 if there is
/// a problem; notes are none.
///
/// If files will be appraised, what a boot uses is judged by the policy and the lists that the next
/// initramfs will hold: init, the programs of the units that default.target asks for, their
/// interpreters and libraries, the modules that are loaded now, and what the running processes use.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl doctor
  digestctl doctor --json | jq '.[] | select(.level == \"problem\")'")]
pub(crate) struct Args {
    /// Print JSON: an array with an object for each finding
    #[arg(long)]
    json: bool,

    /// The root of the system to look at
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// Certificates in PEM by which the next boot's lists, and signatures in security.ima, have to
    /// be signed [default: signatures of lists are believed if they are of the list's content]
    #[arg(long, value_name = "CERT")]
    cert: Vec<PathBuf>,

    /// How long to judge what a boot uses, in seconds; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Good,
    Note,
    Problem,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Problem => "problem",
        }
    }

    const fn colour(self) -> Colour {
        match self {
            Self::Good => Colour::Green,
            Self::Note => Colour::Yellow,
            Self::Problem => Colour::Red,
        }
    }
}

/// What was found.
struct Finding {
    level: Level,
    /// What it is about: a name that stays.
    about: &'static str,
    text: String,
    /// What to do; empty if it is good.
    remedy: String,
}

/// What was found so far, and the system that is looked at.
struct Findings {
    root: Root,
    all: Vec<Finding>,
}

impl Findings {
    fn good(&mut self, about: &'static str, text: impl Into<String>) {
        self.add(Level::Good, about, text, "");
    }

    fn note(&mut self, about: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.add(Level::Note, about, text, remedy);
    }

    fn problem(&mut self, about: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.add(Level::Problem, about, text, remedy);
    }

    fn add(
        &mut self,
        level: Level,
        about: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.all.push(Finding {
            level,
            about,
            text: text.into(),
            remedy: remedy.into(),
        });
    }

    /// The text of a file; none if it is not there or may not be read.
    fn text(&self, path: &str) -> Option<String> {
        let data = self.root.read(Path::new(path)).ok()??;
        Some(String::from_utf8_lossy(&data).into_owned())
    }

    /// The content of a file; none if nothing has its name. Says why it cannot be read.
    fn content(&self, path: &Path) -> Result<Option<Vec<u8>>, String> {
        match self.root.read(path) {
            Ok(None) => match self.root.find(path, Links::Followed) {
                Ok(None) => Ok(None),
                _ => Err("leads nowhere".to_owned()),
            },
            Ok(data) => Ok(data),
            Err(error) => Err(format!("cannot be read: {error}")),
        }
    }

    /// The names in a directory, whatever their bytes; none if it is not there.
    fn files(&self, path: &str) -> Vec<OsString> {
        let names = self.root.names(Path::new(path)).ok().flatten();
        names.unwrap_or_default()
    }

    /// The same where names are text.
    fn names(&self, path: &str) -> Vec<String> {
        let names = self.files(path).into_iter();
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root =
        Root::open(&args.root).with_context(|| format!("cannot open {}", quoted(&args.root)))?;
    let mut findings = Findings {
        root,
        all: Vec::new(),
    };
    let release = kernel::look(&mut findings)?;
    tpm::look(&mut findings);
    module::look(&mut findings);
    let verifier = Verifier::new(&args.cert, &[], Validity::Signing)?;
    let lists = boot::look(&mut findings, &release, &verifier);
    if args.seconds > 0 {
        denials::look(&mut findings, args, &lists, verifier)?;
    }
    if_read(print(args, &findings.all))?;
    let of = |level| {
        findings
            .all
            .iter()
            .filter(|found| found.level == level)
            .count()
    };
    match of(Level::Problem) {
        0 => Ok(()),
        problems => Err(No::error(count(problems, "problem"))),
    }
}

fn print(args: &Args, findings: &[Finding]) -> Result<()> {
    if args.json {
        let values = findings.iter().map(|found| {
            json!({
                "level": found.level.name(), "about": found.about,
                "text": found.text, "remedy": found.remedy,
            })
        });
        return json::print(&json!(values.collect::<Vec<_>>()));
    }
    let mut out = Printer::text();
    for found in findings {
        if found.level == Level::Good && is_quiet() {
            continue;
        }
        out.paint(found.level.name(), found.level.colour())?;
        writeln!(out, ": {}: {}", found.about, printable(&found.text))?;
        if !found.remedy.is_empty() {
            writeln!(out, "    what to do: {}", printable(&found.remedy))?;
        }
    }
    out.flush()?;
    Ok(())
}
