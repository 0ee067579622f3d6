// SPDX-License-Identifier: GPL-2.0

//! Audit records of the integrity subsystem's types.
//!
//! C header: [`include/uapi/linux/audit.h`](srctree/include/uapi/linux/audit.h)

use super::{
    bindings,
    file::File,
    inode::InodeRef,
    path::Dentry, //
};
use core::{
    fmt::{
        self,
        Write, //
    },
    ptr::NonNull, //
};
use digest_logic::{
    audit::{
        Failure,
        Matched, //
    },
    num::u32_as_usize, //
};
use kernel::{
    bindings as c,
    str::CStr, //
};

// CAST: Numbers of four digits.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// `AUDIT_INTEGRITY_DATA`: about the content of a file.
    Data = bindings::AUDIT_INTEGRITY_DATA as isize,
    /// `AUDIT_INTEGRITY_METADATA`: about the metadata of a file.
    Metadata = bindings::AUDIT_INTEGRITY_METADATA as isize,
    /// `AUDIT_INTEGRITY_PCR`: about the PCR.
    Pcr = bindings::AUDIT_INTEGRITY_PCR as isize,
}

/// A record that is being written.
///
/// # Invariants
///
/// It came from `audit_log_start()` and is ours.
struct Buffer(NonNull<bindings::audit_buffer>);

impl Buffer {
    /// A record of the type `kind`. None without memory, or if the audit system drops it. May
    /// sleep.
    fn new(kind: u32) -> Option<Self> {
        // SAFETY: Callable in task context. CAST: The numbers of types are small.
        // INVARIANT: From `audit_log_start()`.
        NonNull::new(unsafe { bindings::diglist_audit_start(kind as i32) }).map(Self)
    }
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: By the type invariants; `text` is valid for its length.
        unsafe { bindings::diglist_audit_text(self.0.as_ptr(), text.as_ptr(), text.len()) };
        Ok(())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: By the type invariants. It is not used from here on.
        unsafe { bindings::diglist_audit_end(self.0.as_ptr()) };
    }
}

/// Records that an `audit` rule matched the file at `path` with the digest `digest` (`sha256:…`).
/// May sleep.
pub(crate) fn rule(path: &CStr, digest: &CStr) {
    let Some(mut buffer) = Buffer::new(bindings::AUDIT_INTEGRITY_RULE) else {
        return;
    };
    let matched = Matched {
        path: path.to_bytes(),
        digest: digest.to_str().unwrap_or("?"),
    };
    let _ = write!(buffer, "{matched}");
    // SAFETY: By the invariants of `Buffer`.
    unsafe { bindings::diglist_audit_task_info(buffer.0.as_ptr()) };
}

/// What a record is about.
#[derive(Clone, Copy)]
pub(crate) enum About<'a> {
    /// An open file.
    File(&'a File),
    /// A file that need not be open.
    Dentry(&'a Dentry),
    /// No file.
    Nothing,
}

/// An integrity record.
pub(crate) struct Record<'a> {
    pub(crate) kind: Kind,
    /// The object.
    pub(crate) about: About<'a>,
    /// The path of the object, or another name.
    pub(crate) name: &'a CStr,
    /// The operation.
    pub(crate) op: &'static CStr,
    pub(crate) cause: &'static CStr,
    /// The result, 0 or negative.
    pub(crate) errno: i32,
    /// The digest of the content (`sha256:…`), if known.
    pub(crate) digest: Option<&'a CStr>,
    /// The name of an extended attribute.
    pub(crate) xattr: Option<&'a CStr>,
    /// The place of a rule in the policy, from 1; 0 for none.
    pub(crate) rule: usize,
}

impl<'a> Record<'a> {
    /// A record of no error, without digest, attribute and rule.
    pub(crate) const fn new(
        kind: Kind,
        about: About<'a>,
        name: &'a CStr,
        op: &'static CStr,
        cause: &'static CStr,
    ) -> Self {
        Self {
            kind,
            about,
            name,
            op,
            cause,
            errno: 0,
            digest: None,
            xattr: None,
            rule: 0,
        }
    }

    /// Writes it to the audit log. May sleep.
    pub(crate) fn write(&self) {
        // CAST: One of the numbers above.
        let Some(mut buffer) = Buffer::new(self.kind as u32) else {
            return;
        };
        let mut comm = [0u8; u32_as_usize(c::TASK_COMM_LEN)];
        // SAFETY: By the invariants of `Buffer`; `comm` has room for a task's name.
        unsafe {
            bindings::diglist_audit_subject(buffer.0.as_ptr());
            bindings::diglist_task_comm(comm.as_mut_ptr().cast());
        }
        let inode = match self.about {
            About::File(file) => Some(file.own_inode()),
            About::Dentry(dentry) => Some(dentry.inode()),
            About::Nothing => None,
        };
        let failure = Failure {
            op: self.op.to_str().unwrap_or("?"),
            cause: self.cause.to_str().unwrap_or("?"),
            comm: CStr::from_bytes_until_nul(&comm).map_or(&[], CStr::to_bytes),
            name: self.name.to_bytes(),
            inode: inode.map(InodeRef::place),
            errno: self.errno,
            xattr: self.xattr.map(CStr::to_bytes),
            digest: self.digest.map(|digest| digest.to_str().unwrap_or("?")),
            rule: self.rule,
        };
        let _ = write!(buffer, "{failure}");
    }
}
