// SPDX-License-Identifier: GPL-2.0

//! Names of files as Debian packages say them: bytes, not text of an encoding.

use std::{
    collections::HashSet,
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::PathBuf, //
};

/// The configuration files that `conffiles` names, relative to the root. A word before a path says
/// what will become of the file.
pub(super) fn conffiles_of(conffiles: &[u8]) -> HashSet<PathBuf> {
    lines(conffiles)
        .filter(|line| line.starts_with(b"/"))
        .map(relative)
        .collect()
}

/// The lines of a file, without the blank ones.
pub(super) fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.trim_ascii().is_empty())
}

/// A path without what says that it begins at the root: `/usr`, `./usr`, `usr`.
pub(super) fn relative(path: &[u8]) -> PathBuf {
    let mut path = path;
    while let Some(rest) = path.strip_prefix(b"./").or(path.strip_prefix(b"/")) {
        path = rest;
    }
    OsStr::from_bytes(path).into()
}
