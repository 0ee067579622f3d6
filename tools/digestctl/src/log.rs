// SPDX-License-Identifier: GPL-2.0

//! `digestctl log`: the measurement list, for people and for programs.

mod archive;
mod follow;
mod whole;

use std::{
    io::Write,
    path::PathBuf, //
};

use anyhow::{
    Context,
    Result, //
};
use base64::{
    engine::general_purpose::STANDARD,
    Engine, //
};
use digest_logic::{
    digest::Hex,
    evidence::records::{
        Extend,
        Extends,
        Record, //
    },
    hash_algo::HashAlgo, //
};
use serde_json::{
    json,
    Value, //
};

use crate::{
    evidence::crypto::Hashes,
    format,
    json,
    report::complain,
    securityfs::Location,
    terminal::{
        plain,
        Printer, //
    }, //
};

pub(crate) use follow::{
    wait,
    Follower, //
};
pub(crate) use whole::{
    split,
    there,
    whole,
    Counts,
    Piece,
    Split, //
};

/// The list, and what was taken out of it and not deleted yet.
const LIST: &str = "binary_runtime_measurements";
const STAGED: &str = "binary_runtime_measurements_staged";

/// Show the measurement list.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Print the records
    #[command(
        visible_alias = "export",
        after_help = "\
Examples:
  digestctl log show
  digestctl log export --format cel-json binary_runtime_measurements"
    )]
    Show(Show),

    /// Print the records, and those that come, until it is interrupted
    ///
    /// With the formats of JSON each line is an object. Others may archive and delete records
    /// meanwhile.
    Follow(Follow),

    /// Move the records out of the kernel to the end of a file
    ///
    /// They are deleted in the kernel when they are on the disk. What was interrupted is finished
    /// the next time. A verifier needs them all: use one file for each boot, and give it to
    /// `attest` and `log show` with --archive.
    Archive {
        /// The file; made if it is not there
        file: PathBuf,

        #[command(flatten)]
        location: Location,
    },
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line for each record
    Text,
    /// An array of objects
    Json,
    /// The TCG's Canonical Event Log, with content of type ima_template
    CelJson,
}

/// Options of `log show`.
#[derive(clap::Args)]
pub(crate) struct Show {
    /// A binary measurement list [default: the module's]
    list: Option<PathBuf>,

    /// The records that were moved out of the kernel before
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    archive: Option<PathBuf>,

    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// Leave out this many records
    #[arg(long, value_name = "N", default_value_t = 0)]
    since: u64,

    #[command(flatten)]
    location: Location,
}

/// Options of `log follow`.
#[derive(clap::Args)]
pub(crate) struct Follow {
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// Leave out this many records
    #[arg(long, value_name = "N", default_value_t = 0)]
    since: u64,

    /// The records that were moved out of the kernel before, or are meanwhile
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,

    /// How often to look for new records, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 500)]
    interval: u64,

    #[command(flatten)]
    location: Location,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Show(args) => show(args),
        Command::Follow(args) => follow::run(args),
        Command::Archive { file, location } => archive::run(file, location),
    }
}

impl Format {
    /// The form that is asked for, by its name or by `--json`.
    fn or_json(self, json: bool) -> Self {
        match json {
            true => Self::Json,
            false => self,
        }
    }
}

fn show(args: &Show) -> Result<()> {
    let format = args.format.or_json(args.json);
    let Piece { first, data } = match &args.list {
        Some(path) => format::read(path)?.into(),
        None => there(&args.location, args.archive.as_deref())?,
    };
    if args.since < first {
        complain(format_args!(
            "note: records {} to {} were deleted before (--archive)",
            args.since,
            first - 1
        ));
    }
    let mut out = Printer::text();
    let mut array = Vec::new();
    for (number, extend) in (first..).zip(Extends::new(&data)) {
        let extend = extend.with_context(|| format!("record {number} of the list"))?;
        if number < args.since {
            continue;
        }
        match format {
            Format::Text => {
                for record in extend.records() {
                    write_line(number, &record, &mut out)?;
                }
            }
            Format::Json => array.extend(extend.records().map(|record| as_json(number, &record))),
            Format::CelJson => array.push(as_cel(number, &extend)),
        }
    }
    if format != Format::Text {
        return json::print(&array);
    }
    out.flush()?;
    Ok(())
}

/// Writes a record as a line, with its text below if it is one of the module's own.
pub(crate) fn write_line(number: u64, record: &Record<'_>, out: &mut impl Write) -> Result<()> {
    let name = plain(record.event.name);
    write!(out, "{number} {} ", record.pcr)?;
    match record.is_violation() {
        true => write!(out, "violation {name}")?,
        false => write!(out, "{} {name}", record.event.digest)?,
    }
    // The module's own data are text.
    if record.event.name.starts_with(b"digest_lists") {
        let text = String::from_utf8_lossy(record.event.buffer);
        for line in text.lines() {
            write!(out, "\n    {}", plain(line.as_bytes()))?;
        }
    }
    writeln!(out)?;
    Ok(())
}

/// A record as an object.
pub(crate) fn as_json(number: u64, record: &Record<'_>) -> Value {
    let event = &record.event;
    let mut object = json!({
        "record": number,
        "pcr": record.pcr,
        "template": record.template.name(),
        "template_digest": Hex(&record.template_digest).to_string(),
        "name": plain(event.name),
        "violation": record.is_violation(),
        "digest": event.digest.to_string(),
    });
    if let Some(fields) = object.as_object_mut() {
        if event.verity {
            fields.insert("verity".into(), true.into());
        }
        if !event.signature.is_empty() {
            let hex = Hex(event.signature).to_string();
            fields.insert("signature".into(), hex.into());
        }
        if !event.buffer.is_empty() {
            let data = match std::str::from_utf8(event.buffer) {
                Ok(text) if event.name.starts_with(b"digest_lists") => ("text", text.to_owned()),
                _ => ("data", STANDARD.encode(event.buffer)),
            };
            fields.insert(data.0.into(), data.1.into());
        }
    }
    object
}

/// As the TCG's Canonical Event Log Format, version 1.0, encodes it in JSON.
pub(crate) fn as_cel(number: u64, extend: &Extend<'_>) -> Value {
    let digests: Vec<Value> = HashAlgo::ALL
        .into_iter()
        .map(|algo| {
            let digest = extend.digest_for(algo, &Hashes);
            json!({ "hashAlg": algo.name(), "digest": Hex(digest.as_bytes()).to_string() })
        })
        .collect();
    json!({
        "recnum": number,
        "pcr": extend.pcr,
        "digests": digests,
        "content_type": "ima_template",
        "content": {
            "template_name": extend.template(),
            "template_data": STANDARD.encode(extend.data),
        },
    })
}
