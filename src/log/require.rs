// SPDX-License-Identifier: GPL-2.0

//! `tpm_required=1`: a use that must be measured is refused until the TPM has its record.

use super::Log;
use crate::sys::{
    audit::{
        About,
        Kind,
        Record, //
    },
    console::Show,
    file::File, //
};
use kernel::{
    prelude::*,
    str::{
        CStr,
        CString, //
    },
    sync::atomic::{
        Acquire,
        Release, //
    },
};

impl Log {
    /// From here on, uses whose records wait are refused, if the module was loaded so.
    pub(crate) fn begin_refusing(&self) {
        self.refusing.store(self.settings.tpm_required, Release);
    }

    /// Whether the module was loaded so.
    pub(crate) fn is_tpm_required(&self) -> bool {
        self.settings.tpm_required
    }

    /// Whether what has a record is refused, given whether that was `extended`.
    pub(super) fn refuses(&self, extended: bool) -> bool {
        !extended && self.refusing.load(Acquire)
    }

    /// Allows to use `file` if its record was `extended` or need not be.
    ///
    /// # Errors
    ///
    /// `EACCES`, with an audit record.
    pub(super) fn admit_file(&self, extended: bool, file: &File, path: &CStr) -> Result {
        if !self.refuses(extended) {
            return Ok(());
        }
        refused(About::File(file), path);
        Err(EACCES)
    }

    /// Allows the use of data called `name` if its record was `extended` or need not be.
    ///
    /// # Errors
    ///
    /// `EACCES`, with an audit record and a line in the kernel log.
    pub(super) fn admit(&self, extended: bool, name: &[u8]) -> Result {
        if !self.refuses(extended) {
            return Ok(());
        }
        pr_err!(
            "{}: refused, since the TPM has not taken its record and tpm_required=1\n",
            Show(name.escape_ascii())
        );
        if let Ok(name) =
            CString::try_from_fmt(kernel::prelude::fmt!("{}", Show(name.escape_ascii())))
        {
            refused(About::Nothing, &name);
        }
        Err(EACCES)
    }
}

fn refused(about: About<'_>, name: &CStr) {
    let (op, cause) = (c"add_template_measure", c"tpm-required");
    Record {
        errno: EACCES.to_errno(),
        ..Record::new(Kind::Pcr, about, name, op, cause)
    }
    .write();
}
