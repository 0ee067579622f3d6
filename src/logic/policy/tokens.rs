// SPDX-License-Identifier: GPL-2.0

//! A line's words, and what each of them is.

use super::{
    action::Action,
    option::OptionName,
    value::Compare, //
};

/// A word of a line.
#[derive(Clone, Copy)]
pub(super) struct Token<'t> {
    /// The word.
    pub(super) text: &'t str,
    /// Where it starts in the line, in bytes.
    pub(super) start: usize,
}

/// The words of a line, separated by blanks and tabs. A word that starts with `#` ends the line.
pub(super) struct Tokens<'t> {
    line: &'t str,
    at: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(line: &'t str) -> Self {
        Self { line, at: 0 }
    }
}

/// The pattern `wanted` for searches in strings. For a `char` as a pattern, `core` has a panic
/// path; for a function it has none.
pub(super) fn is(wanted: char) -> impl Fn(char) -> bool {
    move |c| c == wanted
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        let rest = self.line.get(self.at..)?.trim_start_matches(is_blank);
        let start = self.line.len().checked_sub(rest.len())?;
        let text = rest.get(..rest.find(is_blank).unwrap_or(rest.len()))?;
        if text.is_empty() || text.starts_with('#') {
            self.at = self.line.len();
            return None;
        }
        self.at = start.checked_add(text.len())?;
        Some(Token { text, start })
    }
}

fn is_operator(c: char) -> bool {
    matches!(c, '=' | '<' | '>')
}

/// The meaning of a word.
#[derive(Clone, Copy)]
pub(super) enum Word<'t> {
    /// The action of the rule.
    Action(Action),
    /// An option, with how it is compared and its value.
    Option(OptionName, Compare, &'t str),
}

/// Recognises a word. The error names what was expected.
pub(super) fn word(token: &str) -> Result<Word<'_>, &'static str> {
    if let Some(action) = Action::from_name(token) {
        return Ok(Word::Action(action));
    }
    let operator = token.find(is_operator).unwrap_or(token.len());
    let (Some(name), Some(rest)) = (token.get(..operator), token.get(operator..)) else {
        return Err(UNKNOWN);
    };
    let option = OptionName::from_name(name).ok_or(UNKNOWN)?;
    let mut chars = rest.chars();
    let compare = match chars.next() {
        None if option.is_bare() => return Ok(Word::Option(option, Compare::Equal, "")),
        _ if option.is_bare() => return Err("expected the bare word, without a value"),
        Some('=') => Compare::Equal,
        Some('<') if option.is_id() => Compare::Less,
        Some('>') if option.is_id() => Compare::Greater,
        None if option.is_id() => return Err("expected '=', '<' or '>' and a number after it"),
        _ => return Err("expected '=' and a value after it"),
    };
    let value = chars.as_str();
    if value.is_empty() {
        return Err("expected a value after the operator");
    }
    Ok(Word::Option(option, compare, value))
}

const UNKNOWN: &str = "expected an action or an option; this is neither";
