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
use base64::{
    engine::general_purpose::STANDARD,
    Engine, //
};
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
use serde_json::{
    json,
    Value, //
};

use crate::{
    format::{
        self,
        Format,
        Parsed, //
    },
    hash::hash_bytes,
    json,
    report::quoted,
    terminal::Printer, //
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

    /// Print JSON: an array with an object for each file
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.json {
        return show_json(args);
    }
    let mut out = Printer::text();
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

fn show_json(args: &Args) -> Result<()> {
    let mut values = Vec::new();
    for path in &args.files {
        let data = format::read(path)?;
        let mut value = match format::parse(&data, args.format, path)? {
            Parsed::Metadata(metadata) => json!({
                "type": "metadata",
                "lists": metadata.records().map(|record| record_as_json(&record)).collect::<Vec<_>>(),
            }),
            Parsed::List(list_type, list) => list_as_json(list_type, &list, args.digests),
        };
        value["path"] = quoted(path).into();
        value["digest"] = format!("sha256:{}", Hex(&hash_bytes(&data))).into();
        values.push(value);
    }
    json::print(&Value::Array(values))
}

fn list_as_json(list_type: ListType, list: &ParsedList<'_>, digests: bool) -> Value {
    let counts = list.counts();
    let mut value = json!({
        "type": list_type.name(),
        "algorithm": list.algo().name(),
        "digests": counts.total(),
        "ignored_empty": list.skipped_empty(),
    });
    for kind in Kind::ALL {
        value[kind.name()] = counts.of(kind).into();
    }
    if let Some(edition) = list.edition() {
        value["name"] = edition.name_text().to_string().into();
        value["serial"] = edition.serial().into();
    }
    if digests {
        let mut entries = list.entries();
        let mut all = Vec::new();
        while let Some((kind, digest)) = entries.next() {
            all.push(match entries.is_verity() {
                true => {
                    let digest = verity::entry(&digest).to_string();
                    json!({"kind": kind.name(), "verity": true, "digest": digest})
                }
                false => json!({"kind": kind.name(), "digest": digest.to_string()}),
            });
        }
        value["entries"] = all.into();
    }
    value
}

fn record_as_json(record: &Record<'_>) -> Value {
    let text = |bytes| quoted(Path::new(OsStr::from_bytes(bytes)));
    json!({
        "path": text(record.path),
        "type": record.list_type.name(),
        "digest": format!("{}:{}", record.algo, Hex(record.digest)),
        "reference": text(record.ref_id),
        "signature": STANDARD.encode(record.signature),
    })
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
