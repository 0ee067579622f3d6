// SPDX-License-Identifier: GPL-2.0

//! `digestctl repo gc`: deletes from a repository, and beside the states of machines, what nothing
//! needs any more.

use std::{
    collections::{
        BTreeMap,
        BTreeSet,
        HashSet, //
    },
    fs,
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

use super::existing;
use crate::{
    evidence::{
        crypto::sha256,
        repository::Repository,
        state::{
            self,
            States, //
        }, //
    },
    format, json,
    output::{
        lock,
        TEMPORARY, //
    },
    progress,
    report::{
        count,
        if_read,
        quoted,
        remark,
        say, //
    },
    signature::beside,
    verify::{
        Validity,
        Verifier, //
    },
};

/// Options of `repo gc`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The repository
    repo: PathBuf,

    /// Directories with states of machines (verify-evidence --state): what these have loaded since
    /// they were started stays
    #[arg(long, value_name = "DIR", num_args = 1.., required = true)]
    states: Vec<PathBuf>,

    /// X.509 certificates of those who sign lists, in PEM: only lists that they have signed are
    /// deleted, for lists that they have signed [default: what signatures say is believed]
    #[arg(long, value_name = "CERT", num_args = 1..)]
    trust: Vec<PathBuf>,

    /// Only say what would be deleted
    #[arg(long)]
    dry_run: bool,

    /// Print JSON: an object with what is deleted
    #[arg(long)]
    json: bool,
}

/// What goes.
struct Gone {
    /// Files of the repository.
    files: Vec<Digest>,
    /// Files of lists beside the states.
    of_states: Vec<PathBuf>,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<()> {
    let repository = existing(&args.repo)?;
    // Each once: another name for the same directory would wait for ever.
    let mut directories = BTreeSet::new();
    for states in &args.states {
        if !states.is_dir() {
            bail!("there is no directory {}", quoted(states));
        }
        directories.insert(states.canonicalize().with_context(|| quoted(states))?);
    }
    let itself = args
        .repo
        .canonicalize()
        .with_context(|| quoted(&args.repo))?;
    if directories.contains(&itself) {
        bail!(
            "{} is the repository: states have to be in a directory of their own",
            quoted(&args.repo)
        );
    }
    let _held = repository.hold()?;
    // No state is written meanwhile that names what is deleted.
    let states = directories.iter().map(|states| lock(states));
    let _states = states.collect::<Result<Vec<_>>>()?;
    let gone = find(&repository, args)?;
    if args.json {
        // Before anything is deleted: an error leaves some of it.
        let files: Vec<_> = gone.files.iter().map(ToString::to_string).collect();
        let of_states = gone.of_states.iter().map(|path| path.display().to_string());
        if_read(json::print(&json!({
            "dry_run": args.dry_run,
            "files": files,
            "files_of_states": of_states.collect::<Vec<_>>(),
        })))?;
    }
    if !args.dry_run {
        // Before: a list that is noted and gone is one that was lost.
        repository.write_revocations(&[], &gone.files)?;
    }
    for digest in &gone.files {
        if !args.json {
            say(digest)?;
        }
        if !args.dry_run {
            delete(&repository, digest)?;
        }
    }
    if !args.json {
        tell(args, &gone)?;
    }
    if args.dry_run {
        return Ok(());
    }
    for path in &gone.of_states {
        fs::remove_file(path).with_context(|| format!("cannot delete {}", quoted(path)))?;
    }
    Ok(())
}

/// Says how much it is.
fn tell(args: &Args, gone: &Gone) -> Result<()> {
    let what = if args.dry_run {
        "would be deleted"
    } else {
        "deleted"
    };
    remark(format_args!("{} {what}", count(gone.files.len(), "file")))?;
    match gone.of_states.len() {
        0 => Ok(()),
        left => {
            let states: Vec<_> = args.states.iter().map(|states| quoted(states)).collect();
            remark(format_args!(
                "{}: {} of lists that no machine has any more {what}",
                states.join(", "),
                count(left, "file")
            ))
        }
    }
}

fn delete(repository: &Repository, digest: &Digest) -> Result<()> {
    let path = repository.path_of(digest);
    fs::remove_file(&path).with_context(|| format!("cannot delete {}", quoted(&path)))?;
    while let Some((signature, _)) = beside(&path)? {
        fs::remove_file(&signature)
            .with_context(|| format!("cannot delete {}", quoted(&signature)))?;
    }
    Ok(())
}

/// Looks for what nothing needs.
fn find(repository: &Repository, args: &Args) -> Result<Gone> {
    let mut left = Vec::new();
    let (mut keep, mut named) = (HashSet::new(), HashSet::new());
    for states in &args.states {
        left.extend(States::lists_in(states)?);
        needed(states, &mut keep, &mut named)?;
    }
    let verifier = match args.trust.is_empty() {
        true => None,
        false => Some(Verifier::new(&args.trust, &[], Validity::Signing)?),
    };
    let objects = repository.objects()?;
    let bar = progress::of_files(2 * objects.len());
    // The serial numbers of one signer say nothing of the lists of another.
    let mut newest: BTreeMap<(String, Vec<u8>), u64> = BTreeMap::new();
    let mut editions = Vec::new();
    for digest in &objects {
        bar.inc(1);
        let Some((path, data)) = repository.find(digest)? else {
            continue;
        };
        if let Ok((_, list)) = format::list(&data) {
            if let Some(edition) = list.edition() {
                let signer = match &verifier {
                    None => signer_of(&path)?,
                    Some(verifier) => match verifier.signer(&path) {
                        Ok(signer) => signer.into_bytes(),
                        Err(_) => continue,
                    },
                };
                let name = (edition.name_text().to_owned(), signer);
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
        bar.inc(1);
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
    bar.finish_and_clear();
    let files = objects.into_iter();
    let left = left.into_iter().filter(|(list, _)| !named.contains(list));
    Ok(Gone {
        files: files.filter(|digest| gone.contains(digest)).collect(),
        of_states: left.map(|(_, path)| path).collect(),
    })
}

/// Adds to `lists` what the machines have loaded since they were started whose states are in the
/// directory: what these name, and not the files of lists that earlier rounds have left. The
/// digests of the files that they name are added to `files`. Nothing else may be there: it may be a
/// state that cannot be read.
fn needed(
    directory: &Path,
    lists: &mut HashSet<Digest>,
    files: &mut HashSet<Digest>,
) -> Result<()> {
    let states = States::default();
    for entry in fs::read_dir(directory).with_context(|| quoted(directory))? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let is_temporary = name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
        if is_temporary || name == "lists" {
            continue;
        }
        if path.is_dir() {
            // Such as lost+found.
            let mut inside = fs::read_dir(&path).with_context(|| quoted(&path))?;
            if inside.next().is_none() {
                continue;
            }
            bail!(
                "{} is a directory, and states in it would not count: name it with --states as \
                 well, where it has states, and move it out of {}. Nothing was deleted",
                quoted(&path),
                quoted(directory)
            );
        }
        let data = format::read(&path)
            .with_context(|| "what a state there names is not known, and nothing was deleted")?;
        // What its machine has in force would be deleted, if it was one.
        if !data.starts_with(state::BEGINNING) {
            bail!(
                "{} is no state: if it was one and is damaged, bring it back from a backup; if it \
                 never was one, move it out of the directory of states. Nothing was deleted",
                quoted(&path)
            );
        }
        if let Some(state) = states.read(&path)?.and_then(|memory| memory.state) {
            lists.extend(state.lists.of_boot());
            let text = String::from_utf8_lossy(&data);
            let mut file = text.lines().filter_map(|line| line.strip_prefix("lists="));
            files.extend(file.next().and_then(|digest| Digest::parse(digest).ok()));
        }
    }
    Ok(())
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
