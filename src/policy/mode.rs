// SPDX-License-Identifier: GPL-2.0

//! What `appraise` rules do.

use crate::sys::module::Text;
use kernel::prelude::*;

/// What `appraise` rules do (`ima_appraise=`). Fixed while the module is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Refuse.
    Enforce,
    /// Leave an audit record and let the access proceed.
    Log,
    /// Store the digest of the content in `security.ima` and let the access proceed.
    Fix,
    /// Nothing.
    Off,
}

impl Mode {
    const WORDS: [(&'static str, Self); 4] = [
        ("enforce", Self::Enforce),
        ("log", Self::Log),
        ("fix", Self::Fix),
        ("off", Self::Off),
    ];

    /// The mode of the module parameter.
    ///
    /// # Errors
    ///
    /// `EINVAL`, with the reason in the kernel log.
    pub(crate) fn from_parameter() -> Result<Self> {
        Text::ImaAppraise.choose("ima_appraise", &Self::WORDS, "enforce, log, fix or off")
    }

    pub(crate) fn name(self) -> &'static str {
        let mut words = Self::WORDS.into_iter();
        words
            .find(|(_, mode)| *mode == self)
            .map_or("", |(word, _)| word)
    }
}
