// SPDX-License-Identifier: GPL-2.0

//! What `appraise` rules do.

use crate::sys::module;
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
    /// The mode of the module parameter.
    ///
    /// # Errors
    ///
    /// `EINVAL`, with the reason in the kernel log.
    pub(crate) fn from_parameter() -> Result<Self> {
        let name = module::Text::ImaAppraise.get();
        match name.to_bytes() {
            b"enforce" => Ok(Self::Enforce),
            b"log" => Ok(Self::Log),
            b"fix" => Ok(Self::Fix),
            b"off" => Ok(Self::Off),
            _ => {
                pr_err!(
                    "ima_appraise={}: expected enforce, log, fix or off\n",
                    name.to_str().unwrap_or("?")
                );
                Err(EINVAL)
            }
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Log => "log",
            Self::Fix => "fix",
            Self::Off => "off",
        }
    }
}
