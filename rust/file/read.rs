// SPDX-License-Identifier: GPL-2.0

//! Reading the content of a file.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use super::{
    length_of,
    File, //
};
use crate::sys::bindings;
use kernel::{
    bindings as c,
    prelude::*, //
};

impl File {
    /// Reads at `offset` into `buf`. Returns the number of bytes, 0 at the end of the file. Does
    /// not move the file position. LSMs and fanotify see a read with the current credentials. May
    /// sleep, and takes the file system's locks for reads.
    pub(crate) fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        let mut pos = i64::try_from(offset).map_err(|_| EFBIG)?;
        // SAFETY: The file is open for reading; `buf` is valid for writes of its length.
        let n =
            unsafe { c::kernel_read(self.as_ptr(), buf.as_mut_ptr().cast(), buf.len(), &mut pos) };
        length_of(n)
    }

    /// The same without LSMs and fanotify, as IMA reads. Needed while the caller keeps the file
    /// system from being frozen: a fanotify listener that writes there would wait for the freezer,
    /// the freezer for the caller, and the caller for the listener.
    pub(crate) fn read_unasked_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        let pos = i64::try_from(offset).map_err(|_| EFBIG)?;
        // SAFETY: The file is open; `buf` is valid for writes of its length.
        let n = unsafe {
            bindings::diglist_file_read_unasked(
                self.as_ptr(),
                buf.as_mut_ptr().cast(),
                buf.len(),
                pos,
            )
        };
        length_of(n)
    }
}
