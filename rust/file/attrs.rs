// SPDX-License-Identifier: GPL-2.0

//! Facts about a file for policy rules: its owner and its file system.

use super::File;
use crate::sys::bindings;
use digest_logic::policy;
use kernel::{
    prelude::*,
    str::CStr, //
};

impl File {
    /// The facts for policy rules, without the label.
    pub(crate) fn attrs(&self) -> policy::File<'_> {
        let mut raw = bindings::diglist_inode_attrs::default();
        // SAFETY: The file is open, `raw` is valid for writes. The type of a mounted file system
        // has a name, and the open file keeps it mounted.
        let fsname = unsafe {
            bindings::diglist_file_attrs(self.as_ptr(), &mut raw);
            CStr::from_char_ptr(raw.fsname)
        };
        let fs_subtype = (!raw.fssubtype.is_null()).then(|| {
            // SAFETY: The subtype is set at mount and freed with the super block, which the open
            // file keeps.
            unsafe { CStr::from_char_ptr(raw.fssubtype) }
        });
        policy::File {
            owner: raw.fowner,
            group: raw.fgroup,
            fsmagic: raw.fsmagic,
            fsuuid: raw.fsuuid,
            fsname: fsname.to_str().unwrap_or(""),
            fs_subtype: fs_subtype.and_then(|name| name.to_str().ok()),
            label: None,
        }
    }
}
