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
    cms::{
        Message,
        Signer, //
    },
    digest::Digest,
    metadata::Metadata,
    signature::Signature, //
};
use serde_json::json;

use crate::{
    evidence::{
        crypto::sha256,
        repository::Repository,
        state::{
            self,
            States, //
        }, //
    },
    format::{
        self,
        Parsed, //
    },
    json,
    output::{
        lock,
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

        /// Print JSON: an array with an object for each file
        #[arg(long)]
        json: bool,
    },

    /// Delete lists of which there is a newer edition by the same signer, metadata that name lists
    /// which are not there, and what no state needs any more beside the states
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
        Command::List { repo, json: true } => list_json(repo),
        Command::List { repo, json: false } => list(repo),
        Command::Gc {
            repo,
            states,
            dry_run,
        } => gc(repo, states, *dry_run),
    }
}

fn add(root: &Path, files: &[PathBuf]) -> Result<()> {
    fs::create_dir_all(root).with_context(|| format!("cannot make {}", quoted(root)))?;
    let repository = Repository::new(root);
    let _held = repository.hold()?;
    let mut read = Vec::new();
    for file in files {
        let data = format::read(file)?;
        format::parse(&data, None, file)?;
        read.push((file, data, beside(file)?));
    }
    let all: Vec<_> = read.iter().map(|(_, data, _)| data.as_slice()).collect();
    repository.write_revocations(&all)?;
    for (file, data, signature) in read {
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
    Ok(())
}

/// Calls `each` with every file of the repository: its digest, whether a signature lies beside it,
/// and its content, if that is known.
fn for_each(
    root: &Path,
    mut each: impl FnMut(&Digest, bool, Option<Parsed<'_>>) -> Result<()>,
) -> Result<()> {
    let repository = existing(root)?;
    for digest in repository.objects()? {
        if let Some((path, data)) = repository.find(&digest)? {
            let content = format::parse(&data, None, &path).ok();
            each(&digest, beside(&path)?.is_some(), content)?;
        }
    }
    Ok(())
}

fn list(root: &Path) -> Result<()> {
    let mut out = Printer::text();
    for_each(root, |digest, is_signed, content| {
        match content {
            Some(Parsed::Metadata(metadata)) => {
                writeln!(out, "{digest} metadata lists={}", metadata.len())?;
            }
            Some(Parsed::List(list_type, list)) => {
                let signed = if is_signed { "signed" } else { "unsigned" };
                write!(out, "{digest} {list_type} {signed} algo={}", list.algo())?;
                if let Some(edition) = list.edition() {
                    let (name, serial) = (edition.name_text(), edition.serial());
                    write!(out, " name={name} serial={serial}")?;
                }
                let counts = list.counts();
                writeln!(
                    out,
                    " immutable={} mutable={} revoked={}",
                    counts.immutable, counts.mutable, counts.revoked
                )?;
            }
            None => writeln!(out, "{digest} unknown")?,
        }
        Ok(())
    })?;
    out.flush()?;
    Ok(())
}

/// The same for programs.
fn list_json(root: &Path) -> Result<()> {
    let mut files = Vec::new();
    for_each(root, |digest, is_signed, content| {
        let mut file = match content {
            Some(Parsed::Metadata(metadata)) => {
                json!({"kind": "metadata", "lists": metadata.len()})
            }
            Some(Parsed::List(list_type, list)) => {
                let counts = list.counts();
                let mut file = json!({
                    "kind": "list",
                    "type": list_type.to_string(),
                    "signed": is_signed,
                    "algorithm": list.algo().to_string(),
                    "immutable": counts.immutable,
                    "mutable": counts.mutable,
                    "revoked": counts.revoked,
                });
                if let Some(edition) = list.edition() {
                    file["name"] = edition.name_text().into();
                    file["serial"] = edition.serial().into();
                }
                file
            }
            None => json!({"kind": "unknown"}),
        };
        file["digest"] = digest.to_string().into();
        files.push(file);
        Ok(())
    })?;
    json::print(&files)
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
/// files of lists that earlier rounds have left. Also the digests of the files that they name.
fn in_force(directory: &Path) -> Result<(HashSet<Digest>, HashSet<Digest>)> {
    let mut digests = HashSet::new();
    let mut files = HashSet::new();
    let states = States::default();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let is_temporary = name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
        if is_temporary || !path.is_file() {
            continue;
        }
        let data = format::read(&path)?;
        if !data.starts_with(state::BEGINNING) {
            continue;
        }
        if let Some(state) = states.read(&path)? {
            digests.extend(state.lists.in_force.iter().map(|list| list.digest));
            let text = String::from_utf8_lossy(&data);
            let mut file = text.lines().filter_map(|line| line.strip_prefix("lists="));
            files.extend(file.next().and_then(|digest| Digest::parse(digest).ok()));
        }
    }
    Ok((digests, files))
}

fn gc(root: &Path, states: &Path, dry_run: bool) -> Result<()> {
    let repository = existing(root)?;
    if !states.is_dir() {
        bail!("there is no directory {}", quoted(states));
    }
    let _held = repository.hold()?;
    // No state is written meanwhile that names what is deleted.
    let _states = lock(states)?;
    let left = States::lists_in(states)?;
    let (keep, named) = in_force(states)?;
    let objects = repository.objects()?;
    // The serial numbers of one signer say nothing of the lists of another.
    let mut newest: BTreeMap<(String, Vec<u8>), u64> = BTreeMap::new();
    let mut editions = Vec::new();
    for digest in &objects {
        let Some((path, data)) = repository.find(digest)? else {
            continue;
        };
        if let Ok((_, list)) = format::list(&data) {
            if let Some(edition) = list.edition() {
                let name = (edition.name_text().to_owned(), signer_of(&path)?);
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
            let mut lost = false;
            for record in metadata.records() {
                let list = Digest::new(record.algo, record.digest)?;
                // By whichever algorithm the metadata name it.
                let list = repository.find(&list)?.map(|(_, data)| sha256(&data));
                lost |= list.is_none_or(|list| gone.contains(&list));
            }
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
    let left = left.into_iter().filter(|(list, _)| !named.contains(list));
    let left: Vec<_> = left.map(|(_, path)| path).collect();
    if !left.is_empty() {
        let left = count(left.len(), "file");
        remark(format_args!(
            "{}: {left} of lists that no machine has any more {what}",
            quoted(states)
        ))?;
    }
    if dry_run {
        return Ok(());
    }
    for path in left {
        fs::remove_file(&path).with_context(|| format!("cannot delete {}", quoted(&path)))?;
    }
    repository.write_revocations(&[])
}

/// By whom the list at `path` says that it is signed: the identifier in its signature, which is not
/// verified here. Empty if there is none.
fn signer_of(path: &Path) -> Result<Vec<u8>> {
    let Some((path, data)) = beside(path)? else {
        return Ok(Vec::new());
    };
    let signature = Signature::parse(&data).with_context(|| quoted(&path))?;
    Ok(match signature {
        Signature::Pkcs7(message) => match Message::parse(message).map(|it| it.signer()) {
            Ok(Signer::KeyId(id)) => id.to_vec(),
            Ok(Signer::Certificate { issuer, serial }) => [issuer, b" ", serial].concat(),
            // Like no other.
            Err(_) => data.clone(),
        },
        Signature::Ima(signature) => signature.key_id.to_vec(),
        Signature::OpenPgp(signature) => signature.issuer().0.to_vec(),
    })
}
