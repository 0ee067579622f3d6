// SPDX-License-Identifier: GPL-2.0

//! What a person sees: no character of somebody else's text controls the terminal, or the order in
//! which it shows what follows.
//!
//! All that is printed goes through here, so that no place that prints has to think of it. In text
//! such a character becomes `?`. In JSON it is escaped, which programs read as the character.

use std::{
    io::{
        self,
        BufWriter,
        StdoutLock,
        Write, //
    },
    str::from_utf8, //
};

use anyhow::Result;

use crate::colour::{
    on_output,
    Colour, //
};

/// The longest text of a machine in a line, in characters.
const MOST: usize = 256;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Lines of text.
    Text,
    /// JSON, in whose strings alone such characters can be.
    Json,
}

/// Standard output, which takes text or JSON. It has to be flushed.
pub(crate) struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    form: Form,
    /// The first bytes of a character whose others were not written yet.
    begun: Vec<u8>,
}

/// Prints text that is at hand as a whole.
pub(crate) fn print(text: &[u8]) -> Result<()> {
    let mut out = Printer::text();
    out.write_all(text)?;
    out.flush()?;
    Ok(())
}

impl Printer {
    /// For lines of text.
    pub(crate) fn text() -> Self {
        Self::of(Form::Text)
    }

    /// For JSON.
    pub(crate) fn json() -> Self {
        Self::of(Form::Json)
    }

    fn of(form: Form) -> Self {
        Self {
            out: BufWriter::new(io::stdout().lock()),
            form,
            begun: Vec::new(),
        }
    }

    /// Writes text in a colour, where colours are wanted.
    pub(crate) fn paint(&mut self, text: &str, colour: Colour) -> io::Result<()> {
        let text = on_output(&printable(text), colour);
        self.out.write_all(text.as_bytes()).map_err(unwritten)
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        self.put_raw(text).map_err(unwritten)
    }

    fn put_raw(&mut self, text: &str) -> io::Result<()> {
        let mut rest = text;
        let is_bad = |character| character != '\n' && disturbs(character);
        while let Some(at) = rest.find(is_bad) {
            let (good, bad) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.out.write_all(good.as_bytes())?;
            let mut characters = bad.chars();
            match (characters.next(), self.form) {
                (Some(bad), Form::Json) => write!(self.out, "\\u{:04x}", u32::from(bad))?,
                _ => self.out.write_all(b"?")?,
            }
            rest = characters.as_str();
        }
        self.out.write_all(rest.as_bytes())
    }
}

impl Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let mut left = all.len();
        for chunk in all.utf8_chunks() {
            let (text, bad) = (chunk.valid(), chunk.invalid());
            left -= text.len() + bad.len();
            self.put(text)?;
            let is_begun = || from_utf8(bad).is_err_and(|error| error.error_len().is_none());
            if left == 0 && is_begun() {
                self.begun = bad.to_vec();
            } else if !bad.is_empty() {
                self.put("\u{fffd}")?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.begun).is_empty() {
            self.put("\u{fffd}")?;
        }
        self.out.flush().map_err(unwritten)
    }
}

/// An error of standard output, which does not say of itself where it comes from.
pub(crate) fn unwritten(error: io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot write standard output: {error}"),
    )
}

/// Whether the character controls a terminal, or the order in which it shows what follows.
pub(crate) fn disturbs(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        )
}

/// Text that can stand in a line of a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// Text of a machine as [`printable`], and not too long.
pub(crate) fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(shown).take(MOST).collect()
}

fn shown(character: char) -> char {
    match disturbs(character) {
        true => '?',
        false => character,
    }
}
