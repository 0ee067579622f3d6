// SPDX-License-Identifier: GPL-2.0

//! The texts of the records `digest_lists_start` and `digest_lists_tpm`, read as
//! [`crate::start`] writes them.

use crate::refusal::{
    Cause,
    Result, //
};

/// A checked text: lines `key=value`, sorted by key, none twice.
///
/// # Invariants
///
/// Every line has a `=` behind a key, and ends with a newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines<'a>(&'a str);

impl<'a> Lines<'a> {
    /// Checks the whole of `data`.
    ///
    /// # Errors
    ///
    /// [`Cause::UnexpectedField`] for a line without `=`, an empty key, a key that stands twice or
    /// before a lesser one, or bytes that are no printable ASCII; [`Cause::Truncated`] for a last
    /// line without a newline.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let text = core::str::from_utf8(data).map_err(|_| Cause::UnexpectedField)?;
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(Cause::Truncated);
        }
        let mut last = "";
        for line in text.lines() {
            let (key, _) = line.split_once('=').ok_or(Cause::UnexpectedField)?;
            let printable = |byte: &u8| (b' '..0x7f).contains(byte);
            if key <= last || !line.as_bytes().iter().all(printable) {
                return Err(Cause::UnexpectedField);
            }
            last = key;
        }
        // INVARIANT: It was just checked.
        Ok(Self(text))
    }

    /// Keys and values, in the order of the keys.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        // By the invariant no line is left out.
        self.0.lines().filter_map(|line| line.split_once('='))
    }

    /// The value of `key`.
    pub fn get(self, key: &str) -> Option<&'a str> {
        self.iter()
            .find(|(other, _)| *other == key)
            .map(|(_, value)| value)
    }

    /// The names of banks, and the hexadecimal value of the PCR before the first extend in each.
    pub fn initial(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.iter()
            .filter_map(|(key, value)| Some((key.strip_prefix("pcr_initial_")?, value)))
    }
}
