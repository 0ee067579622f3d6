// SPDX-License-Identifier: GPL-2.0

//! The text of audit records in IMA's formats: those of `ima_audit_measurement()` and of
//! `security/integrity/integrity_audit.c`.

use core::fmt;

/// A string as auditd expects it: quoted, or in hexadecimal if it has a quote, a space or an
/// unprintable character.
#[derive(Clone, Copy, Debug)]
pub struct Untrusted<'a>(pub &'a [u8]);

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'"';
        match core::str::from_utf8(self.0) {
            Ok(text) if self.0.iter().all(is_plain) => write!(f, "\"{text}\""),
            _ => self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}")),
        }
    }
}

/// A file that an `audit` rule matches.
#[derive(Clone, Copy, Debug)]
pub struct Matched<'a> {
    /// Its path.
    pub path: &'a [u8],
    /// The digest of its content (`sha256:…`).
    pub digest: &'a str,
}

impl fmt::Display for Matched<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file={} hash=\"{}\"", Untrusted(self.path), self.digest)
    }
}

/// A refusal or failure about a file, or about the PCR. IMA's records have no digest, rule or
/// attribute.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The operation.
    pub op: &'a str,
    /// The cause.
    pub cause: &'a str,
    /// The name of the task.
    pub comm: &'a [u8],
    /// The path of the file, or another name.
    pub name: &'a [u8],
    /// The name of the file system's device, and the number of the inode.
    pub inode: Option<(&'a [u8], u64)>,
    /// The result, 0 or a negative errno.
    pub errno: i32,
    /// The name of an extended attribute.
    pub xattr: Option<&'a [u8]>,
    /// The digest of the content (`sha256:…`).
    pub digest: Option<&'a str>,
    /// The place of a rule in the policy, from 1; 0 for none.
    pub rule: usize,
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " op={} cause={}", self.op, self.cause)?;
        write!(f, " comm={}", Untrusted(self.comm))?;
        write!(f, " name={}", Untrusted(self.name))?;
        if let Some((device, number)) = self.inode {
            write!(f, " dev={} ino={number}", Untrusted(device))?;
        }
        let is_good = u8::from(self.errno == 0);
        write!(f, " res={is_good} errno={}", self.errno)?;
        if let Some(xattr) = self.xattr {
            write!(f, " xattr={}", Untrusted(xattr))?;
        }
        if let Some(digest) = self.digest {
            write!(f, " hash=\"{digest}\"")?;
        }
        if self.rule != 0 {
            write!(f, " rule={}", self.rule)?;
        }
        Ok(())
    }
}
