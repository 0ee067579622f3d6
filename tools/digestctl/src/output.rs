// SPDX-License-Identifier: GPL-2.0

//! Files that appear whole or not at all, and the sink through which formats are written.

use std::{
    fs::{
        self,
        OpenOptions,
        Permissions, //
    },
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path, //
};

use anyhow::{
    Context,
    Result, //
};
use digest_logic::cursor::Sink;

use crate::{
    report::{
        detail,
        quoted, //
    },
    signature::remove_signatures, //
};

/// Collects what a format writes.
#[derive(Default)]
pub(crate) struct Buffer(pub(crate) Vec<u8>);

impl Sink for Buffer {
    fn put(&mut self, bytes: &[u8]) -> digest_logic::refusal::Result {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Whether the path means standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Puts a file with `data` at `path`, in place of what is there, readable by everyone. A device or
/// a pipe stays what it is, and takes the data; `-` is standard output.
pub(crate) fn write_atomically(path: &Path, data: &[u8]) -> Result<()> {
    write_with_mode(path, data, 0o644)
}

/// The same, or standard output where `path` is none or `-`.
pub(crate) fn write_to(path: Option<&Path>, data: &[u8]) -> Result<()> {
    write_atomically(path.unwrap_or(Path::new("-")), data)
}

/// Puts a list at `path`. Signatures beside it that are of another list, which was there before,
/// are removed: they would only make this one look tampered with.
pub(crate) fn write_list(path: &Path, data: &[u8]) -> Result<()> {
    // A pipe is not read: another program may wait for what is written.
    let is_file = !is_standard(path) && path.metadata().is_ok_and(|there| there.is_file());
    if is_file && fs::read(path).is_ok_and(|there| there != data) {
        remove_signatures(path)?;
    }
    write_atomically(path, data)
}

/// The same as [`write_atomically`], readable by its owner only.
pub(crate) fn write_secret(path: &Path, data: &[u8]) -> Result<()> {
    write_with_mode(path, data, 0o600)
}

fn write_with_mode(path: &Path, data: &[u8], mode: u32) -> Result<()> {
    if is_standard(path) {
        std::io::stdout().write_all(data)?;
        return Ok(());
    }
    let write = || {
        if path
            .metadata()
            .is_ok_and(|there| !there.is_file() && !there.is_dir())
        {
            OpenOptions::new().write(true).open(path)?.write_all(data)?;
            return Ok(());
        }
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut file = tempfile::Builder::new()
            .prefix(".digestctl-")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(directory)?;
        file.write_all(data)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        detail(format_args!("wrote {}", quoted(path)));
        anyhow::Ok(())
    };
    write().with_context(|| format!("cannot write {}", quoted(path)))
}
