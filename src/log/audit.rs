// SPDX-License-Identifier: GPL-2.0

//! Audit records of refusals. Without memory for the record, the refusal stands.

use super::{
    event::{
        with_path,
        NO_PATH, //
    },
    Log, //
};
use crate::sys::{
    audit::{
        About,
        Kind,
        Record, //
    },
    console::Show,
    file::File,
    kernel_crate::kvec_zeroed,
    path::Dentry, //
};
use digest_logic::{
    appraise::Denial,
    digest::Digest,
    policy::Func,
    template::MAX_NAME, //
};
use kernel::{
    prelude::*,
    str::{
        CStr,
        CString, //
    },
};

impl Log {
    /// A file that `appraise` rules refuse, or would refuse if they were `enforced`. `rule` is the
    /// place of the rule in the policy from 1, or 0. May sleep.
    pub(crate) fn audit_denial(
        &self,
        file: &File,
        denial: Denial,
        digest: Option<&Digest>,
        rule: usize,
        enforced: bool,
    ) {
        let digest =
            digest.and_then(|d| CString::try_from_fmt(kernel::prelude::fmt!("{}", Show(d))).ok());
        let _ = with_path(file, |path| {
            Record {
                errno: errno(enforced),
                digest: digest.as_deref(),
                rule,
                ..appraisal(About::File(file), path, denial)
            }
            .write();
            Ok(())
        });
    }

    /// Bytes for `func` that come from no file, where the rule at the place `rule` needs one. May
    /// sleep.
    pub(crate) fn audit_no_file(&self, func: Func, rule: usize, enforced: bool) {
        if let Ok(name) = CString::try_from_fmt(kernel::prelude::fmt!("{}", func.name())) {
            Record {
                errno: errno(enforced),
                rule,
                ..appraisal(About::Nothing, &name, Denial::NoFile)
            }
            .write();
        }
    }

    /// An extended attribute that the current task may not change. May sleep.
    pub(crate) fn audit_xattr(&self, dentry: &Dentry, xattr: &CStr) {
        let Ok(mut buf) = kvec_zeroed(MAX_NAME, GFP_KERNEL) else {
            return;
        };
        let name = dentry.path(&mut buf).unwrap_or(NO_PATH);
        let (op, cause) = (c"appraise_metadata", c"protected-xattr");
        Record {
            errno: EPERM.to_errno(),
            xattr: Some(xattr),
            ..Record::new(Kind::Metadata, About::Dentry(dentry), name, op, cause)
        }
        .write();
    }
}

fn appraisal<'a>(about: About<'a>, name: &'a CStr, denial: Denial) -> Record<'a> {
    Record::new(Kind::Data, about, name, c"appraise_data", denial.name())
}

fn errno(enforced: bool) -> i32 {
    if enforced {
        EACCES.to_errno()
    } else {
        0
    }
}
