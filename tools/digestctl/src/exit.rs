// SPDX-License-Identifier: GPL-2.0

//! The exit status: one rule for every command.
//!
//! | status | |
//! |---|---|
//! | 0 | done; what was asked is so |
//! | 1 | the answer is no |
//! | 2 | it failed, or could not be judged, or the command was wrong |

use std::process::ExitCode;

use anyhow::Result;

use crate::report::{
    complain,
    is_broken_pipe,
    No, //
};

/// What every page of help says.
pub(crate) const HELP: &str = "\
Exit status:
  0  done; what was asked is so: good, known, allowed, trusted, the same
  1  no: not good, unknown, denied, not trusted, different
  2  failed, could not be judged, or wrong usage; the reason is on standard error";

/// The status of a command that ended with `result`. Says why it failed.
pub(crate) fn code(result: Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    // Of a command that only shows something.
    if is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    complain(format_args!("{error:#}"));
    match error.downcast_ref::<No>() {
        Some(_) => ExitCode::from(1),
        None => ExitCode::from(2),
    }
}
