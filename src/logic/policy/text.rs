// SPDX-License-Identifier: GPL-2.0

//! A policy's text: its bytes as UTF-8, its lines as rules, and ranges of it.

use core::num::NonZeroU16;

use super::{
    capabilities::Capabilities,
    error::PolicyError,
    parse::parse_line,
    rule::Rule,
    tokens::is, //
};

/// Where a value stands in the policy's text. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRange {
    start: u32,
    len: NonZeroU16,
}

impl TextRange {
    /// The range of `len` bytes from `start`; [`None`] if it is empty or longer than 65,535.
    pub fn new(start: u32, len: usize) -> Option<Self> {
        let len = NonZeroU16::new(u16::try_from(len).ok()?)?;
        Some(Self { start, len })
    }

    /// The value in `text`, the text that the rule was parsed from.
    pub fn get(self, text: &str) -> Option<&str> {
        let start = usize::try_from(self.start).ok()?;
        let end = start.checked_add(usize::from(self.len.get()))?;
        text.get(start..end)
    }
}

/// The rules of a whole policy, in order; made by [`rules()`].
pub struct Rules<'t> {
    text: &'t str,
    offset: usize,
    line_number: u32,
    capabilities: Capabilities,
}

/// Parses a whole policy line by line, without comments and blank lines. A caller that wants all or
/// nothing stops at the first error.
pub const fn rules<'t>(text: &'t str, capabilities: &Capabilities) -> Rules<'t> {
    Rules {
        text,
        offset: 0,
        line_number: 0,
        capabilities: *capabilities,
    }
}

impl Rules<'_> {
    /// The number of the line that was parsed last, from 1.
    pub const fn line_number(&self) -> u32 {
        self.line_number
    }
}

impl Iterator for Rules<'_> {
    type Item = Result<Rule, PolicyError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.text.get(self.offset..)?;
            if rest.is_empty() {
                return None;
            }
            let (line, after) = rest.split_once(is('\n')).unwrap_or((rest, ""));
            let offset = self.offset;
            self.offset = self.text.len().saturating_sub(after.len());
            self.line_number = self.line_number.saturating_add(1);
            let Ok(offset) = u32::try_from(offset) else {
                return Some(Err(PolicyError::too_long(self.line_number)));
            };
            let parsed = parse_line(line, self.line_number, offset, &self.capabilities);
            if let Some(item) = parsed.transpose() {
                return Some(item);
            }
        }
    }
}

/// The policy in `bytes` as text; the error names the first byte that is not UTF-8.
pub fn text_of(bytes: &[u8]) -> Result<&str, PolicyError> {
    core::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let mut line = 1u32;
        let mut column = 1u32;
        for byte in good {
            if *byte == b'\n' {
                line = line.saturating_add(1);
                column = 1;
            } else {
                column = column.saturating_add(1);
            }
        }
        PolicyError::not_utf8(line, column)
    })
}
