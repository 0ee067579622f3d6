// SPDX-License-Identifier: GPL-2.0

//! Lists of the files of installed Debian packages.
//!
//! dpkg keeps, per package, `info/PACKAGE.md5sums` with the MD5 sum of each file but for
//! configuration files, and `info/PACKAGE.conffiles` with the names of those. MD5 is no security:
//! it tells a file that was changed by accident or by the administrator, and what is in the list is
//! the content that is there now. The maintainer scripts, which dpkg executes when it changes the
//! package, are `info/PACKAGE.postinst` and so on.

use std::{
    collections::HashMap,
    fs,
    io::Write,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::digest::Hex;
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
        hash_file_with_md5,
        Content, //
    },
    output::write_atomically,
    report::{
        count,
        quoted, //
    }, //
};

/// Where dpkg keeps what it knows of packages, without the leading slash.
const INFO: &str = "var/lib/dpkg/info";

/// One file of a package.
struct File {
    package: String,
    /// As the package names it, without the leading slash.
    path: PathBuf,
    /// In hexadecimal; none for configuration files and maintainer scripts.
    md5: Option<String>,
    mutable: bool,
}

/// What was found out about a file.
enum Found {
    Entry(Entry),
    Empty,
    Missing,
    /// It is not as the package had it.
    Changed(String),
    Unreadable(String),
}

/// Makes the list.
pub(super) fn run(args: &Args) -> Result<()> {
    let info = args.root.join(INFO);
    let packages = find_packages(args, &info)?;
    let diversions = read_diversions(&args.root)?;
    let mut files = Vec::new();
    for package in &packages {
        read_package(&info, package, &mut files)?;
    }

    let bar = ProgressBar::new(files.len() as u64)
        .with_style(style("{wide_bar} {pos}/{len} files {eta} left"));
    let found: Vec<_> = files
        .par_iter()
        .map_init(hash::Buffer::new, |buffer, file| {
            bar.inc(1);
            look_at(args, &diversions, file, buffer)
        })
        .collect();
    bar.finish_and_clear();

    let (mut entries, mut errors, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut empty, mut missing) = (0, 0);
    for found in found {
        match found {
            Found::Entry(entry) => entries.push(entry),
            Found::Empty => empty += 1,
            Found::Missing => missing += 1,
            Found::Changed(error) => changed.push(error),
            Found::Unreadable(error) => errors.push(error),
        }
    }
    changed.sort();
    for error in &changed {
        eprintln!("digestctl: {error}");
    }
    if !changed.is_empty() && !args.skip_changed {
        let files = count(changed.len(), "file");
        bail!(
            "{files} not as the package had them; no list was written \
             (--skip-changed leaves them out)"
        );
    }
    report_errors(args, &mut errors, "file")?;
    let inexpressible = leave_out_mutable(args, &mut entries);
    let hashed = entries.len();
    sort(&mut entries);
    if entries.is_empty() {
        bail!("no file with content was found; no list was written");
    }
    write_atomically(
        &args.output,
        &encode(args.format, args.algo.into(), args.edition()?, &entries)?,
    )?;

    let mut out = std::io::stdout();
    writeln!(
        out,
        "{}: {} of {} of {}",
        quoted(&args.output),
        count(entries.len(), "digest"),
        count(hashed, "file"),
        count(packages.len(), "package")
    )?;
    for (number, what) in [(empty, "empty file"), (missing, "missing file")] {
        if number > 0 {
            writeln!(out, "left out: {}", count(number, what))?;
        }
    }
    report_inexpressible(inexpressible)?;
    if !changed.is_empty() {
        writeln!(out, "left out: {}", count(changed.len(), "changed file"))?;
    }
    report_unread(&errors, "file", "the list was")
}

/// The names under which dpkg keeps the packages that were asked for.
fn find_packages(args: &Args, info: &Path) -> Result<Vec<String>> {
    let directory = fs::read_dir(info)
        .with_context(|| format!("cannot read {}: is this a Debian system?", quoted(info)))?;
    let mut known = Vec::new();
    for entry in directory {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if let Some(package) = name
            .strip_suffix(".md5sums")
            .or_else(|| name.strip_suffix(".conffiles"))
        {
            known.push(package.to_owned());
        }
    }
    known.sort();
    known.dedup();
    if args.sources.is_empty() {
        return Ok(known);
    }
    let mut packages = Vec::new();
    for wanted in &args.sources {
        let wanted = wanted.to_string_lossy();
        let before = packages.len();
        packages.extend(
            known
                .iter()
                .filter(|name| {
                    **name == *wanted
                        || name.split_once(':').is_some_and(|(name, _)| name == wanted)
                })
                .cloned(),
        );
        if packages.len() == before {
            bail!("no package '{wanted}' is installed, or it has no files");
        }
    }
    Ok(packages)
}

/// Where files are that another package's file has displaced, by where the package put them.
fn read_diversions(root: &Path) -> Result<HashMap<PathBuf, (PathBuf, String)>> {
    let path = root.join("var/lib/dpkg/diversions");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", quoted(&path))),
    };
    let relative = |path: &str| PathBuf::from(path.trim_start_matches('/'));
    let lines: Vec<_> = text.lines().collect();
    Ok(lines
        .chunks_exact(3)
        .map(|lines| {
            (
                relative(lines[0]),
                (relative(lines[1]), lines[2].to_owned()),
            )
        })
        .collect())
}

fn read_package(info: &Path, package: &str, files: &mut Vec<File>) -> Result<()> {
    let name = package.split(':').next().unwrap_or(package).to_owned();
    let read = |kind: &str| {
        let path = info.join(format!("{package}.{kind}"));
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            text => text.with_context(|| format!("cannot read {}", quoted(&path))),
        }
    };
    for line in read("md5sums")?.lines() {
        let Some((md5, path)) = line.split_once("  ") else {
            bail!("{package}.md5sums has the line '{}'", line.escape_debug());
        };
        files.push(File {
            package: name.clone(),
            path: path.into(),
            md5: Some(md5.to_ascii_lowercase()),
            mutable: false,
        });
    }
    for line in read("conffiles")?.lines() {
        // A word before the path says what will become of the file.
        if let Some(path) = line.strip_prefix('/') {
            files.push(File {
                package: name.clone(),
                path: path.into(),
                md5: None,
                mutable: true,
            });
        }
    }
    for script in MAINTAINER_SCRIPTS {
        let file = format!("{package}.{script}");
        if info.join(&file).exists() {
            files.push(File {
                package: name.clone(),
                path: Path::new(INFO).join(file),
                md5: None,
                mutable: false,
            });
        }
    }
    Ok(())
}

fn look_at(
    args: &Args,
    diversions: &HashMap<PathBuf, (PathBuf, String)>,
    file: &File,
    buffer: &mut hash::Buffer,
) -> Found {
    let place = match diversions.get(&file.path) {
        Some((place, by)) if *by != file.package => place,
        _ => &file.path,
    };
    let path = args.root.join(place);
    let shown = quoted(&path);
    match hash_file_with_md5(&path, args.algo.into(), buffer, |_| ()) {
        Ok((content, md5)) => {
            let md5 = Hex(&md5).to_string();
            if file.md5.as_ref().is_some_and(|wanted| *wanted != md5) {
                return Found::Changed(format!(
                    "{shown}: not as the package {} had it",
                    file.package
                ));
            }
            match content {
                Content::Empty => Found::Empty,
                Content::Digest(digest) => Found::Entry(Entry {
                    kind: args.kind(file.mutable),
                    verity: false,
                    digest,
                }),
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Found::Missing,
        Err(error) => Found::Unreadable(format!("{shown}: {error}")),
    }
}
