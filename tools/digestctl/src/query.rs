// SPDX-License-Identifier: GPL-2.0

//! `digestctl query`: which loaded lists have a digest.

use std::{
    io::Write,
    path::Path, //
};

use anyhow::{
    Context,
    Result, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo, //
};

use serde_json::{
    json,
    Value, //
};

use crate::{
    format,
    hash::hash_slices,
    json,
    report::{
        count,
        if_read,
        No, //
    },
    securityfs::Location,
    terminal::Printer, //
};

/// Ask which loaded lists have a digest.
///
/// Prints, for each digest, the lists that have it, with their signers and what they say of it. The
/// exit status is 1 if a digest is in no list.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl query sha256:e38ad214943daad1d64c102faec29de4afe9da3d38f7a4a1d5ad7b5a2e4ad9b2
  digestctl query --file /usr/bin/ls")]
pub(crate) struct Args {
    /// Digests of the form ALGORITHM:HEX, or with --file names of files
    #[arg(required = true, value_name = "DIGEST|FILE")]
    subjects: Vec<String>,

    /// Ask about the content of files, by every algorithm that lists may have
    #[arg(short, long)]
    file: bool,

    /// Print JSON: an array with an object for each digest or file
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    location: Location,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut unknown = 0;
    let mut answers = Vec::new();
    for subject in &args.subjects {
        let mut lines = Vec::new();
        for digest in digests(args, subject)? {
            lines.extend(ask(args, &digest)?);
        }
        unknown += usize::from(lines.is_empty());
        match args.json {
            true => answers.push(as_json(subject, &lines)),
            false => if_read(show(subject, &lines))?,
        }
    }
    if args.json {
        if_read(json::print(&Value::Array(answers)))?;
    }
    if unknown > 0 {
        let subjects = count(args.subjects.len(), "subject");
        return Err(No::error(format!("{unknown} of {subjects} in no list")));
    }
    Ok(())
}

fn show(subject: &str, lines: &[String]) -> Result<()> {
    let mut out = Printer::text();
    if lines.is_empty() {
        writeln!(out, "{subject}: in no list")?;
    }
    for line in lines {
        writeln!(out, "{subject}: {line}")?;
    }
    out.flush()?;
    Ok(())
}

fn as_json(subject: &str, lines: &[String]) -> Value {
    let lists = lines.iter().map(|line| json::words(line, "list"));
    json!({
        "subject": subject,
        "known": !lines.is_empty(),
        "lists": lists.collect::<Vec<_>>(),
    })
}

fn digests(args: &Args, subject: &str) -> Result<Vec<Digest>> {
    if !args.file {
        let digest = Digest::parse(subject)
            .with_context(|| format!("'{subject}' is not of the form ALGORITHM:HEX"))?;
        return Ok(vec![digest]);
    }
    let data = format::read(Path::new(subject))?;
    HashAlgo::STRONG
        .into_iter()
        .map(|algo| Ok(Digest::new(algo, &hash_slices(algo, &[&data]))?))
        .collect()
}

/// The lines of the module about lists that have `digest`.
fn ask(args: &Args, digest: &Digest) -> Result<Vec<String>> {
    let answer = args
        .location
        .ask("digest_query", digest.to_string().as_bytes())?;
    let answer = String::from_utf8_lossy(&answer);
    let lines = answer.lines().filter(|line| !line.trim().is_empty());
    Ok(lines.map(str::to_owned).collect())
}
