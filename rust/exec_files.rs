// SPDX-License-Identifier: GPL-2.0

//! The programs of running processes, what they have mapped executable, and what they can write by a shared mapping.

use super::{
    bindings,
    file::OwnedFile,
    task::Ids, //
};
use kernel::prelude::*;

/// The most uses that are looked at.
pub(crate) const MAX_USES: usize = 32768;

/// How processes with certain ids use a file.
pub(crate) struct Use {
    /// The file.
    pub(crate) file: OwnedFile,
    /// The ids of those who use it.
    pub(crate) ids: Ids,
    /// Whether it is their program.
    pub(crate) executed: bool,
    /// Whether they have it mapped executable.
    pub(crate) mapped: bool,
    /// Whether they have it mapped shared, and may write by that.
    pub(crate) shared: bool,
}

/// The programs of all user processes, and their mappings that are executable, or shared and writable. Those of one file
/// come together. Beside them
/// the number of processes whose mappings could not be looked at, because their lock was not to be had. May sleep, 3 s at
/// most in waiting for locks.
///
/// # Errors
///
/// `ENOMEM`; `E2BIG` if there are [`MAX_USES`] or more.
pub(crate) fn uses_by_processes() -> Result<(KVVec<Use>, usize)> {
    let mut raw = KVVec::with_capacity(MAX_USES, GFP_KERNEL)?;
    for _ in 0..MAX_USES {
        raw.push(bindings::diglist_exec_use::default(), GFP_KERNEL)?;
    }
    let mut unseen = 0;
    // SAFETY: `raw` is valid for writes of its length, and zero; so is `unseen`.
    let count = unsafe { bindings::diglist_exec_uses(raw.as_mut_ptr(), raw.len(), &mut unseen) };
    let count = usize::try_from(count).map_err(|_| ENOMEM)?;
    let mut uses = KVVec::new();
    let mut result = uses.reserve(count, GFP_KERNEL).map_err(Error::from);
    for raw in raw.into_iter().take(count) {
        // SAFETY: Each of the first `count` has a file with a reference for us, which is taken over once.
        let file = unsafe { OwnedFile::from_reference(raw.file) };
        if let (Ok(()), Some(file)) = (&result, file) {
            let found = Use {
                file,
                ids: raw.ids.into(),
                executed: raw.executed != 0,
                mapped: raw.mapped != 0,
                shared: raw.shared != 0,
            };
            result = uses.push(found, GFP_KERNEL).map_err(Error::from);
        }
    }
    result?;
    if count == MAX_USES {
        return Err(E2BIG);
    }
    Ok((uses, unseen as usize))
}
