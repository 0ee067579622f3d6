// SPDX-License-Identifier: GPL-2.0

//! `digestctl repo`: the repository in which a verifier finds lists.

mod archive;
mod directory;
mod openpgp;
mod pool;
mod publish;
mod published;

use std::{
    collections::{
        BTreeMap,
        HashSet, //
    },
    fs,
    io::Write,
    path::{
        Path,
        PathBuf, //
    },
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::Digest,
    metadata::Metadata, //
};

use crate::{
    evidence::{
        repository::Repository,
        state::{
            self,
            States, //
        }, //
    },
    format,
    output::{
        write_atomically,
        TEMPORARY, //
    },
    report::{
        count,
        quoted,
        remark,
        say, //
    },
    signature::{
        beside,
        with_suffix, //
    },
    terminal::Printer,
};

/// Keep the lists that a verifier knows, and make those that a publisher offers.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Add lists with the signatures beside them, and metadata
    #[command(after_help = "\
Example:
  digestctl repo add /srv/lists base.list revocations.list")]
    Add {
        /// The repository; made if it is not there
        repo: PathBuf,

        /// Lists or metadata
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },

    /// Make a signed list of each package of a Debian archive, for apt and for verifiers
    ///
    /// Before anything is listed the archive's own signature is verified: InRelease by the keys of
    /// the archive, the Packages files by InRelease, each package file by Packages. The lists and
    /// their signatures appear all at once: DIR has NAME_VERSION_ARCH and NAME_VERSION_ARCH.p7s for
    /// each NAME_VERSION_ARCH.deb. Lists that are in DIR already stay there. DIR remembers, in its
    /// file .published, of which release and date they are: an older InRelease is refused.
    #[command(after_help = "\
Example:
  digestctl repo publish --in-release dists/trixie/InRelease --pool pool \\
      --keyring /usr/share/keyrings/debian-archive-keyring.gpg \\
      --key key.pem --cert cert.pem -o /srv/www/lists")]
    Publish(publish::Args),

    /// Show what is there
    List {
        /// The repository
        repo: PathBuf,
    },

    /// Delete lists of which there is a newer edition, and metadata that name lists which are not
    /// there
    Gc {
        /// The repository
        repo: PathBuf,

        /// A directory with states of machines (verify-evidence --state): what they have in force
        /// stays
        #[arg(long, value_name = "DIR", required = true)]
        states: PathBuf,

        /// Only say what would be deleted
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Add { repo, files } => add(repo, files),
        Command::Publish(args) => publish::run(args),
        Command::List { repo } => list(repo),
        Command::Gc {
            repo,
            states,
            dry_run,
        } => gc(repo, states, *dry_run),
    }
}

fn add(root: &Path, files: &[PathBuf]) -> Result<()> {
    let repository = Repository::new(root);
    for file in files {
        let data = format::read(file)?;
        format::parse(&data, None, file)?;
        let signature = beside(file)?;
        let (digest, path) = repository.put(&data)?;
        let signed = match &signature {
            Some((from, data)) => {
                let suffix = from.extension().and_then(|suffix| suffix.to_str());
                write_atomically(&with_suffix(&path, suffix.unwrap_or("sig")), data)?;
                ", signed"
            }
            None => "",
        };
        say(format_args!("{digest} {}{signed}", quoted(file)))?;
    }
    repository.write_revocations()
}

fn list(root: &Path) -> Result<()> {
    let repository = existing(root)?;
    let mut out = Printer::text();
    for digest in repository.objects()? {
        let Some((path, data)) = repository.find(&digest)? else {
            continue;
        };
        let signed = match beside(&path)? {
            Some(_) => "signed",
            None => "unsigned",
        };
        if let Ok(metadata) = Metadata::parse(&data) {
            writeln!(out, "{digest} metadata lists={}", metadata.len())?;
        } else if let Ok((list_type, list)) = format::list(&data) {
            let counts = list.counts();
            write!(out, "{digest} {list_type} {signed} algo={}", list.algo())?;
            if let Some(edition) = list.edition() {
                let (name, serial) = (edition.name_text(), edition.serial());
                write!(out, " name={name} serial={serial}")?;
            }
            writeln!(
                out,
                " immutable={} mutable={} revoked={}",
                counts.immutable, counts.mutable, counts.revoked
            )?;
        } else {
            writeln!(out, "{digest} unknown")?;
        }
    }
    out.flush()?;
    Ok(())
}

fn existing(root: &Path) -> Result<Repository> {
    if !root.is_dir() {
        bail!(
            "there is no repository at {}: digestctl repo add",
            quoted(root)
        );
    }
    Ok(Repository::new(root))
}

/// What the machines have in force whose states are in the directory: what these name, and not the
/// files of lists that earlier rounds have left.
fn in_force(directory: &Path) -> Result<HashSet<Digest>> {
    let mut digests = HashSet::new();
    let states = States::default();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let is_temporary = name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
        if is_temporary || !path.is_file() || !format::read(&path)?.starts_with(state::BEGINNING) {
            continue;
        }
        if let Some(state) = states.read(&path)? {
            digests.extend(state.lists.in_force.iter().map(|list| list.digest));
        }
    }
    Ok(digests)
}

fn gc(root: &Path, states: &Path, dry_run: bool) -> Result<()> {
    let repository = existing(root)?;
    if !states.is_dir() {
        bail!("there is no directory {}", quoted(states));
    }
    let keep = in_force(states)?;
    let objects = repository.objects()?;
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    let mut editions = Vec::new();
    for digest in &objects {
        let Some((_, data)) = repository.find(digest)? else {
            continue;
        };
        if let Ok((_, list)) = format::list(&data) {
            if let Some(edition) = list.edition() {
                let name = edition.name_text().to_owned();
                let serial = newest.entry(name.clone()).or_default();
                *serial = edition.serial().max(*serial);
                editions.push((*digest, name, edition.serial()));
            }
        }
    }
    let mut gone: HashSet<Digest> = editions
        .iter()
        .filter(|(digest, name, serial)| {
            !keep.contains(digest) && newest.get(name).is_some_and(|newest| serial < newest)
        })
        .map(|(digest, _, _)| *digest)
        .collect();
    for digest in &objects {
        let Some((_, data)) = repository.find(digest)? else {
            continue;
        };
        if let Ok(metadata) = Metadata::parse(&data) {
            let lost = metadata.records().any(|record| {
                Digest::new(record.algo, record.digest)
                    .is_ok_and(|list| gone.contains(&list) || !objects.contains(&list))
            });
            if lost {
                gone.insert(*digest);
            }
        }
    }
    let mut number = 0;
    for digest in objects.iter().filter(|digest| gone.contains(digest)) {
        say(digest)?;
        number += 1;
        if dry_run {
            continue;
        }
        let path = repository.path_of(digest);
        while let Some((signature, _)) = beside(&path)? {
            fs::remove_file(&signature)?;
        }
        fs::remove_file(&path).with_context(|| format!("cannot delete {}", quoted(&path)))?;
    }
    let what = if dry_run {
        "would be deleted"
    } else {
        "deleted"
    };
    remark(format_args!("{} {what}", count(number, "file")))?;
    if dry_run {
        return Ok(());
    }
    repository.write_revocations()
}
