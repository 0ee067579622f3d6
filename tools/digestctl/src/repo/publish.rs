// SPDX-License-Identifier: GPL-2.0

//! `digestctl repo publish`: signed lists of the packages of a Debian archive.
//!
//! Nothing is listed whose way to the archive's signature is not whole. Everything is made beside
//! the directory of lists and takes its place at last, so a reader finds the old lists or the new
//! ones.

use std::{
    collections::{
        BTreeMap,
        HashMap,
        HashSet, //
    },
    ffi::OsString,
    fs::{
        self,
        File,
        Permissions, //
    },
    io::{
        self,
        Seek, //
    },
    os::unix::fs::PermissionsExt,
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
use digest_logic::hash_algo::HashAlgo;
use rayon::prelude::*;
use rustix::fs::{
    RenameFlags,
    CWD, //
};
use tempfile::NamedTempFile;

use super::{
    archive::{
        packages,
        Content,
        Release, //
    },
    openpgp, //
};
use crate::{
    format,
    generate::{
        list_of_package,
        Format,
        How, //
    },
    hash::{
        self,
        hash_open, //
    },
    openssl,
    output::{
        directory_of,
        sync,
        TEMPORARY, //
    },
    progress,
    report::{
        complain,
        count,
        quoted,
        remark,
        No, //
    },
    sign::{
        check_certificate,
        now, //
    },
    signature::{
        with_suffix,
        SUFFIXES, //
    },
    verify::{
        Validity,
        Verifier, //
    },
    walk::{
        walk,
        Options, //
    }, //
};

/// How many complaints are printed.
const MOST_SAID: usize = 20;

/// Options of `repo publish`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The directory that has the package files, at any depth
    #[arg(long, value_name = "DIR")]
    pool: PathBuf,

    /// The archive's InRelease
    #[arg(long, value_name = "FILE")]
    in_release: PathBuf,

    /// Keys of the archive: OpenPGP certificates, armored or not
    #[arg(long, value_name = "FILE", required = true)]
    keyring: Vec<PathBuf>,

    /// A Packages file, plain or compressed [default: those that InRelease names and that lie where
    /// it says]
    #[arg(long, value_name = "FILE")]
    packages: Vec<PathBuf>,

    /// The private key that signs the lists: a file in PEM, or a URI such as pkcs11:…
    #[arg(long, value_name = "KEY")]
    key: OsString,

    /// Its certificate, in PEM
    #[arg(long, value_name = "CERT")]
    cert: PathBuf,

    /// The directory of lists; made if it is not there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,

    /// The pool has only some of the packages
    #[arg(long)]
    partial: bool,

    /// Take an InRelease whose Valid-Until is over, or whose Date is yet to come
    #[arg(long)]
    any_date: bool,
}

/// A package file that the archive vouches for.
struct Package {
    path: PathBuf,
    /// What the list is called.
    list: String,
    /// What it has to have.
    content: Content,
}

/// A list that was made.
struct Made {
    digests: usize,
    /// Whether the one that was there before is still right.
    kept: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<()> {
    check_certificate(&args.cert)?;
    let before = existing(&args.output)?;
    let release = release(args)?;
    let known = known(args, &release)?;
    let found = found(args, &known)?;
    let parent = directory_of(&args.output);
    let new = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(parent)
        .with_context(|| format!("cannot make a directory in {}", quoted(parent)))?;
    let made = lists(args, &found, new.path())?;
    let names: HashSet<&str> = found.iter().map(|package| package.list.as_str()).collect();
    for name in &before {
        let list = match name.rsplit_once('.') {
            Some((list, suffix)) if SUFFIXES.contains(&suffix) => list,
            _ => name.as_str(),
        };
        if !names.contains(list) {
            keep(&args.output.join(name), &new.path().join(name))?;
        }
    }
    sync(new.path())?;
    if existing(&args.output)? != before {
        bail!(
            "{} was changed meanwhile: nothing was published; run this again",
            quoted(&args.output)
        );
    }
    let flags = match args.output.exists() {
        true => RenameFlags::EXCHANGE,
        false => RenameFlags::NOREPLACE,
    };
    rustix::fs::renameat_with(CWD, new.path(), CWD, &args.output, flags)
        .with_context(|| format!("cannot put the lists at {}", quoted(&args.output)))?;
    if flags == RenameFlags::NOREPLACE {
        // It is no longer where it was made.
        let _ = new.keep();
    }
    sync(parent)?;
    let digests = made.iter().map(|made| made.digests).sum();
    let kept = made.iter().filter(|made| made.kept).count();
    remark(format_args!(
        "{}: {} of {}, {} of them unchanged",
        quoted(&args.output),
        count(digests, "digest"),
        count(made.len(), "package"),
        kept
    ))
}

/// The names of what is in the directory of lists, which has nothing else.
fn existing(output: &Path) -> Result<Vec<String>> {
    if !output.exists() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(output).with_context(|| format!("cannot read {}", quoted(output)))? {
        let entry = entry?;
        let path = entry.path();
        let is_ours = || {
            let suffix = path.extension().and_then(|suffix| suffix.to_str());
            let is_signature = suffix.is_some_and(|suffix| SUFFIXES.contains(&suffix));
            is_signature || format::read(&path).is_ok_and(|data| format::list(&data).is_ok())
        };
        let name = entry.file_name().into_string().ok();
        match (entry.file_type()?.is_file(), name, is_ours()) {
            (true, Some(name), true) => names.push(name),
            _ => bail!(
                "{} is neither a list nor a signature: -o names a directory that has only lists",
                quoted(&path)
            ),
        }
    }
    names.sort();
    Ok(names)
}

/// What is signed in InRelease.
fn release(args: &Args) -> Result<Release> {
    let name = quoted(&args.in_release);
    let signed = openpgp::verify(&args.in_release, &args.keyring)?;
    let release = Release::parse(&signed.text).with_context(|| name.clone())?;
    if !args.any_date {
        release.check_time(now()?).with_context(|| name.clone())?;
    }
    remark(format_args!(
        "{name}: {} of {}, signed by {}",
        release.name,
        release.date,
        signed.signers.join(", ")
    ))?;
    Ok(release)
}

/// The package files that the archive vouches for, by their names.
fn known(args: &Args, release: &Release) -> Result<HashMap<String, Vec<Content>>> {
    let indexes = match args.packages.is_empty() {
        true => release.find_indexes(&args.in_release),
        false => Vec::new(),
    };
    let found = indexes
        .iter()
        .map(|(path, name)| (path, Some(name.as_str())));
    let given = args.packages.iter().map(|path| (path, None));
    let mut known: HashMap<String, Vec<Content>> = HashMap::new();
    for (path, name) in found.chain(given) {
        let index = release.index(path, name)?;
        for (name, content) in packages(&index).with_context(|| quoted(path))? {
            let contents = known.entry(name).or_default();
            if !contents.contains(&content) {
                contents.push(content);
            }
        }
    }
    if known.is_empty() {
        bail!(
            "there is no Packages file with a package where {} says (--packages names it)",
            quoted(&args.in_release)
        );
    }
    Ok(known)
}

/// The package files of the pool. Each has to be known, and each that is known has to be there.
fn found(args: &Args, known: &HashMap<String, Vec<Content>>) -> Result<Vec<Package>> {
    let options = Options {
        one_file_system: false,
        except: Path::new(""),
    };
    let found = walk(std::slice::from_ref(&args.pool), &options, |_| ());
    let mut wrong = found.errors;
    let files: Vec<_> = found
        .files
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "deb"))
        .collect();
    let bar = progress::bar(
        files.len() as u64,
        "{wide_bar} {pos}/{len} packages verified",
    );
    let looked: Vec<_> = files
        .par_iter()
        .map(|path| {
            let looked = look(path, known).with_context(|| quoted(path));
            bar.inc(1);
            looked
        })
        .collect();
    bar.finish_and_clear();
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    for looked in looked {
        match looked? {
            Ok(package) => {
                // The same package twice is one.
                packages.insert(package.list.clone(), package);
            }
            Err(reason) => wrong.push(reason),
        }
    }
    if !args.partial {
        let is_missing = |name: &&String| {
            let list = name.strip_suffix(".deb").unwrap_or(name);
            !packages.contains_key(list) && !files.iter().any(|path| path.ends_with(name))
        };
        let missing = known.keys().filter(is_missing);
        wrong.extend(missing.map(|name| {
            format!("{name} is in Packages, and not in the pool (--partial takes what is there)")
        }));
    }
    wrong.sort();
    for reason in wrong.iter().take(MOST_SAID) {
        complain(reason);
    }
    if !wrong.is_empty() {
        return Err(No::error(format!(
            "the pool is not that of the archive, by {}; nothing was published",
            count(wrong.len(), "file")
        )));
    }
    if packages.is_empty() {
        bail!("{} has no package files", quoted(&args.pool));
    }
    Ok(packages.into_values().collect())
}

/// The package file, or why the archive does not vouch for it.
fn look(path: &Path, known: &HashMap<String, Vec<Content>>) -> Result<Result<Package, String>> {
    let shown = quoted(path);
    let name = path.file_name().unwrap_or_default().to_str();
    let Some((name, contents)) = name.and_then(|name| Some((name, known.get(name)?))) else {
        return Ok(Err(format!("{shown} is in no Packages file")));
    };
    let mut file = File::open(path)?;
    let Some((size, digests)) =
        hash_open(&mut file, &[HashAlgo::Sha256], &mut hash::Buffer::new())?
    else {
        return Ok(Err(format!("{shown} was changed while it was read")));
    };
    let is = |content: &&Content| {
        content.size == size && digests.first().is_some_and(|is| *is == content.sha256)
    };
    Ok(match contents.iter().find(is) {
        Some(content) => Ok(Package {
            path: path.to_owned(),
            list: name.strip_suffix(".deb").unwrap_or(name).to_owned(),
            content: *content,
        }),
        None => Err(format!("{shown} has not the content that Packages says")),
    })
}

/// A file of our own with what the package has to have: the list is made of what was verified,
/// whatever becomes of the path.
fn copy_of(package: &Package) -> Result<NamedTempFile> {
    let copy = tempfile::Builder::new().suffix(".deb").tempfile();
    let mut copy = copy.context("cannot make a temporary file")?;
    io::copy(&mut File::open(&package.path)?, &mut copy)?;
    let file = copy.as_file_mut();
    file.rewind()?;
    let hashed = hash_open(file, &[HashAlgo::Sha256], &mut hash::Buffer::new())?;
    let is_same = hashed.is_some_and(|(size, digests)| {
        let digest = digests.first();
        size == package.content.size && digest.is_some_and(|is| *is == package.content.sha256)
    });
    match is_same {
        true => Ok(copy),
        false => Err(No::error("it was changed since it was verified")),
    }
}

/// Makes and signs the lists in the directory.
fn lists(args: &Args, packages: &[Package], directory: &Path) -> Result<Vec<Made>> {
    let how = How {
        format: Format::Compact,
        algo: HashAlgo::Sha256,
        mutable: false,
        revoked: false,
    };
    let verifier = Verifier::new(std::slice::from_ref(&args.cert), &[], Validity::Signing)?;
    // A verifier is for one thread.
    let verifier = std::sync::Mutex::new(verifier);
    let bar = progress::bar(
        packages.len() as u64,
        "{wide_bar} {pos}/{len} packages listed",
    );
    packages
        .par_iter()
        .map(|package| {
            let make = || -> Result<Made> {
                let made = list_of_package(&how, copy_of(package)?.path())?;
                let list = directory.join(&package.list);
                fs::write(&list, &made.list)?;
                let old = args.output.join(&package.list);
                let kept = fs::read(&old).is_ok_and(|old| old == made.list) && {
                    let verifier = verifier.lock();
                    verifier.is_ok_and(|verifier| verifier.verify(&old).is_ok())
                        && with_suffix(&old, "p7s").exists()
                };
                let signature = with_suffix(&list, "p7s");
                match kept {
                    true => keep(&with_suffix(&old, "p7s"), &signature)?,
                    false => fs::write(&signature, openssl::sign(&list, &args.key, &args.cert)?)?,
                }
                bar.inc(1);
                Ok(Made {
                    digests: made.digests,
                    kept,
                })
            };
            make().with_context(|| quoted(&package.path))
        })
        .collect::<Result<_>>()
        .inspect(|_| bar.finish_and_clear())
}

/// The same file under another name, or one like it.
fn keep(from: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).with_context(|| format!("cannot copy {}", quoted(from)))?;
    }
    Ok(())
}
