// SPDX-License-Identifier: GPL-2.0

//! `digestctl load`: gives metadata to the module.

mod skip_bad;

use std::{
    os::unix::ffi::OsStrExt,
    path::PathBuf, //
};

use anyhow::{
    Context,
    Result, //
};
use digest_logic::{
    digest::Hex,
    metadata::Metadata, //
};
use serde_json::json;

use crate::{
    format,
    hash::hash_bytes,
    json,
    output::{
        is_standard,
        write_atomically, //
    },
    report::{
        complain,
        count,
        if_read,
        quoted,
        remark, //
    },
    securityfs::Location, //
};

/// Load the lists that META describes into the kernel.
///
/// The kernel reads META itself, by its absolute path, and loads all of its lists or none. With
/// --skip-bad, refused lists are named and left out, and metadata of the others are written. Of
/// standard input the content is written.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl load /etc/digest_lists/metadata
  digestctl load --bytes metadata")]
pub(crate) struct Args {
    /// Metadata, as `digestctl metadata` makes it
    #[arg(value_name = "META")]
    metadata: PathBuf,

    /// Write the content of META instead of its path
    #[arg(long)]
    bytes: bool,

    /// Leave out the lists that are refused; the exit status is 2 if none is left
    #[arg(long)]
    skip_bad: bool,

    /// Keep a copy of what is written in DIR, under its SHA-256, for `digestctl attest`
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,

    /// Print JSON: an object with how many lists were loaded, and which were left out
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    location: Location,
}

impl Args {
    /// Keeps a copy of `metadata`, which are about to be written. Where it cannot be kept, that is
    /// said: what counts is that the lists are loaded.
    fn keep(&self, metadata: &[u8]) {
        let Some(directory) = &self.keep else { return };
        let copy = directory.join(Hex(&hash_bytes(metadata)).to_string());
        if let Err(error) = write_atomically(&copy, metadata) {
            complain(format_args!(
                "note: the metadata cannot be kept for attestation: {error:#}"
            ));
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let name = quoted(&args.metadata);
    let data = format::read(&args.metadata)?;
    if args.skip_bad {
        return skip_bad::run(args, &name, &data);
    }
    args.keep(&data);
    let written = if args.bytes || is_standard(&args.metadata) {
        args.location.write("digest_lists", &data)
    } else {
        let path = args
            .metadata
            .canonicalize()
            .with_context(|| format!("cannot find {name}"))?;
        args.location
            .write("digest_lists", path.as_os_str().as_bytes())
    };
    // The kernel decides; what is wrong with META is said only where it explains the refusal.
    written.with_context(|| match Metadata::parse(&data) {
        Ok(_) => format!("cannot load {name}"),
        Err(error) => format!("cannot load {name}, which is not metadata: {error}"),
    })?;
    let lists = Metadata::parse(&data).map_or(0, |metadata| metadata.len());
    if args.json {
        return if_read(json::print(&json!({"loaded": lists, "left_out": []})));
    }
    remark(format_args!("{name}: {} loaded", count(lists, "list")))
}
