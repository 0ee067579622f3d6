// SPDX-License-Identifier: GPL-2.0

//! Facts about a file for policy rules: its owner and its file system.

use super::File;
use crate::sys::bindings;
use kernel::{
    prelude::*,
    str::CStr, //
};

/// The facts for policy rules, without the label.
pub(crate) struct Attrs<'a> {
    /// Magic number of the file system.
    pub(crate) fsmagic: u64,
    /// UUID of the file system.
    pub(crate) fsuuid: [u8; 16],
    /// Name of the file system's type.
    pub(crate) fsname: &'a CStr,
    /// Subtype of the file system, such as that of a FUSE server.
    pub(crate) fs_subtype: Option<&'a CStr>,
    /// Owner in the initial user namespace.
    pub(crate) fowner: u32,
    /// Group in the initial user namespace.
    pub(crate) fgroup: u32,
}

impl File {
    pub(crate) fn attrs(&self) -> Attrs<'_> {
        let mut raw = bindings::diglist_inode_attrs::default();
        // SAFETY: The file is open, `raw` is valid for writes.
        unsafe { bindings::diglist_file_attrs(self.as_ptr(), &mut raw) };
        Attrs {
            fsmagic: raw.fsmagic,
            fsuuid: raw.fsuuid,
            // SAFETY: The type of a mounted file system has a name, and the open file keeps it
            // mounted.
            fsname: unsafe { CStr::from_char_ptr(raw.fsname) },
            fs_subtype: if raw.fssubtype.is_null() {
                None
            } else {
                // SAFETY: The subtype is set at mount and freed with the super block, which the
                // open file keeps.
                Some(unsafe { CStr::from_char_ptr(raw.fssubtype) })
            },
            fowner: raw.fowner,
            fgroup: raw.fgroup,
        }
    }
}
