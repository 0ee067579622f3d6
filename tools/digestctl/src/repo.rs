// SPDX-License-Identifier: GPL-2.0

//! `digestctl repo`: the repository in which a verifier finds lists.

mod archive;
mod directory;
mod gc;
mod openpgp;
mod pool;
mod publish;
mod published;

use std::{
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
use digest_logic::digest::Digest;
use serde_json::{
    json,
    Value, //
};

use crate::{
    evidence::repository::Repository,
    format::{
        self,
        Parsed, //
    },
    json, progress,
    report::{
        if_read,
        quoted,
        say, //
    },
    signature::beside,
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

        /// Print JSON: an array with an object for each file
        #[arg(long)]
        json: bool,
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
    Gc(gc::Args),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Add { repo, files, json } => add(repo, files, *json),
        Command::Publish(args) => publish::run(args),
        Command::List { repo, json: true } => list_json(repo),
        Command::List { repo, json: false } => list(repo),
        Command::Gc(args) => gc::run(args),
    }
}

fn add(root: &Path, files: &[PathBuf], as_json: bool) -> Result<()> {
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
    repository.write_revocations(&all, &[])?;
    let mut added = Vec::new();
    let bar = progress::of_lists(read.len());
    let put = |added: &mut Vec<Value>| -> Result<()> {
        for (file, data, signature) in read {
            let beside = signature.as_ref().map(|(from, data)| {
                let suffix = from.extension().and_then(|suffix| suffix.to_str());
                (suffix.unwrap_or("sig"), data.as_slice())
            });
            let digest = repository.put(&data, beside)?;
            let is_signed = signature.is_some();
            match as_json {
                true => added.push(json!({
                    "file": file.display().to_string(),
                    "digest": digest.to_string(),
                    "signed": is_signed,
                })),
                false => {
                    let signed = if is_signed { ", signed" } else { "" };
                    bar.suspend(|| say(format_args!("{digest} {}{signed}", quoted(file))))?;
                }
            }
            bar.inc(1);
        }
        Ok(())
    };
    let ended = put(&mut added);
    bar.finish_and_clear();
    // Also what was added before an error.
    if as_json {
        if_read(json::print(&added))?;
    }
    ended
}

/// Calls `each` with every file of the repository: its digest, whether a signature lies beside it,
/// and its content, if that is known.
fn for_each(
    root: &Path,
    mut each: impl FnMut(&Digest, bool, Option<Parsed<'_>>) -> Result<()>,
) -> Result<()> {
    let repository = existing(root)?;
    let objects = repository.objects()?;
    let bar = progress::of_files(objects.len());
    for digest in objects {
        bar.inc(1);
        if let Some((path, data)) = repository.find(&digest)? {
            let content = format::parse(&data, None, &path).ok();
            let is_signed = beside(&path)?.is_some();
            bar.suspend(|| each(&digest, is_signed, content))?;
        }
    }
    bar.finish_and_clear();
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
