// SPDX-License-Identifier: GPL-2.0

//! `digestctl generate`: lists of what is good, from files, from Debian packages, from RPM
//! packages, or from the measurement list.

mod conffiles;
mod deb;
mod dpkg;
mod encode;
mod files;
mod log;
mod rpm;

use std::path::{
    Path,
    PathBuf, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    edition::Edition,
    hash_algo::HashAlgo,
    list::Kind, //
};

use crate::{
    output::is_standard,
    report::{
        complain,
        count,
        quoted,
        remark_of, //
    },
    securityfs::Location, //
};

pub(crate) use deb::list_of as list_of_package;
pub(crate) use encode::encode;

/// Make digest lists.
///
/// From files (the default): the regular files below each DIR, and each FILE. Symbolic links are
/// not followed, except a PATH that is itself one. Pseudo file systems such as proc are not
/// entered.
///
/// From dpkg: the files of installed Debian packages, each checked against the package's own MD5
/// sums, and their maintainer scripts. Configuration files are mutable, all others immutable.
/// Without PACKAGE, all packages.
///
/// From deb: the same for package files, which need not be installed. Each package becomes one
/// list, named as the package file without its ending.
///
/// From rpm and rpmdb: the headers of package files, or of an RPM database, as their vendor signed
/// them. Each package becomes one list, with the vendor's signature beside it as LIST.sig. Without
/// PATH, the system's own database. A PATH that is a file has what `rpmdb --exportdb` printed.
///
/// From log: what this machine used and no list knew. The files that the measurement list has
/// records of are hashed again, and listed if they still have the content of a record. Violations
/// are never listed. With PATH, only files at and below these absolute paths.
///
/// Empty files are left out: no list can make them known. The same files give the same list, byte
/// by byte.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl generate /usr -o usr.list
  digestctl generate -x / -o base.list
  digestctl generate /srv -o - | ssh signer digestctl sign - --key key.pem --cert cert.pem
  digestctl generate --mutable /etc -o etc.list
  digestctl generate --from dpkg --name debian --serial 7 -o debian.list
  digestctl generate --revoked old/sudo --digest sha256:e3b9… -o revoked.list
  digestctl generate --from dpkg -o debian.list
  digestctl generate --from dpkg bash coreutils --algo sha512 -o shell.list
  digestctl generate --from deb *.deb -o lists/
  digestctl generate --from rpm *.rpm -o lists/
  digestctl generate --from rpmdb -o lists/
  digestctl generate --from log --name learned --serial 1 /usr /opt -o learned.list")]
pub(crate) struct Args {
    /// Directories and files, names of Debian packages, package files, the directory of an RPM
    /// database, or with --from log paths to which the list is limited
    #[arg(value_name = "PATH|PACKAGE")]
    sources: Vec<PathBuf>,

    /// The list to write, or the directory for the lists of package files; what exists is replaced.
    /// - is standard output
    #[arg(short, long, value_name = "LIST|DIR")]
    output: PathBuf,

    /// What PATH and PACKAGE name
    #[arg(long, value_enum, default_value_t = Source::Files)]
    from: Source,

    /// The format of the list
    #[arg(long, value_enum, default_value_t = Format::Compact)]
    format: Format,

    /// The algorithm of the digests
    #[arg(long, value_enum, default_value_t = Algo::Sha256)]
    algo: Algo,

    /// Mark the files as mutable: they may be written
    #[arg(long)]
    mutable: bool,

    /// Revoke the files: they are unknown, whatever other lists have them
    #[arg(long, conflicts_with = "mutable")]
    revoked: bool,

    /// A digest to add, as algorithm:hex; its content need not be here
    #[arg(long, value_name = "DIGEST")]
    digest: Vec<String>,

    /// The digests of --digest are those that fs-verity enforces, as `fsverity measure` prints them
    #[arg(long, requires = "digest", conflicts_with_all = ["sources", "mutable"])]
    verity: bool,

    /// The name of the list, which stays the same when it is renewed: 1 to 64 printable characters
    #[arg(long, requires = "serial")]
    name: Option<String>,

    /// The serial number of the list. The kernel refuses it after one with a higher number, of the
    /// same name and signer, was loaded; and it replaces one with a lower number
    #[arg(long, requires = "name", value_name = "NUMBER")]
    serial: Option<u64>,

    /// Stay on the file system of each PATH
    #[arg(short = 'x', long)]
    one_file_system: bool,

    /// Write the list even if some files could not be read; the exit status is 2 all the same
    #[arg(short, long)]
    keep_going: bool,

    /// With --from rpm and rpmdb: write nothing if a package that has files cannot be listed
    #[arg(long)]
    complete: bool,

    /// Leave out files of Debian packages that differ from the package
    #[arg(long)]
    skip_changed: bool,

    /// The root of the system that has the Debian packages, or the files of the measurement list
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// With --from log: a binary measurement list, instead of the module's
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,

    /// With --from log: the records that were moved out of the kernel before (digestctl log
    /// archive)
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    archive: Option<PathBuf>,

    #[command(flatten)]
    location: Location,
}

/// The format of a list that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A compact list
    Compact,
    /// A compact list with headers of 16 bytes
    Compact16,
    /// A list of fields with type and length
    Tlv,
}

impl Format {
    /// Whether lists of the format can say that a file may change.
    pub(crate) fn has_mutable(self) -> bool {
        self != Self::Tlv
    }
}

/// Where digests come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Source {
    /// Directories and files
    Files,
    /// Installed Debian packages
    Dpkg,
    /// Debian package files
    Deb,
    /// RPM package files
    Rpm,
    /// An RPM database
    Rpmdb,
    /// Files of the measurement list that still have the recorded content
    Log,
}

/// The algorithm of digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Algo {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl From<Algo> for HashAlgo {
    fn from(algo: Algo) -> Self {
        match algo {
            Algo::Sha256 => Self::Sha256,
            Algo::Sha384 => Self::Sha384,
            Algo::Sha512 => Self::Sha512,
        }
    }
}

/// A digest for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// Whether the digest is one that fs-verity enforces.
    pub(crate) verity: bool,
    pub(crate) digest: Vec<u8>,
}

/// Sorts entries as lists have them, each once.
pub(crate) fn sort(entries: &mut Vec<Entry>) {
    entries.sort_unstable_by(|a, b| {
        (a.kind as u8, a.verity, &a.digest).cmp(&(b.kind as u8, b.verity, &b.digest))
    });
    entries.dedup();
}

/// Takes out files that may change if the format cannot say so, and returns how many these were.
/// With `--mutable` they stay: no list could be made.
fn leave_out_mutable(how: &How, entries: &mut Vec<Entry>) -> usize {
    let before = entries.len();
    if !how.format.has_mutable() && !how.mutable {
        entries.retain(|entry| entry.kind != Kind::Mutable);
    }
    before - entries.len()
}

impl Args {
    /// The edition of the list, if it is to have one.
    fn edition(&self) -> Result<Option<Edition<'_>>> {
        match (&self.name, self.serial) {
            (Some(name), Some(serial)) => Ok(Some(Edition::new(name.as_bytes(), serial)?)),
            _ => Ok(None),
        }
    }

    fn how(&self) -> How {
        How {
            format: self.format,
            algo: self.algo.into(),
            mutable: self.mutable,
            revoked: self.revoked,
        }
    }

    /// What is said of a file; `mutable` where its package says that it may change.
    fn kind(&self, mutable: bool) -> Kind {
        self.how().kind(mutable)
    }
}

/// How the list of a package is made.
pub(crate) struct How {
    pub(crate) format: Format,
    pub(crate) algo: HashAlgo,
    /// Whether every file is marked as mutable.
    pub(crate) mutable: bool,
    /// Whether every file is revoked.
    pub(crate) revoked: bool,
}

impl How {
    fn kind(&self, mutable: bool) -> Kind {
        if self.revoked {
            Kind::Revoked
        } else if self.mutable || mutable {
            Kind::Mutable
        } else {
            Kind::Immutable
        }
    }
}

/// What dpkg executes when it installs, changes or removes a package.
const MAINTAINER_SCRIPTS: [&str; 5] = ["config", "postinst", "postrm", "preinst", "prerm"];

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let nothing = args.sources.is_empty() && args.digest.is_empty();
    if nothing && matches!(args.from, Source::Files | Source::Deb | Source::Rpm) {
        let missing = clap::error::ErrorKind::MissingRequiredArgument;
        clap::Error::raw(
            missing,
            "nothing is named that a list could be made of; see 'digestctl generate --help'\n",
        )
        .exit();
    }
    if !args.digest.is_empty() && args.from != Source::Files {
        bail!("--digest adds to a list of files; make a list of its own of it");
    }
    if args.edition()?.is_some() && !matches!(args.from, Source::Files | Source::Dpkg | Source::Log)
    {
        bail!("each package has a list of its own; a name is for one list");
    }
    if args.revoked && matches!(args.from, Source::Rpm | Source::Rpmdb) {
        bail!("headers are listed as their vendor signed them, and revoke nothing; revoke files or digests");
    }
    if args.complete && !matches!(args.from, Source::Rpm | Source::Rpmdb) {
        bail!("--complete is for the headers of packages, of --from rpm and rpmdb");
    }
    if (args.list.is_some() || args.archive.is_some()) && args.from != Source::Log {
        bail!("--list and --archive name measurement lists, for --from log");
    }
    match args.from {
        Source::Files => files::run(args),
        Source::Dpkg => dpkg::run(args),
        Source::Deb => deb::run(args),
        Source::Rpm => rpm::run(&args.sources, &args.output, args.complete),
        Source::Rpmdb => rpm::run_database(&args.sources, &args.output, args.complete),
        Source::Log => log::run(args),
    }
}

/// Says on standard error what went wrong, and decides whether a list may be written all the same.
fn report_errors(args: &Args, errors: &mut [String], noun: &str) -> Result<()> {
    errors.sort();
    for error in errors.iter() {
        complain(error);
    }
    if !errors.is_empty() && !args.keep_going {
        let failed = count(errors.len(), noun);
        bail!("{failed} could not be read; no list was written (--keep-going writes one)");
    }
    Ok(())
}

/// Says how many of something there were, unless there were none.
fn report_number(args: &Args, what: &str, number: usize, noun: &str) -> Result<()> {
    if number > 0 {
        let some = count(number, noun);
        remark_of(&args.output, format_args!("{what}: {some}"))?;
    }
    Ok(())
}

/// Says how many files the format could not express.
fn report_inexpressible(args: &Args, number: usize) -> Result<()> {
    if number > 0 {
        let files = count(number, "configuration file");
        remark_of(
            &args.output,
            format_args!("left out: {files} (the format tlv has no mutable files)"),
        )?;
    }
    Ok(())
}

/// Fails if something could not be read, after what could be was `written`.
fn report_unread(errors: &[String], noun: &str, written: &str) -> Result<()> {
    if !errors.is_empty() {
        let failed = count(errors.len(), noun);
        bail!("{failed} could not be read; {written} written without them");
    }
    Ok(())
}

/// Makes the directory for lists of packages.
fn create_directory(output: &Path) -> Result<()> {
    if is_standard(output) {
        bail!("each package has a list of its own: -o names a directory for them");
    }
    std::fs::create_dir_all(output)
        .with_context(|| format!("cannot make the directory {}", quoted(output)))
}
