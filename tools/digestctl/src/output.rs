// SPDX-License-Identifier: GPL-2.0

//! Files that appear whole or not at all, and the sink through which formats are written.

use std::{
    fs::{
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

use crate::report::quoted;

/// Collects what a format writes.
#[derive(Default)]
pub(crate) struct Buffer(pub(crate) Vec<u8>);

impl Sink for Buffer {
    fn put(&mut self, bytes: &[u8]) -> digest_logic::refusal::Result {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Puts a file with `data` at `path`, in place of what is there, readable by everyone. A device or
/// a pipe stays what it is, and takes the data.
pub(crate) fn write_atomically(path: &Path, data: &[u8]) -> Result<()> {
    write_with_mode(path, data, 0o644)
}

/// The same, or standard output where `path` is none or `-`.
pub(crate) fn write_to(path: Option<&Path>, data: &[u8]) -> Result<()> {
    match path.filter(|path| *path != Path::new("-")) {
        Some(path) => write_atomically(path, data),
        None => Ok(std::io::stdout().write_all(data)?),
    }
}

/// The same as [`write_atomically`], readable by its owner only.
pub(crate) fn write_secret(path: &Path, data: &[u8]) -> Result<()> {
    write_with_mode(path, data, 0o600)
}

fn write_with_mode(path: &Path, data: &[u8], mode: u32) -> Result<()> {
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
        anyhow::Ok(())
    };
    write().with_context(|| format!("cannot write {}", quoted(path)))
}
