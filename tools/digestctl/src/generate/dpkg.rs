// SPDX-License-Identifier: GPL-2.0

//! Lists of the files of installed Debian packages.
//!
//! dpkg keeps, per package, `info/PACKAGE.list` with the names of its files, `info/PACKAGE.md5sums`
//! with the MD5 sum of each file, and `info/PACKAGE.conffiles` with the names of configuration
//! files. MD5 is no security: it tells a file that was changed by accident or by the administrator,
//! and what is in the list is the content that is there now. The maintainer scripts, which dpkg
//! executes when it changes or purges the package, are `info/PACKAGE.postinst` and so on.

use std::{
    collections::HashMap,
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
use rayon::prelude::*;

use super::{
    conffiles::{
        lines,
        relative, //
    },
    encode,
    leave_out_mutable,
    report_errors,
    report_inexpressible,
    report_number,
    report_unread,
    sort,
    Args,
    Entry,
    MAINTAINER_SCRIPTS, //
};
use crate::{
    hash::{
        self,
        hash_open_with_md5,
        Content, //
    },
    output::write_list,
    progress,
    report::{
        complain,
        count,
        quoted,
        remark_of, //
    },
    rooted::{
        open_regular,
        Links,
        Root, //
    }, //
};

mod package;

/// Where dpkg keeps what it knows of packages, without the leading slash.
const INFO: &str = "var/lib/dpkg/info";

/// One file of a package.
struct File {
    package: String,
    /// As the package names it, without the leading slash.
    path: PathBuf,
    /// In hexadecimal; none for configuration files, maintainer scripts, and packages without sums.
    md5: Option<String>,
    mutable: bool,
}

/// What was found out about a file.
enum Found {
    Entry(Entry),
    Empty,
    Missing,
    /// A directory or a link, of a package that does not say which of its names are files.
    NoFile,
    /// It is not as the package had it.
    Changed(String),
    Unreadable(String),
}

/// Places of displaced files, and the package that displaces them, by where packages put them.
type Diversions = HashMap<PathBuf, (PathBuf, String)>;

/// Makes the list.
pub(super) fn run(args: &Args) -> Result<()> {
    let root =
        Root::open(&args.root).with_context(|| format!("cannot open {}", quoted(&args.root)))?;
    let packages = find_packages(args, &root)?;
    let diversions = read_diversions(args, &root)?;
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    let removed = package::removed(args, &root)?;
    for package in &packages {
        let is_removed = removed.contains(package);
        package::read(args, &root, package, is_removed, &mut files, &mut errors)?;
    }

    let bar = progress::bar(
        files.len() as u64,
        "{wide_bar} {pos}/{len} files {eta} left",
    );
    let found: Vec<_> = files
        .par_iter()
        .map_init(hash::Buffer::new, |buffer, file| {
            bar.inc(1);
            look_at(args, &root, &diversions, file, buffer)
        })
        .collect();
    bar.finish_and_clear();

    let (mut entries, mut changed) = (Vec::new(), Vec::new());
    let (mut empty, mut missing, mut unchecked) = (0, 0, 0);
    for (file, found) in files.iter().zip(found) {
        match found {
            Found::Entry(entry) => {
                let of_package = !file.mutable && !file.path.starts_with(INFO);
                unchecked += usize::from(of_package && file.md5.is_none());
                entries.push(entry);
            }
            Found::Empty => empty += 1,
            Found::Missing => missing += 1,
            Found::NoFile => (),
            Found::Changed(error) => changed.push(error),
            Found::Unreadable(error) => errors.push(error),
        }
    }
    changed.sort();
    changed.iter().for_each(complain);
    if !changed.is_empty() && !args.skip_changed {
        let files = count(changed.len(), "file");
        bail!(
            "{files} not as the package had them; no list was written \
             (--skip-changed leaves them out)"
        );
    }
    report_errors(args, &mut errors, "file")?;
    let inexpressible = leave_out_mutable(&args.how(), &mut entries);
    let hashed = entries.len();
    sort(&mut entries);
    if entries.is_empty() {
        bail!("no file with content was found; no list was written");
    }
    let list = encode(args.format, args.algo.into(), args.edition()?, &entries)?;
    write_list(&args.output, &list)?;

    remark_of(
        &args.output,
        format_args!(
            "{}: {} of {} of {}",
            quoted(&args.output),
            count(entries.len(), "digest"),
            count(hashed, "file"),
            count(packages.len(), "package")
        ),
    )?;
    report_number(args, "left out", empty, "empty file")?;
    report_number(args, "left out", missing, "missing file")?;
    report_inexpressible(args, inexpressible)?;
    report_number(args, "left out", changed.len(), "changed file")?;
    if unchecked > 0 {
        let files = count(unchecked, "file");
        remark_of(
            &args.output,
            format_args!("not compared: {files} of packages without sums"),
        )?;
    }
    report_unread(&errors, "file", "the list was")
}

/// What names a package in dpkg's directory, behind the name.
fn package_of(file: &str) -> Option<&str> {
    let (package, kind) = file.rsplit_once('.')?;
    let known = ["list", "md5sums", "conffiles"];
    (known.contains(&kind) || MAINTAINER_SCRIPTS.contains(&kind)).then_some(package)
}

/// The names under which dpkg keeps the packages that were asked for. Those that were removed and
/// not purged are among them: dpkg still has a script to execute.
fn find_packages(args: &Args, root: &Root) -> Result<Vec<String>> {
    let place = args.root.join(INFO);
    let names = root
        .names(Path::new(INFO))
        .and_then(|names| names.ok_or(std::io::ErrorKind::NotFound.into()))
        .with_context(|| format!("cannot read {}: is this a Debian system?", quoted(&place)))?;
    let mut known: Vec<_> = names
        .iter()
        .filter_map(|name| package_of(name.to_str()?))
        .map(str::to_owned)
        .collect();
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
            bail!("no package '{wanted}' is installed");
        }
    }
    Ok(packages)
}

/// Where files are that another package's file has displaced.
fn read_diversions(args: &Args, root: &Root) -> Result<Diversions> {
    let path = Path::new("var/lib/dpkg/diversions");
    let text = root
        .read(path)
        .with_context(|| format!("cannot read {}", quoted(&args.root.join(path))))?
        .unwrap_or_default();
    let lines: Vec<_> = lines(&text).collect();
    Ok(lines
        .chunks_exact(3)
        .map(|lines| {
            let by = String::from_utf8_lossy(lines[2]).into_owned();
            (relative(lines[0]), (relative(lines[1]), by))
        })
        .collect())
}

fn look_at(
    args: &Args,
    root: &Root,
    diversions: &Diversions,
    file: &File,
    buffer: &mut hash::Buffer,
) -> Found {
    let place = match diversions.get(&file.path) {
        Some((place, by)) if *by != file.package => place,
        _ => &file.path,
    };
    let shown = quoted(&args.root.join(place));
    let hashed = match root.find(place, Links::Followed) {
        Ok(None) => return Found::Missing,
        Ok(Some(found)) => {
            let whole = file.md5.is_some() || file.mutable;
            if !whole && found.metadata().is_ok_and(|there| !there.is_file()) {
                return Found::NoFile;
            }
            open_regular(&found)
                .and_then(|mut file| hash_open_with_md5(&mut file, args.algo.into(), buffer))
        }
        Err(error) => Err(error),
    };
    match hashed {
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
        Err(error) => Found::Unreadable(format!("{shown}: {error}")),
    }
}
