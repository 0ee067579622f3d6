// SPDX-License-Identifier: GPL-2.0

//! `digestctl convert`: a list in another format.

use std::path::PathBuf;

use anyhow::{
    bail,
    Context,
    Result, //
};

use crate::{
    format,
    generate::{
        encode,
        sort,
        Entry,
        Format, //
    },
    output::write_list,
    report::{
        count,
        quoted,
        remark_of, //
    }, //
};

/// Write a digest list in another format.
///
/// The list has the same digests, of the same kinds, and the same name and serial number. What the
/// format cannot express is an error. Signatures are of the bytes of a list, so the new one has to
/// be signed anew; so has one that is made of an RPM header, which its vendor had signed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl convert --format tlv base.list -o base.tlv
  digestctl convert lists/bash-5.2.26-1.x86_64 -o bash.list")]
pub(crate) struct Args {
    /// A digest list of any format
    list: PathBuf,

    /// The list to write; replaced if it exists
    #[arg(short, long, value_name = "LIST")]
    output: PathBuf,

    /// The format of the new list
    #[arg(long, value_enum, default_value_t = Format::Compact)]
    format: Format,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let data = format::read(&args.list)?;
    let (list_type, list) = format::list(&data).with_context(|| quoted(&args.list))?;
    let mut entries = Vec::new();
    let mut all = list.entries();
    while let Some((kind, digest)) = all.next() {
        entries.push(Entry {
            kind,
            verity: all.is_verity(),
            digest: digest.as_bytes().to_vec(),
        });
    }
    if entries.is_empty() {
        bail!(
            "{} has no digest, and no list is without one",
            quoted(&args.list)
        );
    }
    sort(&mut entries);
    let new = encode(args.format, list.algo(), list.edition(), &entries)?;
    write_list(&args.output, &new)?;
    remark_of(
        &args.output,
        format_args!(
            "{}: {} of a {list_type} list",
            quoted(&args.output),
            count(entries.len(), "digest")
        ),
    )
}
