// SPDX-License-Identifier: GPL-2.0

//! Audit records of the integrity subsystem's types.
//!
//! C header: [`include/uapi/linux/audit.h`](srctree/include/uapi/linux/audit.h)

use super::{
    bindings,
    file::File,
    path::Dentry, //
};
use kernel::{
    prelude::*,
    str::CStr, //
};

/// The kind of an integrity record.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// `AUDIT_INTEGRITY_DATA`: about the content of a file.
    Data = 1800,
    /// `AUDIT_INTEGRITY_METADATA`: about the metadata of a file.
    Metadata = 1801,
    /// `AUDIT_INTEGRITY_PCR`: about the PCR.
    Pcr = 1804,
}

/// Records that an `audit` rule matched the file at `path` with the digest `digest` (`sha256:…`). May sleep.
pub(crate) fn rule(path: &CStr, digest: &CStr) {
    // SAFETY: Both are NUL-terminated.
    unsafe { bindings::diglist_audit_rule(path.as_char_ptr(), digest.as_char_ptr()) };
}

/// What a record is about.
#[derive(Clone, Copy)]
pub(crate) enum About<'a> {
    /// An open file.
    File(&'a File),
    /// A file that nobody need have open.
    Dentry(&'a Dentry),
    /// No file.
    Nothing,
}

/// Something that went wrong.
pub(crate) struct Record<'a> {
    /// Its kind.
    pub(crate) kind: Kind,
    /// With what.
    pub(crate) about: About<'a>,
    /// The path of that, or another name.
    pub(crate) name: &'a CStr,
    /// In what operation.
    pub(crate) op: &'static CStr,
    /// Why.
    pub(crate) cause: &'static CStr,
    /// The result, 0 or negative.
    pub(crate) errno: i32,
    /// The digest of the content (`sha256:…`), where it is known.
    pub(crate) digest: Option<&'a CStr>,
    /// The name of an extended attribute.
    pub(crate) xattr: Option<&'a CStr>,
    /// The place of a rule in the policy, from 1; 0 for none.
    pub(crate) rule: usize,
}

impl Record<'_> {
    /// Leaves it in the audit log. May sleep.
    pub(crate) fn write(&self) {
        let or_null = |text: Option<&CStr>| text.map_or(core::ptr::null(), CStr::as_char_ptr);
        let inode = match self.about {
            // SAFETY: The file is open, and keeps its inode.
            About::File(file) => unsafe { bindings::diglist_file_inode(file.as_ptr()) },
            About::Dentry(dentry) => dentry.inode(),
            About::Nothing => core::ptr::null(),
        };
        let raw = bindings::diglist_audit_record {
            type_: self.kind as i32,
            result: self.errno,
            rule: i32::try_from(self.rule).unwrap_or(0),
            inode,
            name: self.name.as_char_ptr(),
            op: self.op.as_char_ptr(),
            cause: self.cause.as_char_ptr(),
            digest: or_null(self.digest),
            xattr: or_null(self.xattr),
        };
        // SAFETY: The inode is null or kept by what the record is about; the strings are null where they may be, or
        // NUL-terminated.
        unsafe { bindings::diglist_audit_integrity(&raw) };
    }
}
