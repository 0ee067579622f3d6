// SPDX-License-Identifier: GPL-2.0

//! Words for people: paths and counts, remarks and complaints, and how many of them are wanted.
//!
//! What a command was asked for goes to standard output by the command itself. A remark says what
//! was done, a detail how, a complaint what went wrong. No reader has to be there for these: an
//! output that was closed is no reason to stop.

use std::{
    fmt::Display,
    io::{
        self,
        ErrorKind,
        Write, //
    },
    path::Path,
    sync::atomic::{
        AtomicI8,
        Ordering, //
    }, //
};

use anyhow::Result;

use crate::{
    colour::{
        self,
        Colour, //
    },
    output::is_standard,
    terminal::{
        disturbs,
        printable,
        unwritten, //
    }, //
};

/// How much is said: -1 with `--quiet`, 0, 1 with `--verbose`.
static LEVEL: AtomicI8 = AtomicI8::new(0);

/// Sets how much is said.
pub(crate) fn set_level(quiet: bool, verbose: bool) {
    let level = i8::from(verbose) - i8::from(quiet);
    LEVEL.store(level, Ordering::Relaxed);
}

/// Whether remarks and the progress of work are wanted.
pub(crate) fn is_quiet() -> bool {
    LEVEL.load(Ordering::Relaxed) < 0
}

/// Says on standard output what was done, unless `--quiet`.
pub(crate) fn remark(text: impl Display) -> Result<()> {
    match is_quiet() {
        true => Ok(()),
        false => say(text),
    }
}

/// Says on standard output what was asked for, in a line.
pub(crate) fn say(text: impl Display) -> Result<()> {
    let line = line_of(&text);
    if_read(writeln!(io::stdout(), "{line}").map_err(|error| unwritten(error).into()))
}

/// The same on standard error, where standard output has a document.
pub(crate) fn answer_on_errors(text: impl Display) {
    put_error(format!("{}\n", line_of(&text)));
}

/// What became of output that is not all that a command does. That its reader had enough ends
/// neither the work, nor does it change the answer: the status tells those.
pub(crate) fn if_read(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        result => result,
    }
}

/// Whether the reader of our output had enough.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// The same of the file `output`; on standard error if that is standard output.
pub(crate) fn remark_of(output: &Path, text: impl Display) -> Result<()> {
    if !is_standard(output) {
        return remark(text);
    }
    if !is_quiet() {
        put_error(format!("{}\n", line_of(&text)));
    }
    Ok(())
}

/// Says on standard error how something is done, with `--verbose`.
pub(crate) fn detail(text: impl Display) {
    if LEVEL.load(Ordering::Relaxed) > 0 {
        put_error(format!("digestctl: {}\n", line_of(&text)));
    }
}

/// Says on standard error what went wrong.
pub(crate) fn complain(text: impl Display) {
    let who = colour::on_errors("digestctl:", Colour::Red);
    put_error(format!("{who} {}\n", line_of(&text)));
}

/// Says it without the name of the program, as compilers name places.
pub(crate) fn complain_of_place(text: impl Display) {
    put_error(format!("{}\n", line_of(&text)));
}

/// One line, whatever text of others it has.
fn line_of(text: &impl Display) -> String {
    printable(&text.to_string())
}

fn put_error(line: String) {
    // There is nobody else to tell.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// The answer no, which is another exit status than that of a failure.
#[derive(Debug)]
pub(crate) struct No(String);

impl No {
    /// The error that says it.
    pub(crate) fn error(text: impl Into<String>) -> anyhow::Error {
        Self(text.into()).into()
    }
}

impl Display for No {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for No {}

/// A path as text that cannot disturb a terminal.
pub(crate) fn quoted(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    match std::str::from_utf8(bytes) {
        Ok("") => "''".to_owned(),
        Ok(text) if !text.chars().any(disturbs) => text.to_owned(),
        _ => bytes.escape_ascii().to_string(),
    }
}

/// `1 file`, `2 files`; `2 accesses`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = match number {
        1 => "",
        _ if noun.ends_with('s') => "es",
        _ => "s",
    };
    format!("{number} {noun}{plural}")
}
