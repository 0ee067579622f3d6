// SPDX-License-Identifier: GPL-2.0

//! Which format a file has, told from its content.

use std::{
    fs::File,
    io::{
        self,
        Read, //
    },
    path::Path, //
};

use anyhow::{
    anyhow,
    bail,
    Context,
    Result, //
};
use digest_logic::{
    list::{
        ListType,
        ParsedList, //
    },
    metadata::Metadata,
    rpm::header::MAGIC, //
};

use crate::{
    output::is_standard,
    report::quoted, //
};

/// A file, checked.
pub(crate) enum Parsed<'a> {
    /// Metadata of lists.
    Metadata(Metadata<'a>),
    /// A list of this type.
    List(ListType, ParsedList<'a>),
}

/// A format that a user may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// What `load` gives to the kernel
    Metadata,
    /// A compact list
    Compact,
    /// The header of an RPM package
    Rpm,
    /// A compact list with headers of 16 bytes
    Compact16,
    /// A list of fields with type and length
    Tlv,
}

impl Format {
    /// The type of list, if it is one.
    pub(crate) fn list_type(self) -> Option<ListType> {
        match self {
            Self::Metadata => None,
            Self::Compact => Some(ListType::Compact),
            Self::Rpm => Some(ListType::RpmHeader),
            Self::Compact16 => Some(ListType::Compact16),
            Self::Tlv => Some(ListType::Tlv),
        }
    }
}

/// The largest file in bytes that is read as a whole. One that has no end, such as a device, would
/// take all memory.
const MOST: usize = 2 << 30;

/// Reads a file whole; `-` is standard input.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let too_large = || {
        let name = match is_standard(path) {
            true => "standard input".to_owned(),
            false => quoted(path),
        };
        anyhow!(
            "{name} has more than {} GiB: it is nothing that digestctl reads",
            MOST >> 30
        )
    };
    let metadata = (!is_standard(path)).then(|| path.metadata());
    if metadata.is_some_and(|file| file.is_ok_and(|file| file.len() > MOST as u64)) {
        return Err(too_large());
    }
    let data = read_at_most(path, MOST + 1)?;
    match data.len() > MOST {
        true => Err(too_large()),
        false => Ok(data),
    }
}

/// Reads the first `most` bytes of a file; `-` is standard input.
pub(crate) fn read_at_most(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    if is_standard(path) {
        let read = io::stdin().take(most as u64).read_to_end(&mut data);
        read.context("cannot read standard input")?;
        return Ok(data);
    }
    File::open(path)
        .and_then(|file| {
            // As std::fs::read() does.
            let size = file.metadata().map_or(0, |file| file.len());
            data.reserve_exact(usize::try_from(size).unwrap_or(0).min(most));
            file.take(most as u64).read_to_end(&mut data)
        })
        .with_context(|| format!("cannot read {}", quoted(path)))?;
    Ok(data)
}

/// Checks `data` as `format`, or as whichever it is. `path` is for messages.
pub(crate) fn parse<'a>(data: &'a [u8], format: Option<Format>, path: &Path) -> Result<Parsed<'a>> {
    let refused = |what: &str, error| anyhow!("{}: not {what}: {error}", quoted(path));
    let Some(format) = format else {
        return detect(data, path);
    };
    match format.list_type() {
        None => Metadata::parse(data)
            .map(Parsed::Metadata)
            .map_err(|error| refused("metadata", error)),
        Some(list_type) => ParsedList::parse(list_type, data)
            .map(|list| Parsed::List(list_type, list))
            .map_err(|error| refused(&format!("a {list_type} list"), error)),
    }
}

fn detect<'a>(data: &'a [u8], path: &Path) -> Result<Parsed<'a>> {
    if data.is_empty() {
        bail!("{}: the file is empty", quoted(path));
    }
    if let Ok(metadata) = Metadata::parse(data) {
        return Ok(Parsed::Metadata(metadata));
    }
    match list(data) {
        Ok((list_type, list)) => Ok(Parsed::List(list_type, list)),
        Err(_) if meant(data).is_none() => {
            bail!("{}: neither a digest list nor metadata", quoted(path))
        }
        Err(error) => bail!("{}: {error}", quoted(path)),
    }
}

/// Checks `data` as a list of whichever type: compact, the least particular, comes last.
pub(crate) fn list(data: &[u8]) -> Result<(ListType, ParsedList<'_>)> {
    let mut reasons = Vec::new();
    for list_type in ListType::ALL.into_iter().rev() {
        match ParsedList::parse(list_type, data) {
            Ok(list) => return Ok((list_type, list)),
            Err(cause) => reasons.push((list_type, cause)),
        }
    }
    let meant = meant(data);
    let reason = reasons
        .into_iter()
        .find(|(list_type, _)| Some(*list_type) == meant);
    Err(match reason {
        Some((list_type, cause)) => anyhow!("a damaged {list_type} list: {cause}"),
        None => anyhow!("not a digest list"),
    })
}

/// The type of list that the first bytes are of, of data that are none.
fn meant(data: &[u8]) -> Option<ListType> {
    match data {
        data if data.starts_with(&MAGIC) => Some(ListType::RpmHeader),
        // Version, reserved, type of the block, little endian.
        [1, 0, 2, 0, ..] => Some(ListType::Compact16),
        // The field 0, which has two bytes, big endian.
        [0, 0, 0, 0, 0, 2, ..] => Some(ListType::Tlv),
        // The entry id, and a number of digests that is not as large as text would make it.
        [0..=5, 0, _, _, _, 0, ..] => Some(ListType::Compact),
        _ => None,
    }
}
