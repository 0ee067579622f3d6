// SPDX-License-Identifier: GPL-2.0

//! Colours, on terminals only, and not where `NO_COLOR` is set (<https://no-color.org>).

use std::{
    env,
    io::{
        self,
        IsTerminal, //
    }, //
};

/// A colour of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Good.
    Green,
    /// Bad.
    Red,
    /// To be looked at.
    Yellow,
}

impl Colour {
    const fn code(self) -> &'static str {
        match self {
            Self::Red => "\x1b[31m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
        }
    }
}

/// `text` for standard output.
pub(crate) fn on_output(text: &str, colour: Colour) -> String {
    paint(text, colour, io::stdout().is_terminal())
}

/// `text` for standard error.
pub(crate) fn on_errors(text: &str, colour: Colour) -> String {
    paint(text, colour, io::stderr().is_terminal())
}

fn paint(text: &str, colour: Colour, terminal: bool) -> String {
    match terminal && are_wanted() {
        true => format!("{}{text}\x1b[0m", colour.code()),
        false => text.to_owned(),
    }
}

fn are_wanted() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
}
