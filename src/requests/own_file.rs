// SPDX-License-Identifier: GPL-2.0

//! Files that the module reads for itself because root names them.

use crate::{
    access::{
        content,
        Exempt, //
    },
    reason::refuse,
    sys::{
        bytes::joined,
        console::Show,
        file::OwnedFile, //
    },
};
use core::fmt;
use digest_logic::refusal::Cause;
use kernel::{
    prelude::*,
    str::CStr, //
};

/// The path in `data`, without a newline at its end, if `data` is one: it begins with a slash and
/// has no NUL. Metadata always have a NUL.
pub(super) fn as_path(data: &[u8]) -> Option<&[u8]> {
    let path = super::line_of(data);
    (path.starts_with(b"/") && !path.contains(&0)).then_some(path)
}

/// A path in a message.
pub(super) struct Path<'a>(pub(super) &'a [u8]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// The largest size in bytes, and the cause for a larger file.
pub(super) struct Limit(pub(super) usize, pub(super) Cause);

/// Reads the file at `path` without evaluating the access, and calls `look` while it is open.
/// `look` has logged its errors. May sleep.
pub(super) fn read<T>(
    exempt: &Exempt,
    path: &[u8],
    limit: Limit,
    look: impl FnOnce(&OwnedFile, &[u8]) -> Result<T>,
) -> Result<(KVVec<u8>, T)> {
    exempt.run(|| read_exempt(path, limit, look))
}

fn read_exempt<T>(
    path: &[u8],
    Limit(bytes, cause): Limit,
    look: impl FnOnce(&OwnedFile, &[u8]) -> Result<T>,
) -> Result<(KVVec<u8>, T)> {
    let name = joined(&[path, &[0]])?;
    let name = CStr::from_bytes_with_nul(&name).map_err(|_| refuse(Path(path), Cause::BadPath))?;
    let read = OwnedFile::open(name).and_then(|file| {
        let data = content::read_all(&file, bytes)?;
        Ok((file, data))
    });
    match read {
        Ok((file, data)) => {
            let seen = look(&file, &data)?;
            Ok((data, seen))
        }
        Err(e) if e == EFBIG => Err(refuse(Path(path), cause)),
        Err(e) => {
            pr_err!("cannot read {} ({})\n", Show(Path(path)), e.to_errno());
            Err(e)
        }
    }
}
