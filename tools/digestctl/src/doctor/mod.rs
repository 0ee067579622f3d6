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
mod system;
mod tpm;
mod units;
mod used;

use std::{
    ffi::OsString,
    io::{
        self,
        ErrorKind,
        Write, //
    },
    path::{
        Path,
        PathBuf, //
    },
    sync::mpsc::{
        channel,
        Receiver,
        RecvTimeoutError,
        Sender, //
    },
    thread,
    time::Duration, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use indicatif::ProgressBar;
use serde_json::json;

use self::system::{
    Now,
    System, //
};
use crate::{
    colour::Colour,
    json,
    progress,
    report::{
        count,
        if_read,
        is_quiet,
        quoted,
        No, //
    },
    rooted::Root,
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
///
/// What does not answer, such as a network share that is gone, is named, and ends the look.
#[derive(Clone, clap::Args)]
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

    /// How long to wait for one file, in seconds
    #[arg(long, value_name = "N", default_value_t = 60)]
    patience: u64,
}

/// The stack of the thread that looks, in bytes: as that of a main thread.
const STACK: usize = 8 << 20;

/// How often is looked whether a file is waited for too long.
const TICK: Duration = Duration::from_millis(100);

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
#[derive(PartialEq, Eq)]
struct Finding {
    level: Level,
    /// What it is about: a name that stays.
    about: &'static str,
    text: String,
    /// What to do; empty if it is good.
    remedy: String,
}

/// The system that is looked at, and who is told what is found.
struct Findings {
    root: System,
    found: Sender<Told>,
}

/// What is told.
enum Told {
    Found(Finding),
    /// That is all; or why it could not go on.
    End(Result<()>),
}

impl Findings {
    fn good(&self, about: &'static str, text: impl Into<String>) {
        self.add(Level::Good, about, text, "");
    }

    fn note(&self, about: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.add(Level::Note, about, text, remedy);
    }

    fn problem(&self, about: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.add(Level::Problem, about, text, remedy);
    }

    fn add(
        &self,
        level: Level,
        about: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        // The one who waits may have gone, with the whole process.
        let _ = self.found.send(Told::Found(Finding {
            level,
            about,
            text: text.into(),
            remedy: remedy.into(),
        }));
    }

    /// The text of a file; none if it is not there or may not be read.
    fn text(&self, path: &str) -> Option<String> {
        let read = self.root.read_text(Path::new(path));
        let data = self.unless_large(path, read)?;
        Some(String::from_utf8_lossy(&data).into_owned())
    }

    /// The content of a file; none if nothing has its name. Says why it cannot be read.
    fn content(&self, path: &Path) -> Result<Option<Vec<u8>>, String> {
        match self.root.read(path) {
            Ok(None) => match self.root.find(path) {
                Ok(None) => Ok(None),
                _ => Err("leads nowhere".to_owned()),
            },
            Ok(data) => Ok(data),
            Err(error) => Err(format!("cannot be read: {error}")),
        }
    }

    /// What was read, if it could be. What is left out for its size is told.
    fn unless_large<T>(&self, path: &str, read: io::Result<Option<T>>) -> Option<T> {
        match read {
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                self.note(
                    "system",
                    format!("/{path} is left out: {error}"),
                    "see what it is; nothing that belongs there is as large",
                );
                None
            }
            read => read.ok()?,
        }
    }

    /// The names in a directory, whatever their bytes; none if it is not there.
    fn files(&self, path: &str) -> Vec<OsString> {
        let names = self.root.names(Path::new(path));
        self.unless_large(path, names).unwrap_or_default()
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
    let (found, told) = channel();
    let now = Now::new();
    let mut findings = Findings {
        root: System::new(root, now.clone()),
        found: found.clone(),
    };
    let own = args.clone();
    let waiting = progress::waiting("the system is looked at");
    let shown = waiting.clone();
    thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || {
            let ended = look(&mut findings, &own, &shown);
            let _ = found.send(Told::End(ended));
        })
        .context("cannot start a thread")?;
    let findings = collect(&told, &now, Duration::from_secs(args.patience));
    waiting.finish_and_clear();
    let findings = findings?;
    if_read(print(args, &findings))?;
    let problems = findings.iter();
    let problems = problems.filter(|found| found.level == Level::Problem);
    match problems.count() {
        0 => Ok(()),
        problems => Err(No::error(count(problems, "problem"))),
    }
}

/// Looks at everything.
fn look(findings: &mut Findings, args: &Args, shown: &ProgressBar) -> Result<()> {
    let release = kernel::look(findings)?;
    tpm::look(findings);
    module::look(findings);
    let verifier = Verifier::new(&args.cert, &[], Validity::Signing)?;
    let lists = boot::look(findings, &release, &verifier);
    match args.seconds {
        0 => Ok(()),
        _ => denials::look(findings, args, &lists, verifier, shown),
    }
}

/// What is found, each once, until the end or until something does not answer.
fn collect(told: &Receiver<Told>, now: &Now, patience: Duration) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    loop {
        match told.recv_timeout(TICK) {
            Ok(Told::Found(found)) if findings.contains(&found) => (),
            Ok(Told::Found(found)) => findings.push(found),
            Ok(Told::End(ended)) => return ended.map(|()| findings),
            Err(RecvTimeoutError::Disconnected) => bail!("the look ended early"),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(path) = now.late(patience) {
                    let path = quoted(&path);
                    findings.push(Finding {
                        level: Level::Problem,
                        about: "system",
                        text: format!(
                            "{path} does not answer: to read it did not end in {} s, and what \
                             comes after it was not looked at",
                            patience.as_secs()
                        ),
                        remedy: format!(
                            "see what it is on (findmnt -T {path}), or leave it more time: \
                             digestctl doctor --patience"
                        ),
                    });
                    return Ok(findings);
                }
            }
        }
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
