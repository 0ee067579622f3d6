// SPDX-License-Identifier: GPL-2.0

//! What rules ask of files: owners and file systems.

use std::{
    collections::{
        hash_map::Entry,
        HashMap, //
    },
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::Command, //
};

use anyhow::{
    Context,
    Result, //
};
use digest_logic::policy::File;
use rustix::fs::{
    major,
    minor,
    statfs, //
};

/// By device, as `/proc/self/mountinfo` writes it: the type and the subtype.
type Types = HashMap<String, (String, Option<String>)>;

/// What is known of the file systems that were met.
pub(super) struct FileSystems {
    types: Types,
    met: HashMap<u64, FileSystem>,
}

/// One of them.
struct FileSystem {
    magic: u64,
    uuid: [u8; 16],
    name: String,
    subtype: Option<String>,
}

impl FileSystems {
    /// Reads which there are.
    pub(super) fn read() -> Result<Self> {
        let text = fs::read_to_string("/proc/self/mountinfo").context("cannot read mountinfo")?;
        let types = text
            .lines()
            .filter_map(|line| {
                let (before, after) = line.split_once(" - ")?;
                let device = before.split(' ').nth(2)?;
                let name = after.split(' ').next()?;
                let (name, subtype) = match name.split_once('.') {
                    Some((name, subtype)) => (name, Some(subtype.to_owned())),
                    None => (name, None),
                };
                Some((device.to_owned(), (name.to_owned(), subtype)))
            })
            .collect();
        Ok(Self {
            types,
            met: HashMap::new(),
        })
    }

    /// What rules can ask of the file at `path`, but for its label.
    pub(super) fn file(&mut self, path: &Path) -> Result<File<'_>> {
        let metadata = fs::metadata(path).context("cannot find it")?;
        let device = metadata.dev();
        let system = match self.met.entry(device) {
            Entry::Occupied(met) => met.into_mut(),
            Entry::Vacant(new) => new.insert(look_at(&self.types, path, device)?),
        };
        Ok(File {
            owner: metadata.uid(),
            group: metadata.gid(),
            fsmagic: system.magic,
            fsuuid: system.uuid,
            fsname: &system.name,
            fs_subtype: system.subtype.as_deref(),
            label: None,
        })
    }
}

fn look_at(types: &Types, path: &Path, device: u64) -> Result<FileSystem> {
    let key = format!("{}:{}", major(device), minor(device));
    let (name, subtype) = types.get(&key).cloned().unwrap_or_default();
    // CAST: a magic number of 32 bits, in a word of the kernel's.
    let magic = statfs(path).context("no file system")?.f_type as u64;
    Ok(FileSystem {
        magic,
        uuid: uuid_of(path).unwrap_or_default(),
        name,
        subtype,
    })
}

/// The UUID of the file system that has `path`, where it has one.
fn uuid_of(path: &Path) -> Option<[u8; 16]> {
    let output = Command::new("findmnt")
        .args(["--noheadings", "--output", "UUID", "--target"])
        .arg(path)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let hex: String = text.trim().chars().filter(|char| *char != '-').collect();
    let mut uuid = [0; 16];
    let len = digest_logic::digest::decode_hex(hex.as_bytes(), &mut uuid).ok()?;
    (len == uuid.len()).then_some(uuid)
}
