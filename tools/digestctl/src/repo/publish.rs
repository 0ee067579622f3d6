// SPDX-License-Identifier: GPL-2.0

//! `digestctl repo publish`: signed lists of the packages of a Debian archive.
//!
//! Nothing is listed whose way to the archive's signature is not whole. Everything is made beside
//! the directory of lists and takes its place at last, so a reader finds the old lists or the new
//! ones.

use std::{
    collections::{
        BTreeSet,
        HashSet, //
    },
    ffi::OsString,
    fmt::Display,
    fs,
    path::{
        Path,
        PathBuf, //
    },
    sync::Mutex, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use rayon::prelude::*;
use serde::Serialize;

use super::{
    archive::{
        architecture,
        parse_index,
        Release, //
    },
    directory::{
        keep,
        put,
        Directory, //
    },
    openpgp,
    pool::{
        self,
        Known,
        Made,
        Wanted, //
    },
    published::{
        self,
        Published,
        Taken, //
    }, //
};
use crate::{
    json,
    openssl,
    progress,
    report::{
        complain,
        count,
        if_read,
        quoted,
        remark,
        No, //
    },
    sign::{
        check_certificate,
        now, //
    },
    signature::{
        is_signature,
        with_suffix, //
    },
    verify::{
        Validity,
        Verifier, //
    }, //
};

/// Options of `repo publish`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    wanted: Wanted,

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

    /// Take an InRelease whose Valid-Until is over, or whose Date is yet to come
    #[arg(long)]
    any_date: bool,

    #[command(flatten)]
    taken: Taken,

    /// Print JSON: an object that says what was published
    #[arg(long)]
    json: bool,
}

/// What a program is told of it; people are told on the way.
#[derive(Default, Serialize)]
struct Told {
    release: String,
    date: String,
    /// The date of before, if that was later (`--older`).
    back_from: Option<String>,
    signers: Vec<String>,
    packages: usize,
    digests: usize,
    unchanged: usize,
    unlisted: Vec<String>,
    missing_indexes: Vec<String>,
    missing_architectures: Vec<String>,
    installer_packages: usize,
}

impl Args {
    /// Says it to people.
    fn remark(&self, text: impl Display) -> Result<()> {
        match self.json {
            true => Ok(()),
            false => remark(text),
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<()> {
    let mut told = Told::default();
    check_certificate(&args.cert)?;
    let directory = Directory::open(&args.output)?;
    let mut published = Published::read(directory.path())?;
    let release = release(args, &mut published, &mut told)?;
    let known = known(args, &release, &mut told)?;
    let new = directory.begin()?;
    let listed = pool::list(&args.wanted, &known, new.path())?;
    check_owners(
        &published,
        &release,
        &listed.made,
        directory.path(),
        new.path(),
    )?;
    let kept = sign(args, &listed.made, directory.path(), new.path())?;
    let names: HashSet<_> = listed.made.iter().map(|made| made.name.as_str()).collect();
    let unread: HashSet<_> = listed.unread.iter().map(String::as_str).collect();
    let stays = |list: &str| {
        let is_gone = unread.contains(list) && published.other_owner(&release, list).is_none();
        !names.contains(list) && !is_gone
    };
    let mut kept_names = HashSet::new();
    for entry in directory.before() {
        let list = match entry.name.rsplit_once('.') {
            Some((list, _)) if is_signature(&entry.name) => list,
            _ => entry.name.as_str(),
        };
        if stays(list) && list != published::NAME {
            let old = directory.path().join(&entry.name);
            keep(&old, &new.path().join(&entry.name))?;
            kept_names.insert(list);
        }
    }
    published.set_lists(&release, names.iter().copied(), |list| {
        kept_names.contains(list) && !unread.contains(list)
    });
    let text = published.text()?;
    put(&new.path().join(published::NAME), text.as_bytes())?;
    directory.finish(new)?;
    told.digests = listed.made.iter().map(|made| made.digests).sum();
    told.packages = listed.made.len();
    told.unchanged = kept;
    told.unlisted.clone_from(&listed.unread);
    if args.json {
        if_read(json::print(&told))?;
    }
    args.remark(format_args!(
        "{}: {} of {}, {} of them unchanged",
        quoted(&args.output),
        count(told.digests, "digest"),
        count(told.packages, "package"),
        kept
    ))?;
    match listed.unread.len() {
        0 => Ok(()),
        unread => bail!(
            "{} could not be listed; the lists were published without them",
            count(unread, "package")
        ),
    }
}

/// What is signed in InRelease, which is not older than what was published before, or another.
fn release(args: &Args, published: &mut Published, told: &mut Told) -> Result<Release> {
    let name = quoted(&args.in_release);
    let signed = openpgp::verify(&args.in_release, &args.keyring)?;
    let release = Release::parse(&signed.text).with_context(|| name.clone())?;
    if !args.any_date {
        release.check_time(now()?).with_context(|| name.clone())?;
    }
    told.back_from = published
        .add(&release, &signed.signers, &args.taken, &args.output)
        .with_context(|| name.clone())?;
    args.remark(format_args!(
        "{name}: {} of {}, signed by {}",
        release.name(),
        release.date,
        signed.signers.join(", ")
    ))?;
    if let Some(from) = &told.back_from {
        args.remark(format_args!("{name}: goes back from {from}"))?;
    }
    told.release = release.name();
    told.date.clone_from(&release.date);
    told.signers = signed.signers;
    Ok(release)
}

/// No list of another release is replaced by one of this release that differs.
fn check_owners(
    published: &Published,
    release: &Release,
    lists: &[Made],
    old: &Path,
    new: &Path,
) -> Result<()> {
    let mut wrong = Vec::new();
    for made in lists {
        let Some(owner) = published.other_owner(release, &made.name) else {
            continue;
        };
        let old = old.join(&made.name);
        let list = fs::read(new.join(&made.name)).with_context(|| quoted(&old))?;
        if fs::read(&old).is_ok_and(|old| old != list) {
            wrong.push(format!(
                "{} is of {owner}, and the package of that name in {} is another",
                quoted(&old),
                release.name()
            ));
        }
    }
    pool::say(&mut wrong);
    match wrong.len() {
        0 => Ok(()),
        number => Err(No::error(format!(
            "{} of another release would be replaced; nothing was published: publish the \
             releases into two directories",
            count(number, "list")
        ))),
    }
}

/// Says which indexes are not there, with their packages: a mirror may leave them out.
fn say_missing(
    args: &Args,
    found: &[(PathBuf, String)],
    missing: &[String],
    told: &mut Told,
) -> Result<()> {
    let there: HashSet<_> = found
        .iter()
        .filter_map(|(_, name)| architecture(name))
        .collect();
    let (parts, wholes): (Vec<_>, Vec<_>) = missing
        .iter()
        .partition(|name| architecture(name).is_some_and(|name| there.contains(name)));
    told.missing_indexes = parts.iter().map(|name| (*name).clone()).collect();
    if !parts.is_empty() {
        let names: Vec<_> = parts.into_iter().map(String::as_str).collect();
        complain(format_args!(
            "note: InRelease names what is not there, and whose packages are not listed: {}",
            names.join(", ")
        ));
    }
    let wholes: BTreeSet<_> = wholes
        .into_iter()
        .filter_map(|name| architecture(name))
        .collect();
    told.missing_architectures = wholes.iter().map(|name| (*name).to_owned()).collect();
    if !wholes.is_empty() {
        let names: Vec<_> = wholes.into_iter().collect();
        args.remark(format_args!(
            "left out: {}, of which no Packages file is there",
            names.join(", ")
        ))?;
    }
    Ok(())
}

/// The package files that the archive vouches for, by their names.
fn known(args: &Args, release: &Release, told: &mut Told) -> Result<Known> {
    let indexes = match args.packages.is_empty() {
        true => {
            let (found, missing) = release.find_indexes(&args.in_release);
            say_missing(args, &found, &missing, told)?;
            found
        }
        false => Vec::new(),
    };
    let found = indexes
        .iter()
        .map(|(path, name)| (path, Some(name.as_str())));
    let given = args.packages.iter().map(|path| (path, None));
    let mut known = Known::new();
    let mut installers = HashSet::new();
    let waiting = progress::waiting("the Packages files are read");
    for (path, name) in found.chain(given) {
        let text = release.index(path, name)?;
        let index = parse_index(&text).with_context(|| quoted(path))?;
        installers.extend(index.installers);
        for (name, content) in index.packages {
            let contents = known.entry(name).or_default();
            if !contents.contains(&content) {
                contents.push(content);
            }
        }
    }
    waiting.finish_and_clear();
    if known.is_empty() {
        bail!(
            "there is no Packages file with a package where {} says (--packages names it)",
            quoted(&args.in_release)
        );
    }
    told.installer_packages = installers.len();
    if !installers.is_empty() {
        args.remark(format_args!(
            "left out: {} of the installer (udeb)",
            count(installers.len(), "package")
        ))?;
    }
    Ok(known)
}

/// Signs the lists in the directory `new`, and returns how many are as in `old`, whose signatures
/// are still right.
fn sign(args: &Args, lists: &[Made], old: &Path, new: &Path) -> Result<usize> {
    let verifier = Verifier::new(std::slice::from_ref(&args.cert), &[], Validity::Signing)?;
    // A verifier is for one thread.
    let verifier = Mutex::new(verifier);
    let bar = progress::bar(lists.len() as u64, "{wide_bar} {pos}/{len} packages signed");
    let kept = lists
        .par_iter()
        .map(|made| {
            let (old, list) = (old.join(&made.name), new.join(&made.name));
            let (before, signature) = (with_suffix(&old, "p7s"), with_suffix(&list, "p7s"));
            let is_same = fs::read(&list).with_context(|| quoted(&list))?;
            let kept = fs::read(&old).is_ok_and(|old| old == is_same) && {
                let verifier = verifier.lock();
                before.exists() && verifier.is_ok_and(|verifier| verifier.verify(&old).is_ok())
            };
            // A copy, which has our mode.
            let data = match kept {
                true => fs::read(&before).with_context(|| quoted(&before))?,
                false => openssl::sign(&list, &args.key, &args.cert)?,
            };
            put(&signature, &data)?;
            bar.inc(1);
            Ok(usize::from(kept))
        })
        .collect::<Result<Vec<_>>>();
    bar.finish_and_clear();
    Ok(kept?.into_iter().sum())
}
