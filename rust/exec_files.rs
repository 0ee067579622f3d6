// SPDX-License-Identifier: GPL-2.0

//! The files that running programs were made of.

use super::{
    bindings,
    file::OwnedFile, //
};
use kernel::{
    bindings as c,
    prelude::*, //
};

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
