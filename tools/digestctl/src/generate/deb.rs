// SPDX-License-Identifier: GPL-2.0

//! Lists of the files in Debian package files, by the program `dpkg-deb`.
//!
//! For whoever offers packages: with a signed list beside each, a system can load the list before
//! it unpacks the package.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{
        self,
        Read,
        Seek, //
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
use rayon::prelude::*;

use super::{
    conffiles::conffiles_of,
    create_directory,
    encode,
    leave_out_mutable,
    report_errors,
    report_inexpressible,
    report_unread,
    sort,
    Args,
    Entry,
    How,
    MAINTAINER_SCRIPTS, //
};
use crate::{
    hash::{
        self,
        hash_file,
        hash_reader,
        Content, //
    },
    output::write_list,
    progress,
    report::{
        count,
        quoted,
        remark, //
    }, //
};

/// How much of what dpkg-deb complains of is read, in bytes.
const MOST_SAID: u64 = 4096;

/// Makes the lists.
pub(super) fn run(args: &Args) -> Result<()> {
    create_directory(&args.output)?;
    let bar = progress::bar(args.sources.len() as u64, "{wide_bar} {pos}/{len}");
    let made: Vec<_> = args
        .sources
        .par_iter()
        .map(|package| {
            let made = list_of(&args.how(), package).with_context(|| quoted(package));
            bar.inc(1);
            made
        })
        .collect();
    bar.finish_and_clear();

    let mut errors: Vec<_> = made
        .iter()
        .filter_map(|made| made.as_ref().err())
        .map(|error| format!("{error:#}"))
        .collect();
    report_errors(args, &mut errors, "package")?;
    let (mut digests, mut inexpressible, mut empty) = (0, 0, 0);
    let mut lists: BTreeMap<&OsStr, (&Path, Vec<u8>)> = BTreeMap::new();
    for (package, made) in args.sources.iter().zip(made) {
        let Ok(made) = made else { continue };
        let name = package.file_stem().unwrap_or_default();
        match lists.get(name) {
            None => (),
            Some((_, list)) if *list == made.list => continue,
            Some((other, _)) => bail!(
                "{} and {} are different packages, and both lists would be {}; no list was written",
                quoted(other),
                quoted(package),
                quoted(&args.output.join(name))
            ),
        }
        lists.insert(name, (package, made.list));
        digests += made.digests;
        inexpressible += made.inexpressible;
        empty += usize::from(made.empty);
    }
    for (name, (_, list)) in &lists {
        write_list(&args.output.join(name), list)?;
    }
    remark(format_args!(
        "{}: {} of {}",
        quoted(&args.output),
        count(digests, "digest"),
        count(lists.len(), "package")
    ))?;
    if empty > 0 {
        let packages = count(empty, "package");
        remark(format_args!(
            "without content: {packages}, whose lists have the digest of the package file"
        ))?;
    }
    report_inexpressible(args, inexpressible)?;
    report_unread(&errors, "package", "the lists were")
}

/// The list of a package.
pub(crate) struct Made {
    pub(crate) list: Vec<u8>,
    pub(crate) digests: usize,
    inexpressible: usize,
    /// Whether the package has nothing to list.
    empty: bool,
}

/// Makes the list of the package file.
pub(crate) fn list_of(how: &How, package: &Path) -> Result<Made> {
    let mut entries = entries_of(how, package)?;
    let inexpressible = leave_out_mutable(how, &mut entries);
    let empty = entries.is_empty();
    if empty {
        // No list is without a digest, and who loads a list for each package asks for one.
        let content = hash_file(package, how.algo, &mut hash::Buffer::new(), |_| ())?;
        if let Content::Digest(digest) = content {
            entries.push(Entry {
                kind: how.kind(false),
                verity: false,
                digest,
            });
        }
    }
    Ok(Made {
        list: encode(how.format, how.algo, None, &entries)?,
        digests: entries.len(),
        inexpressible,
        empty,
    })
}

/// The digests of the package's files and maintainer scripts, sorted.
fn entries_of(how: &How, package: &Path) -> Result<Vec<Entry>> {
    if package.extension() != Some(OsStr::new("deb")) {
        bail!("the name of a Debian package ends in .deb");
    }
    let mut buffer = hash::Buffer::new();
    let mut entries = Vec::new();
    let mut add = |mutable, reader: &mut dyn Read| {
        // `&mut dyn Read` is a reader of known size.
        let mut reader = reader;
        if let Content::Digest(digest) = hash_reader(&mut reader, how.algo, &mut buffer)? {
            entries.push(Entry {
                kind: how.kind(mutable),
                verity: false,
                digest,
            });
        }
        Ok(())
    };
    let mut conffiles = Vec::new();
    each_file(package, "--ctrl-tarfile", |path, reader| {
        if path == Path::new("conffiles") {
            reader.read_to_end(&mut conffiles)?;
        } else if MAINTAINER_SCRIPTS
            .iter()
            .any(|name| path == Path::new(name))
        {
            add(false, reader)?;
        }
        Ok(())
    })?;
    let conffiles = conffiles_of(&conffiles);
    each_file(package, "--fsys-tarfile", |path, reader| {
        add(conffiles.contains(path), reader)
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
    // It quotes what is in the package.
    let mut errors = tempfile::tempfile().context("cannot make a temporary file")?;
    let mut child = Command::new("dpkg-deb")
        .arg(option)
        .arg(package)
        .stdout(Stdio::piped())
        .stderr(errors.try_clone()?)
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
        let mut said = Vec::new();
        errors.rewind()?;
        errors.take(MOST_SAID).read_to_end(&mut said)?;
        let said = String::from_utf8_lossy(&said);
        let reason = said.lines().next().map(str::trim).unwrap_or_default();
        // A copy may have been made of the one that was named.
        let reason = reason.replace(&package.display().to_string(), "it");
        bail!("dpkg-deb cannot read it ({status}): {reason}");
    }
    read.and(rest.map(|_| ()))
        .context("it has no archive that can be read")
}
