// SPDX-License-Identifier: GPL-2.0

//! Files that are programs: those that running processes were made of, and how such a file is told from others.

use super::{
    bindings,
    file::{
        File,
        OwnedFile, //
    }, //
};
use kernel::{
    bindings as c,
    prelude::*, //
};

/// What an ELF file begins with.
const ELF: [u8; 4] = *b"\x7fELF";

/// The most files that are looked at.
const MAX_FILES: usize = 8192;

/// The files that user processes have mapped executable, each once. May sleep, and takes the lock of every address space
/// for reading, one after the other.
///
/// # Errors
///
/// `ENOMEM`; `E2BIG` if there are too many.
pub(crate) fn of_all_processes() -> Result<KVVec<OwnedFile>> {
    let mut raw: KVVec<*mut c::file> = KVVec::new();
    raw.resize(MAX_FILES, core::ptr::null_mut(), GFP_KERNEL)?;
    // SAFETY: `raw` is valid for writes of its length.
    let count = unsafe { bindings::diglist_exec_files(raw.as_mut_ptr(), raw.len()) };
    let count = usize::try_from(count).map_err(|_| ENOMEM)?;
    let mut files = KVVec::new();
    let mut result = files.reserve(count, GFP_KERNEL).map_err(Error::from);
    for ptr in raw.iter().take(count) {
        // SAFETY: Each of the first `count` pointers is a file with a reference for us, which is taken over once.
        let file = unsafe { OwnedFile::from_reference(*ptr) };
        if let (Ok(()), Some(file)) = (&result, file) {
            result = files.push(file, GFP_KERNEL).map_err(Error::from);
        }
    }
    result?;
    if count == MAX_FILES {
        return Err(E2BIG);
    }
    Ok(files)
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
