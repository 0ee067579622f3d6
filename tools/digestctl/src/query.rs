// SPDX-License-Identifier: GPL-2.0

//! `digestctl query`: which loaded lists have a digest.

use std::{
    io::Write,
    path::Path, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo, //
};

use crate::{
    format,
    hash::hash_slices,
    report::count,
    securityfs::Location, //
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

    #[command(flatten)]
    location: Location,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut unknown = 0;
    for subject in &args.subjects {
        let mut found = false;
        for digest in digests(args, subject)? {
            found |= ask(args, subject, &digest)?;
        }
        if !found {
            writeln!(std::io::stdout(), "{subject}: in no list")?;
            unknown += 1;
        }
    }
    if unknown > 0 {
        bail!(
            "{} of {} in no list",
            unknown,
            count(args.subjects.len(), "subject")
        );
    }
    Ok(())
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

/// Prints which lists have `digest`, and says whether there is one.
fn ask(args: &Args, subject: &str, digest: &Digest) -> Result<bool> {
    let answer = args
        .location
        .ask("digest_query", digest.to_string().as_bytes())?;
    let answer = String::from_utf8_lossy(&answer);
    let mut out = std::io::stdout().lock();
    for line in answer.lines() {
        writeln!(out, "{subject}: {line}")?;
    }
    Ok(!answer.trim().is_empty())
}
