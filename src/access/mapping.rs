// SPDX-License-Identifier: GPL-2.0

//! Mappings: one access, which serves two functions.

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

/// Whether `func` is one of a mapping.
pub(super) fn maps(func: Func) -> bool {
    MAPPING.contains(&func)
}

/// What both functions come to for a mapping of `file`, each asked by `check` if the mapping
/// `is_executable` in its sense.
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
