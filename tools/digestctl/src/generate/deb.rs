// SPDX-License-Identifier: GPL-2.0

//! Lists of the files in Debian package files, by the program `dpkg-deb`.
//!
//! For whoever offers packages: with a signed list beside each, a system can load the list before
//! it unpacks the package.

use std::{
    ffi::OsStr,
    fs,
    io::{
        self,
        Read,
        Write, //
    },
    path::{
        Component,
        Path,
        PathBuf, //
    },
    process::{
        Command,
        Stdio, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use indicatif::ProgressBar;
use rayon::prelude::*;

use super::{
    encode::encode,
    leave_out_mutable,
    report_errors,
    report_inexpressible,
    report_unread,
    sort,
    style,
    Args,
    Entry,
    MAINTAINER_SCRIPTS, //
};
use crate::{
    hash::{
        self,
        hash_reader,
        Content, //
    },
    output::write_atomically,
    report::{
        count,
        quoted, //
    }, //
};

/// Makes the lists.
pub(super) fn run(args: &Args) -> Result<()> {
    fs::create_dir_all(&args.output)
        .with_context(|| format!("cannot make the directory {}", quoted(&args.output)))?;
    let bar =
        ProgressBar::new(args.sources.len() as u64).with_style(style("{wide_bar} {pos}/{len}"));
    let made: Vec<_> = args
        .sources
        .par_iter()
        .map(|package| {
            bar.inc(1);
            entries_of(args, package).with_context(|| quoted(package))
        })
        .collect();
    bar.finish_and_clear();

    let mut errors: Vec<_> = made
        .iter()
        .filter_map(|made| made.as_ref().err())
        .map(|error| format!("{error:#}"))
        .collect();
    report_errors(args, &mut errors, "package")?;
    let (mut lists, mut digests, mut inexpressible) = (0, 0, 0);
    for (package, entries) in args.sources.iter().zip(made) {
        let Ok(mut entries) = entries else { continue };
        inexpressible += leave_out_mutable(args, &mut entries);
        if entries.is_empty() {
            eprintln!("digestctl: {}: has no content to list", quoted(package));
            continue;
        }
        let list = encode(args.format, args.algo.into(), None, &entries)?;
        write_atomically(
            &args.output.join(package.file_stem().unwrap_or_default()),
            &list,
        )?;
        lists += 1;
        digests += entries.len();
    }
    writeln!(
        io::stdout(),
        "{}: {} of {}",
        quoted(&args.output),
        count(digests, "digest"),
        count(lists, "package")
    )?;
    report_inexpressible(inexpressible)?;
    report_unread(&errors, "package", "the lists were")
}

/// The digests of the package's files and maintainer scripts, sorted.
fn entries_of(args: &Args, package: &Path) -> Result<Vec<Entry>> {
    if package.extension() != Some(OsStr::new("deb")) {
        bail!("the name of a Debian package ends in .deb");
    }
    let mut buffer = hash::Buffer::new();
    let mut entries = Vec::new();
    let mut add = |mutable, reader: &mut dyn Read| {
        // `&mut dyn Read` is a reader of known size.
        let mut reader = reader;
        if let Content::Digest(digest) = hash_reader(&mut reader, args.algo.into(), &mut buffer)? {
            entries.push(Entry {
                kind: args.kind(mutable),
                verity: false,
                digest,
            });
        }
        Ok(())
    };
    let mut conffiles = String::new();
    each_file(package, "--ctrl-tarfile", |path, reader| {
        if path == Path::new("conffiles") {
            reader.read_to_string(&mut conffiles)?;
        } else if MAINTAINER_SCRIPTS
            .iter()
            .any(|name| path == Path::new(name))
        {
            add(false, reader)?;
        }
        Ok(())
    })?;
    // A word before the path says what will become of the file.
    let conffiles: Vec<_> = conffiles
        .lines()
        .filter_map(|line| line.strip_prefix('/').map(Path::new))
        .collect();
    each_file(package, "--fsys-tarfile", |path, reader| {
        add(conffiles.contains(&path), reader)
    })?;
    sort(&mut entries);
    Ok(entries)
}

/// Calls `visit` with the path, without the leading `./`, and the content of each regular file in
/// the part of the package that `dpkg-deb` prints for `option`.
fn each_file(
    package: &Path,
    option: &str,
    mut visit: impl FnMut(&Path, &mut dyn Read) -> io::Result<()>,
) -> Result<()> {
    let mut child = Command::new("dpkg-deb")
        .arg(option)
        .arg(package)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run dpkg-deb; it is in the package dpkg")?;
    let output = child.stdout.take().context("dpkg-deb has no output")?;
    let mut archive = tar::Archive::new(output);
    let mut read = || -> io::Result<()> {
        for entry in archive.entries()? {
            let mut entry = entry?;
            if entry.header().entry_type().is_file() {
                let path: PathBuf = entry
                    .path()?
                    .components()
                    .filter(|part| matches!(part, Component::Normal(_)))
                    .collect();
                visit(&path, &mut entry)?;
            }
        }
        Ok(())
    };
    let read = read();
    // What is behind the end of the archive, so that dpkg-deb is not killed by its pipe.
    let rest = io::copy(&mut archive.into_inner(), &mut io::sink());
    let status = child.wait()?;
    if !status.success() {
        bail!("dpkg-deb cannot read it ({status})");
    }
    read.and(rest.map(|_| ()))
        .context("it has no archive that can be read")
}
