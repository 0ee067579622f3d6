// SPDX-License-Identifier: GPL-2.0

//! Extended attributes of open files, and EVM's verdict on them.

use super::{
    length_of,
    File, //
};
use crate::sys::{
    bindings::{
        self,
        integrity_status_INTEGRITY_NOLABEL as INTEGRITY_NOLABEL,
        integrity_status_INTEGRITY_NOXATTRS as INTEGRITY_NOXATTRS,
        integrity_status_INTEGRITY_PASS as INTEGRITY_PASS,
        integrity_status_INTEGRITY_PASS_IMMUTABLE as INTEGRITY_PASS_IMMUTABLE,
        integrity_status_INTEGRITY_UNKNOWN as INTEGRITY_UNKNOWN, //
    },
    kernel_crate::{
        kvec_zeroed,
        ENODATA,
        EOPNOTSUPP, //
    },
};
use kernel::{
    prelude::*,
    str::CStr, //
};

/// EVM's verdict on a file's metadata.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EvmStatus {
    /// They are intact, or EVM has no key and cannot tell.
    Good,
    /// They are intact, and signed so that EVM does not follow a change (a portable signature).
    Immutable,
    /// There is no attribute to compare them with.
    NoLabel,
    /// They are not intact.
    Bad,
}

/// What a write to a frozen file system does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenFrozen {
    /// It waits. Only for callers that do not keep the file system from being frozen, as some hooks
    /// do.
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
            let mut value = kvec_zeroed(self.read_xattr(name, &mut [])?, GFP_KERNEL)?;
            let len = self.read_xattr(name, &mut value)?;
            value.truncate(len);
            Ok(value)
        };
        match read() {
            Err(ENODATA | EOPNOTSUPP) => Ok(KVec::new()),
            value => value,
        }
    }

    /// Reads the extended attribute `name` into `buf`. Returns its length. An empty `buf` asks for
    /// the length only.
    fn read_xattr(&self, name: &CStr, buf: &mut [u8]) -> Result<usize> {
        // File systems check the pointer, not the size, to see whether a value is wanted.
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

    /// Sets the extended attribute `name`. May sleep, takes the inode's lock. `frozen` says what to
    /// do on a frozen file system.
    ///
    /// # Errors
    ///
    /// `EAGAIN` for a frozen file system; `EROFS`, `EOPNOTSUPP`, and others of the file system and
    /// the LSMs.
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

    /// Reads the extended attribute `name` into the non-empty `buf`. Returns its length, 0 if there
    /// is none, and EVM's verdict on the metadata. May sleep, takes the inode's lock. EVM may
    /// update its own attribute.
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
            INTEGRITY_PASS | INTEGRITY_UNKNOWN => EvmStatus::Good,
            INTEGRITY_PASS_IMMUTABLE => EvmStatus::Immutable,
            INTEGRITY_NOLABEL | INTEGRITY_NOXATTRS => EvmStatus::NoLabel,
            _ => EvmStatus::Bad,
        };
        Ok((len, status))
    }
}
