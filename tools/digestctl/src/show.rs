// SPDX-License-Identifier: GPL-2.0

//! `digestctl show`: what is in a list or in metadata.

use std::{
    ffi::OsStr,
    io::Write,
    os::unix::ffi::OsStrExt,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::Result;
use digest_logic::{
    digest::Hex,
    list::{
        Kind,
        ListType,
        ParsedList, //
    },
    metadata::{
        Metadata,
        Record, //
    },
    verity, //
};

use crate::{
    format::{
        self,
        Format,
        Parsed, //
    },
    hash::hash_bytes,
    report::quoted, //
};

/// Show what is in digest lists or metadata.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl show base.list
  digestctl show --digests base.list | grep sha256:0123")]
pub(crate) struct Args {
    /// Lists or metadata
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The format of the files [default: told from their content]
    #[arg(long)]
    format: Option<Format>,

    /// Print every digest of a list
    #[arg(long)]
    digests: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in &args.files {
        let data = format::read(path)?;
        match format::parse(&data, args.format, path)? {
            Parsed::Metadata(metadata) => show_metadata(path, &metadata, &mut out)?,
            Parsed::List(list_type, list) => {
                show_list(path, &data, list_type, &list, &mut out)?;
                if args.digests {
                    show_digests(&list, &mut out)?;
                }
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn show_list(
    path: &Path,
    data: &[u8],
    list_type: ListType,
    list: &ParsedList<'_>,
    out: &mut impl Write,
) -> Result<()> {
    let counts = list.counts();
    writeln!(out, "{}: {list_type} list", quoted(path))?;
    writeln!(out, "  file: sha256:{}", Hex(&hash_bytes(data)))?;
    if let Some(edition) = list.edition() {
        writeln!(out, "  name: {}", edition.name_text())?;
        writeln!(out, "  serial: {}", edition.serial())?;
    }
    writeln!(out, "  algorithm: {}", list.algo())?;
    writeln!(out, "  digests: {}", counts.total())?;
    for kind in Kind::ALL {
        writeln!(out, "  {kind}: {}", counts.of(kind))?;
    }
    if list.skipped_empty() > 0 {
        writeln!(out, "  of empty content, ignored: {}", list.skipped_empty())?;
    }
    Ok(())
}

fn show_digests(list: &ParsedList<'_>, out: &mut impl Write) -> Result<()> {
    let mut entries = list.entries();
    while let Some((kind, digest)) = entries.next() {
        match entries.is_verity() {
            true => writeln!(out, "{kind} verity:{}", verity::entry(&digest))?,
            false => writeln!(out, "{kind} {digest}")?,
        }
    }
    Ok(())
}

fn show_metadata(path: &Path, metadata: &Metadata<'_>, out: &mut impl Write) -> Result<()> {
    writeln!(out, "{}: metadata", quoted(path))?;
    writeln!(out, "  lists: {}", metadata.len())?;
    for record in metadata.records() {
        show_record(&record, out)?;
    }
    Ok(())
}

fn show_record(record: &Record<'_>, out: &mut impl Write) -> Result<()> {
    let text = |bytes| quoted(Path::new(OsStr::from_bytes(bytes)));
    writeln!(out, "{}", text(record.path))?;
    writeln!(out, "  type: {}", record.list_type)?;
    writeln!(out, "  file: {}:{}", record.algo, Hex(record.digest))?;
    writeln!(out, "  reference: {}", text(record.ref_id))?;
    match record.signature.len() {
        0 => writeln!(out, "  signature: none")?,
        len => writeln!(out, "  signature: {len} bytes")?,
    }
    Ok(())
}
