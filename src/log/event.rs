// SPDX-License-Identifier: GPL-2.0

//! Events that are recorded: the use of a file or of data, and violations.

use super::{
    Log,
    Repeat, //
};
use crate::sys::{
    audit::{
        self,
        About,
        Kind,
        Record, //
    },
    console::Show,
    file::File,
    kernel_crate::kvec_zeroed,
    sha, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    policy::Template,
    reference::{
        is_portable_signature,
        is_signature, //
    },
    template::{
        Event,
        MAX_NAME, //
    },
};
use kernel::{
    prelude::*,
    str::{
        CStr,
        CString, //
    },
};

/// The name of a file whose path is too long.
pub(super) const NO_PATH: &CStr = c"(path_too_long)";

/// The name of the record that takes back another one.
const REFUSED: &[u8] = b"digest_lists_refused";

/// Why the content of a file cannot be measured.
#[derive(Clone, Copy)]
pub(crate) enum Violation {
    /// It cannot be read.
    Unreadable(Error),
    /// It is opened for writing while a measured reader has it open.
    TimeOfMeasureTimeOfUse,
    /// It is measured while it is open for writing.
    OpenWriters,
}

impl Violation {
    /// Leaves the audit record that IMA would leave.
    fn audit(self, file: &File, path: &CStr) {
        let (kind, op, cause, errno) = match self {
            Self::Unreadable(e) => (Kind::Data, c"collect_data", c"failed", e.to_errno()),
            Self::TimeOfMeasureTimeOfUse => (Kind::Pcr, c"invalid_pcr", c"ToMToU", 0),
            Self::OpenWriters => (Kind::Pcr, c"invalid_pcr", c"open_writers", 0),
        };
        Record {
            errno,
            ..Record::new(kind, About::File(file), path, op, cause)
        }
        .write();
    }
}

impl Log {
    /// Records a file with the digest of its content, or with `verity` its fs-verity digest. May
    /// sleep.
    pub(crate) fn measure_file(
        &self,
        pcr: u32,
        template: Option<Template>,
        digest: &Digest,
        verity: bool,
        file: &File,
    ) -> Result {
        let template = template.unwrap_or(Template::ImaNg);
        let signature = match template {
            Template::ImaSig | Template::ImaSigv2 => signature_of(file)?,
            _ => KVec::new(),
        };
        with_path(file, |path| {
            let event = Event {
                verity,
                signature: &signature,
                ..Event::new(*digest, path.to_bytes())
            };
            let extended = self.append_shared(pcr, template, &event)?;
            self.admit_file(extended, file, path)
        })
    }

    /// Records that nobody can vouch for a file that is used, if that `is_due`, and calls `note`
    /// once that is in the list, unless the use is refused. Both are called while nothing else is
    /// recorded. So what finds the note finds the record, extended if the TPM takes it, and what
    /// does not find it comes here and waits. May sleep; neither of the two for long.
    pub(crate) fn violation(
        &self,
        pcr: u32,
        file: &File,
        why: Violation,
        is_due: impl FnOnce() -> bool,
        note: impl FnOnce(),
    ) -> Result {
        with_path(file, |path| {
            let event = Event::new(Digest::zero(HashAlgo::Sha256), path.to_bytes());
            let recorded = self.append_violation(pcr, &event, is_due, note);
            if recorded == Ok(None) {
                return Ok(());
            }
            why.audit(file, path);
            match recorded? {
                Some(extended) => self.admit_file(extended, file, path),
                None => Ok(()),
            }
        })
    }

    /// Records bytes without a file by their digest, under `name`. May sleep.
    pub(crate) fn measure_digest(
        &self,
        pcr: u32,
        template: Option<Template>,
        digest: &Digest,
        name: &[u8],
    ) -> Result {
        let template = template.unwrap_or(Template::ImaNg);
        self.record(pcr, template, &Event::new(*digest, name), Repeat::Never)
    }

    /// Records a violation for bytes without a file, under `name`. May sleep.
    pub(crate) fn violation_of_bytes(&self, pcr: u32, name: &CStr) -> Result {
        Record::new(Kind::Data, About::Nothing, name, c"collect_data", c"failed").write();
        let event = Event::new(Digest::zero(HashAlgo::Sha256), name.to_bytes());
        self.record(pcr, Template::ImaNg, &event, Repeat::Violation)
    }

    /// Records bytes that the module itself uses, by their digest under `name`, in the default PCR.
    /// Repeated bytes are recorded again, because the order matters. May sleep.
    pub(crate) fn measure_own(&self, bytes: &[u8], name: &[u8]) -> Result {
        let event = Event::new(sha::sha256_digest(bytes), name);
        self.announce(Template::ImaNg, &event)
    }

    /// As [`Log::measure_own`], then runs `f`, which the record announces. If `f` fails, a second
    /// record takes the first back, for readers of the measurement list. May sleep.
    pub(crate) fn measure_attempt<T>(
        &self,
        bytes: &[u8],
        name: &[u8],
        attempt: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let event = Event::new(sha::sha256_digest(bytes), name);
        self.announce(Template::ImaNg, &event)?;
        attempt().or_else(|error| {
            self.take_back(event.digest)?;
            Err(error)
        })
    }

    /// Records what the module has done, with the bytes themselves. It stays done even if the
    /// record waits for the TPM. May sleep.
    pub(crate) fn measure_done(&self, bytes: &[u8], name: &[u8]) -> Result {
        let event = with_data(name, bytes);
        self.record(self.pcr(), Template::ImaBuf, &event, Repeat::Always)
    }

    /// As [`Log::measure_own`], with the bytes themselves. May sleep.
    pub(crate) fn measure_own_data(&self, bytes: &[u8], name: &[u8]) -> Result {
        self.announce(Template::ImaBuf, &with_data(name, bytes))
    }

    /// Records facts from the module, with the bytes themselves. No access depends on them, so the
    /// record may wait for the TPM even with `tpm_required`. May sleep.
    pub(crate) fn note_own_data(&self, bytes: &[u8], name: &[u8]) -> Result {
        let event = with_data(name, bytes);
        let extended = self.append(self.pcr(), Template::ImaBuf, &event, Repeat::Always);
        extended.map(|_| ())
    }

    /// Records `event`, and allows what it records if it was extended or need not be.
    fn record(&self, pcr: u32, template: Template, event: &Event<'_>, repeat: Repeat) -> Result {
        let extended = self.append(pcr, template, event, repeat)?;
        self.admit(extended, event.name)
    }

    /// Records what the module is about to do. If that is refused because the record waits for the
    /// TPM, a second record takes it back. Both are extended later.
    fn announce(&self, template: Template, event: &Event<'_>) -> Result {
        let extended = self.append(self.pcr(), template, event, Repeat::Always)?;
        self.admit(extended, event.name).or_else(|refused| {
            self.take_back(event.digest)?;
            Err(refused)
        })
    }

    /// Records that what the last record of `digest` announced did not happen. May sleep.
    fn take_back(&self, digest: Digest) -> Result {
        let event = Event::new(digest, REFUSED);
        self.append(self.pcr(), Template::ImaNg, &event, Repeat::Always)?;
        Ok(())
    }

    /// Records data under `name`. Includes the data if the template has a field for them. May
    /// sleep.
    pub(crate) fn measure_data(
        &self,
        pcr: u32,
        template: Option<Template>,
        name: &[u8],
        data: &[u8],
    ) -> Result {
        let template = template.unwrap_or(Template::ImaBuf);
        self.record(pcr, template, &with_data(name, data), Repeat::Never)
    }

    /// Leaves an audit record with a file and its digest. May sleep.
    pub(crate) fn audit_file(&self, digest: &Digest, file: &File) -> Result {
        let digest = CString::try_from_fmt(kernel::prelude::fmt!("{}", Show(digest)))?;
        with_path(file, |path| {
            audit::rule(path, &digest);
            Ok(())
        })
    }
}

/// The event `name` with `data` and their digest.
pub(super) fn with_data<'a>(name: &'a [u8], data: &'a [u8]) -> Event<'a> {
    Event {
        buffer: data,
        ..Event::new(sha::sha256_digest(data), name)
    }
}

pub(super) fn with_path<T>(file: &File, f: impl FnOnce(&CStr) -> Result<T>) -> Result<T> {
    let mut buf = kvec_zeroed(MAX_NAME, GFP_KERNEL)?;
    f(file.path(&mut buf).unwrap_or(NO_PATH))
}

/// `security.ima` if it is a signature, or else `security.evm` if that is a portable one; empty
/// otherwise.
fn signature_of(file: &File) -> Result<KVec<u8>> {
    type Wanted = fn(&[u8]) -> bool;
    let places: [(&CStr, Wanted); 2] = [
        (c"security.ima", is_signature),
        (c"security.evm", is_portable_signature),
    ];
    for (name, is_wanted) in places {
        match file.xattr(name) {
            Ok(value) if is_wanted(&value) => return Ok(value),
            Err(ENOMEM) => return Err(ENOMEM),
            // It is missing, not a signature, too long, or cannot be read.
            _ => (),
        }
    }
    Ok(KVec::new())
}
