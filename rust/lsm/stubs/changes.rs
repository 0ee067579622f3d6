// SPDX-License-Identifier: GPL-2.0

//! The hooks of what changes a file without opening it for writing, or changes how it is written.

use super::{
    super::handler::{
        enter,
        Handler, //
    },
    verdict, //
};
use crate::sys::{
    bindings::{
        diglist_flags_DIGLIST_F_SETFL as SET_FLAGS,
        diglist_flags_DIGLIST_O_DIRECT as O_DIRECT, //
    },
    file::File,
    path::{
        Dentry,
        Path, //
    },
};
use digest_logic::hook::remaps;
use kernel::{
    bindings as c,
    ffi,
    prelude::*,
    str::CStr, //
};

// CAST: Widening.
/// Direct I/O.
const DIRECT: ffi::c_ulong = O_DIRECT as ffi::c_ulong;

/// # Safety
///
/// Called as the hook `path_truncate`.
pub(in crate::sys::lsm) unsafe extern "C" fn path_truncate<H: Handler>(
    path: *const c::path,
) -> ffi::c_int {
    // SAFETY: The hook passes a path to a file that the caller holds.
    let path = unsafe { Path::from_raw(path) };
    enter(0, |h: &H| verdict(h.truncated(path)))
}

/// # Safety
///
/// Called as the hook `file_truncate`.
pub(in crate::sys::lsm) unsafe extern "C" fn file_truncate<H: Handler>(
    file: *mut c::file,
) -> ffi::c_int {
    // SAFETY: The hook passes an open file, whose path does not change.
    let (file, path) = unsafe {
        (
            File::from_raw(file),
            Path::from_raw(&raw const (*file).__bindgen_anon_1.f_path),
        )
    };
    // One that can write was asked about when it was opened.
    if file.is_writable() {
        return 0;
    }
    enter(0, |h: &H| verdict(h.truncated(path)))
}

/// # Safety
///
/// Called as the hook `file_fcntl`.
pub(in crate::sys::lsm) unsafe extern "C" fn file_fcntl<H: Handler>(
    file: *mut c::file,
    cmd: ffi::c_uint,
    arg: ffi::c_ulong,
) -> ffi::c_int {
    if cmd != SET_FLAGS || arg & DIRECT == 0 {
        return 0;
    }
    // SAFETY: The hook passes an open file.
    let file = unsafe { File::from_raw(file) };
    if file.is_writable() {
        enter((), |h: &H| h.writing_directly(file));
    }
    0
}

/// # Safety
///
/// Called as the hook `file_ioctl` or `file_ioctl_compat`.
pub(in crate::sys::lsm) unsafe extern "C" fn file_ioctl<H: Handler>(
    file: *mut c::file,
    cmd: ffi::c_uint,
    _arg: ffi::c_ulong,
) -> ffi::c_int {
    if !remaps(cmd) {
        return 0;
    }
    // SAFETY: The hook passes an open file.
    let file = unsafe { File::from_raw(file) };
    enter(0, |h: &H| verdict(h.remapping(file)))
}

/// # Safety
///
/// Called as the hook `inode_setxattr`.
pub(in crate::sys::lsm) unsafe extern "C" fn inode_setxattr<H: Handler>(
    _idmap: *mut c::mnt_idmap,
    dentry: *mut c::dentry,
    name: *const ffi::c_char,
    _value: *const ffi::c_void,
    _size: usize,
    _flags: ffi::c_int,
) -> ffi::c_int {
    // SAFETY: The hook passes a directory entry with an inode, that the caller holds, and a
    // NUL-terminated name.
    let (dentry, name) = unsafe { (Dentry::from_raw(dentry), CStr::from_char_ptr(name)) };
    enter(0, |h: &H| verdict(h.xattr_changed(dentry, name)))
}

/// # Safety
///
/// Called as the hook `inode_removexattr`.
pub(in crate::sys::lsm) unsafe extern "C" fn inode_removexattr<H: Handler>(
    _idmap: *mut c::mnt_idmap,
    dentry: *mut c::dentry,
    name: *const ffi::c_char,
) -> ffi::c_int {
    // SAFETY: As for `inode_setxattr`.
    let (dentry, name) = unsafe { (Dentry::from_raw(dentry), CStr::from_char_ptr(name)) };
    enter(0, |h: &H| verdict(h.xattr_changed(dentry, name)))
}
