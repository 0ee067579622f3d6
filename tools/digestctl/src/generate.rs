// SPDX-License-Identifier: GPL-2.0

//! `digestctl generate`: a compact list of the files of trees.

use std::{
    io::Write,
    path::PathBuf, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    compact,
    hash_algo::HashAlgo,
    list::Kind, //
};
use indicatif::{
    ProgressBar,
    ProgressStyle, //
};
use rayon::prelude::*;

use crate::{
    hash::{
        self,
        hash_file,
        Content,
        FileDigest, //
    },
    output::{
        write_atomically,
        Buffer, //
    },
    report::{
        count,
        quoted, //
    },
    walk::{
        walk,
        Options,
        Walk, //
    }, //
};

/// Make a list of the SHA-256 digests of files.
///
/// Takes the regular files below each DIR, and each FILE. Symbolic links are not followed, except a
/// PATH that is itself one. Pseudo file systems such as proc are not entered. Empty files are left
/// out: no list can make them known. The same files give the same list, byte by byte.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl generate /usr -o usr.list
  digestctl generate -x / -o base.list
  digestctl generate --mutable /etc -o etc.list")]
pub(crate) struct Args {
    /// Directories and files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The list to write; replaced if it exists
    #[arg(short, long, value_name = "LIST")]
    output: PathBuf,

    /// Mark the files as mutable: they may be written, and lose nothing by it
    #[arg(long)]
    mutable: bool,

    /// Stay on the file system of each PATH
    #[arg(short = 'x', long)]
    one_file_system: bool,

    /// Write the list even if some files could not be read; the exit status is still 1
    #[arg(short, long)]
    keep_going: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let walk = find(args);
    let Hashed {
        mut digests,
        empty,
        errors,
    } = hash_all(&walk);
    let files = digests.len();
    digests.sort_unstable();
    digests.dedup();

    let mut errors: Vec<_> = walk.errors.iter().cloned().chain(errors).collect();
    errors.sort();
    for error in &errors {
        eprintln!("digestctl: {error}");
    }
    let failed = count(errors.len(), "path");
    if !errors.is_empty() && !args.keep_going {
        bail!("{failed} could not be read; no list was written (--keep-going writes one)");
    }
    if digests.is_empty() {
        bail!("no file with content was found; no list was written");
    }
    write_atomically(&args.output, &encode(args, &digests)?)?;
    summarise(args, &walk, files, digests.len(), empty)?;
    if !errors.is_empty() {
        bail!("{failed} could not be read; the list was written without them");
    }
    Ok(())
}

fn find(args: &Args) -> Walk {
    let bar = ProgressBar::new_spinner().with_style(style("{spinner} {pos} files found"));
    let walk = walk(
        &args.paths,
        &Options {
            one_file_system: args.one_file_system,
            except: &args.output,
        },
        |files| bar.set_position(files as u64),
    );
    bar.finish_and_clear();
    walk
}

struct Hashed {
    digests: Vec<FileDigest>,
    empty: usize,
    errors: Vec<String>,
}

fn hash_all(walk: &Walk) -> Hashed {
    let bytes = walk.files.iter().map(|file| file.size).sum();
    let bar = ProgressBar::new(bytes).with_style(style(
        "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
    ));
    let contents: Vec<_> = walk
        .files
        .par_iter()
        .map_init(hash::Buffer::new, |buffer, file| {
            hash_file(&file.path, buffer, |read| bar.inc(read))
        })
        .collect();
    bar.finish_and_clear();

    let mut hashed = Hashed {
        digests: Vec::with_capacity(contents.len()),
        empty: 0,
        errors: Vec::new(),
    };
    for (file, content) in walk.files.iter().zip(contents) {
        match content {
            Ok(Content::Digest(digest)) => hashed.digests.push(digest),
            Ok(Content::Empty) => hashed.empty += 1,
            Err(error) => {
                let error = format!("{}: {error}", quoted(&file.path));
                hashed.errors.push(error);
            }
        }
    }
    hashed
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn encode(args: &Args, digests: &[FileDigest]) -> Result<Vec<u8>> {
    let kind = if args.mutable {
        Kind::Mutable
    } else {
        Kind::Immutable
    };
    let mut list = Buffer::default();
    let items = digests.iter().map(|digest| digest.as_slice());
    compact::write_block(kind, HashAlgo::Sha256, items, &mut list)
        .context("cannot make a list of these digests")?;
    Ok(list.0)
}

fn summarise(args: &Args, walk: &Walk, files: usize, digests: usize, empty: usize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: {} of {}",
        quoted(&args.output),
        count(digests, "digest"),
        count(files, "file")
    )?;
    if empty > 0 {
        writeln!(out, "left out: {}", count(empty, "empty file"))?;
    }
    if walk.links > 0 {
        writeln!(out, "not followed: {}", count(walk.links, "symbolic link"))?;
    }
    if walk.special > 0 {
        let special = count(walk.special, "special file");
        writeln!(out, "left out: {special} (devices, sockets and pipes)")?;
    }
    let mut pseudo: Vec<_> = walk.pseudo.iter().collect();
    pseudo.sort();
    for path in pseudo {
        writeln!(out, "not entered: {} (pseudo file system)", quoted(path))?;
    }
    Ok(())
}
