// SPDX-License-Identifier: GPL-2.0

//! Audit records of the integrity subsystem's types.
//!
//! C header: [`include/uapi/linux/audit.h`](srctree/include/uapi/linux/audit.h)

use super::{
    bindings,
    file::File, //
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
    /// `AUDIT_INTEGRITY_PCR`: about the PCR.
    Pcr = 1804,
}

/// Records that an `audit` rule matched the file at `path` with the digest `digest` (`sha256:…`). May sleep.
pub(crate) fn rule(path: &CStr, digest: &CStr) {
    // SAFETY: Both are NUL-terminated.
    unsafe { bindings::diglist_audit_rule(path.as_char_ptr(), digest.as_char_ptr()) };
}

/// A refusal's digest (`sha256:…`), where it is known, and the place of the rule in the policy, from 1.
pub(crate) struct Refused<'a> {
    /// The digest of the content.
    pub(crate) digest: Option<&'a CStr>,
    /// The place of the rule.
    pub(crate) rule: usize,
}

/// Records that `op` on `file` at `path` had the result `errno` (0 or negative), because of `cause`. May sleep.
pub(crate) fn integrity(
    kind: Kind,
    file: &File,
    path: &CStr,
    op: &'static CStr,
    cause: &'static CStr,
    errno: i32,
    refused: Option<&Refused<'_>>,
) {
    let digest = refused.and_then(|refused| refused.digest);
    let rule = refused.map_or(0, |refused| refused.rule);
    // SAFETY: The file is open and the strings are NUL-terminated; the digest may be null.
    unsafe {
        bindings::diglist_audit_integrity(
            kind as i32,
            file.as_ptr(),
            path.as_char_ptr(),
            op.as_char_ptr(),
            cause.as_char_ptr(),
            errno,
            digest.map_or(core::ptr::null(), |digest| digest.as_char_ptr()),
            i32::try_from(rule).unwrap_or(0),
        )
    };
}
