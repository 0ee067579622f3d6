// SPDX-License-Identifier: GPL-2.0

//! Files that are programs: those that running processes were made of, and how such a file is told from others.

use super::{
    bindings,
    file::{
        File,
        OwnedFile, //
    },
    task::Ids, //
};
use kernel::prelude::*;

/// The most uses that are looked at.
pub(crate) const MAX_USES: usize = 32768;

/// What an ELF file begins with.
const ELF: [u8; 4] = *b"\x7fELF";

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
}

/// The programs of all user processes, and what they have mapped executable. Those of one file come together. Beside them
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

/// Whether `file` can be a program, a library or a kernel module: somebody may execute it, or it begins as ELF files do.
/// Only of files to read which does nothing; of others, as on procfs and FUSE, it is said that they cannot. May sleep.
///
/// # Errors
///
/// `ENOMEM`, and those of the file system.
pub(crate) fn may_be_program(file: &File) -> Result<bool> {
    // SAFETY: The file is open.
    let (inert, executable) = unsafe {
        (
            bindings::diglist_file_is_inert(file.as_ptr()),
            bindings::diglist_file_is_executable(file.as_ptr()),
        )
    };
    if !inert || executable {
        return Ok(inert);
    }
    let mut start = [0; ELF.len()];
    let read = if file.is_readable() {
        file.read_at(&mut start, 0)?
    } else {
        file.reopen()?.read_at(&mut start, 0)?
    };
    Ok(read == ELF.len() && start == ELF)
}
