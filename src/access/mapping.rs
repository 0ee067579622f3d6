// SPDX-License-Identifier: GPL-2.0

//! Mappings: one access that serves two functions.

use super::file_access::{
    Access,
    Done, //
};
use crate::{
    cache::Answer,
    sys::file::File, //
};
use digest_logic::{
    lockout::MAPPING,
    policy::{
        Func,
        Mask, //
    },
};
use kernel::prelude::*;

pub(super) fn maps(func: Func) -> bool {
    MAPPING.contains(&func)
}

/// Evaluates a mapping of `file` for both functions. `check` runs for each function in whose sense
/// the mapping `is_executable`.
pub(super) fn evaluate(
    file: &File,
    is_executable: [bool; 2],
    check: impl Fn(Access<'_>) -> Result<Done>,
) -> Result<Done> {
    let asked = MAPPING.into_iter().zip(is_executable);
    asked
        .filter(|(_, asked)| *asked)
        .try_fold(Done::Nothing(Answer::Unasked), |done, (func, _)| {
            Ok(done.and(check(Access::new(file, func, Mask::EXEC))?))
        })
}
