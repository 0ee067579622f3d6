// SPDX-License-Identifier: GPL-2.0

//! Why a policy was refused, and where.

use crate::refusal::Cause;
use core::fmt;

/// The kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A word that the language does not have, or a value that its option cannot take.
    Syntax,
    /// Words that the language has, but not together in one rule.
    Conflict,
    /// Part of the language that the module does not serve.
    Unsupported,
    /// A line or a policy beyond the limits.
    TooLong,
    /// Bytes that are not UTF-8.
    Encoding,
}

impl ErrorKind {
    /// Its row in the table of refusals.
    pub const fn cause(self) -> Cause {
        match self {
            Self::Syntax => Cause::PolicyWord,
            Self::Conflict => Cause::PolicyConflict,
            Self::Unsupported => Cause::PolicyUnserved,
            Self::TooLong => Cause::PolicyLine,
            Self::Encoding => Cause::PolicyEncoding,
        }
    }
}

/// Why a policy was refused, and where; a plain value that needs no text to be printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PolicyError {
    kind: ErrorKind,
    line: u32,
    column: u32,
    token: Excerpt,
    reason: &'static str,
}

impl PolicyError {
    pub(super) fn new(
        kind: ErrorKind,
        line: u32,
        start: usize,
        token: &str,
        reason: &'static str,
    ) -> Self {
        Self {
            kind,
            line,
            column: u32::try_from(start).unwrap_or(u32::MAX).saturating_add(1),
            token: Excerpt::new(token),
            reason,
        }
    }

    pub(super) fn too_long(line: u32) -> Self {
        Self::new(
            ErrorKind::TooLong,
            line,
            0,
            "",
            "the policy is too long: its size must fit in 32 bits",
        )
    }

    pub(super) fn not_utf8(line: u32, column: u32) -> Self {
        let mut error = Self::new(ErrorKind::Encoding, line, 0, "", "expected UTF-8 text");
        error.column = column;
        error
    }

    /// The kind of error.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The line, from 1.
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// The byte within the line, from 1.
    pub const fn column(&self) -> u32 {
        self.column
    }

    /// What was expected, or why the word cannot stand here.
    pub const fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.token.is_empty() {
            write!(f, "'{}': ", self.token)?;
        }
        f.write_str(self.reason)
    }
}

impl fmt::Debug for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyError({self})")
    }
}

impl core::error::Error for PolicyError {}

/// The beginning of a word, kept by value.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Excerpt {
    bytes: [u8; Self::MAX],
    len: u8,
    cut: bool,
}

impl Excerpt {
    const MAX: usize = 47;

    fn new(token: &str) -> Self {
        let mut excerpt = Self {
            bytes: [0; Self::MAX],
            len: 0,
            cut: token.len() > Self::MAX,
        };
        for (to, from) in excerpt.bytes.iter_mut().zip(token.bytes()) {
            *to = from;
            excerpt.len = excerpt.len.saturating_add(1);
        }
        excerpt
    }

    fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Display for Excerpt {
    /// Bytes that are not printable ASCII are escaped: the text may go to a terminal or a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        write!(f, "{}", bytes.escape_ascii())?;
        f.write_str(if self.cut { "..." } else { "" })
    }
}
