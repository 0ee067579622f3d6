// SPDX-License-Identifier: GPL-2.0

//! Extended attributes of open files, and what EVM says of them.

use super::{
    length_of,
    File, //
};
use crate::sys::bindings::{
    self,
    integrity_status_INTEGRITY_NOLABEL as INTEGRITY_NOLABEL,
    integrity_status_INTEGRITY_NOXATTRS as INTEGRITY_NOXATTRS,
    integrity_status_INTEGRITY_PASS as INTEGRITY_PASS,
    integrity_status_INTEGRITY_PASS_IMMUTABLE as INTEGRITY_PASS_IMMUTABLE,
    integrity_status_INTEGRITY_UNKNOWN as INTEGRITY_UNKNOWN, //
};
use kernel::{
    prelude::*,
    str::CStr, //
};

/// What EVM says of a file's metadata.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EvmStatus {
    /// They are as they should be, or EVM has no key and does not tell.
    Good,
    /// There is no attribute with what they should be.
    NoLabel,
    /// They are not as they should be.
    Bad,
}

/// What becomes of a write to a file system that is frozen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenFrozen {
    /// It waits until the file system is not. Only for callers who do not hold off the freezer
    /// already, as a hook may on behalf of who is being checked.
    Wait,
    /// It fails.
    Fail,
}

impl File {
    /// The extended attribute `name`; empty if there is none, or the file system has no extended
    /// attributes. May sleep.
    ///
    /// # Errors
    ///
    /// `ERANGE` if it grew meanwhile, and those of the file system.
    pub(crate) fn xattr(&self, name: &CStr) -> Result<KVec<u8>> {
        let read = || {
            let mut value = KVec::zeroed(self.read_xattr(name, &mut [])?, GFP_KERNEL)?;
            let len = self.read_xattr(name, &mut value)?;
            value.truncate(len);
            Ok(value)
        };
        match read() {
            Err(ENODATA | EOPNOTSUPP) => Ok(KVec::new()),
            value => value,
        }
    }

    /// Reads the extended attribute `name` into `buf` and returns how long it is; an empty `buf`
    /// asks for the length alone.
    fn read_xattr(&self, name: &CStr, buf: &mut [u8]) -> Result<usize> {
        // File systems look at the pointer, not at the size, to tell whether a value is wanted.
        let value = if buf.is_empty() {
            core::ptr::null_mut()
        } else {
            buf.as_mut_ptr().cast()
        };
        // SAFETY: The file is open, `name` is NUL-terminated, `value` is null or valid for writes
        // of the length.
        let n = unsafe {
            bindings::diglist_file_xattr(self.as_ptr(), name.as_char_ptr(), value, buf.len())
        };
        length_of(n)
    }

    /// Sets the extended attribute `name`. May sleep, takes the inode's lock, and waits for a
    /// frozen file system or not, as `frozen` says.
    ///
    /// # Errors
    ///
    /// `EAGAIN` for a frozen file system that is not waited for; `EROFS`, `EOPNOTSUPP`, and others
    /// of the file system and the LSMs.
    pub(crate) fn set_xattr(&self, name: &CStr, value: &[u8], frozen: WhenFrozen) -> Result {
        // SAFETY: The file is open, `name` is NUL-terminated, `value` is valid for its length.
        kernel::error::to_result(unsafe {
            bindings::diglist_file_set_xattr(
                self.as_ptr(),
                name.as_char_ptr(),
                value.as_ptr().cast(),
                value.len(),
                frozen == WhenFrozen::Wait,
            )
        })
    }

    /// Reads the extended attribute `name` into `buf`, which is not empty, and returns how long it
    /// is, 0 if there is none, and what EVM says of the metadata of which it is part. May sleep,
    /// takes the inode's lock, and lets EVM replace its own attribute.
    ///
    /// # Errors
    ///
    /// `ERANGE` if it does not fit, `EAGAIN` if the file system is frozen and EVM would have to
    /// write, and those of the file system.
    pub(crate) fn xattr_under_evm(
        &self,
        name: &CStr,
        buf: &mut [u8],
    ) -> Result<(usize, EvmStatus)> {
        let mut status = 0;
        // SAFETY: The file is open, `name` is NUL-terminated, `buf` valid for writes of its length,
        // `status` for writes.
        let n = unsafe {
            bindings::diglist_file_xattr_under_evm(
                self.as_ptr(),
                name.as_char_ptr(),
                buf.as_mut_ptr().cast(),
                buf.len(),
                &mut status,
            )
        };
        let len = length_of(n)?;
        let status = match status {
            INTEGRITY_PASS | INTEGRITY_PASS_IMMUTABLE | INTEGRITY_UNKNOWN => EvmStatus::Good,
            INTEGRITY_NOLABEL | INTEGRITY_NOXATTRS => EvmStatus::NoLabel,
            _ => EvmStatus::Bad,
        };
        Ok((len, status))
    }
}
