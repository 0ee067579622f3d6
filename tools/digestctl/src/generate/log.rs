// SPDX-License-Identifier: GPL-2.0

//! Lists of files that a measurement list has records of, and that still have the recorded content.
//!
//! Any user can leave a record of any content under any path, so that a path says only where to
//! look. No link is followed on the way to it, and nothing but a regular file is opened: a device
//! may do something when it is opened.

use std::{
    collections::{
        BTreeMap,
        HashMap, //
    },
    ffi::OsStr,
    fs::File,
    io,
    os::unix::ffi::OsStrExt,
    path::{
        Component,
        Path, //
    },
    sync::{
        Arc,
        Mutex,
        PoisonError, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    template::put_event_name, //
};
use rayon::prelude::*;

use super::{
    encode,
    report_errors,
    report_number,
    report_unread,
    sort,
    Args,
    Entry, //
};
use crate::{
    evidence::history::History,
    format, hash, log,
    output::{
        write_list,
        Buffer, //
    },
    progress,
    report::{
        count,
        quoted,
        remark_of, //
    },
    rooted::{
        self,
        open_regular,
        Links,
        Root, //
    },
};

/// The most paths that are looked at for one name.
const MOST_PATHS: usize = 64;

/// What was found where a record says that a file was.
enum Found {
    Entry(Entry),
    Empty,
    /// There is no such path, or only through a link.
    Gone,
    /// It has other content than each record of it.
    Changed,
    /// It is a directory, a link, a device, a socket or a pipe.
    Special,
    /// Its records have digests that are not of its bytes as lists have them.
    Incomparable,
    /// It was written while it was used, or could not be read.
    Violated,
    Unreadable(io::Error),
}

/// What was recorded of a file.
#[derive(Default)]
struct Recorded {
    /// Digests of content, by algorithms that lists may have.
    digests: Vec<Digest>,
    violation: bool,
}

/// Makes the list.
pub(super) fn run(args: &Args) -> Result<()> {
    for path in &args.sources {
        if !path.is_absolute() {
            bail!(
                "{} is not absolute, as paths in the measurement list are",
                quoted(path)
            );
        }
    }
    let data = match &args.list {
        Some(path) => format::read(path)?,
        None => log::whole(&args.location, args.archive.as_deref())?,
    };
    let files = read(args, &data)?;
    let root =
        Root::open(&args.root).with_context(|| format!("cannot open {}", quoted(&args.root)))?;
    let directories = Directories::default();
    let files: Vec<_> = files.iter().collect();
    let bar = progress::bar(
        files.len() as u64,
        "{wide_bar} {pos}/{len} files {eta} left",
    );
    let found: Vec<_> = files
        .par_iter()
        .map_init(hash::Buffer::new, |buffer, (path, recorded)| {
            bar.inc(1);
            let found = look_at(args, &root, &directories, path, recorded, buffer);
            found.unwrap_or_else(Found::Unreadable)
        })
        .collect();
    bar.finish_and_clear();

    let (mut entries, mut errors, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    let mut empty = 0;
    for ((path, _), found) in files.iter().zip(found) {
        let shown = quoted(Path::new(OsStr::from_bytes(path)));
        match found {
            Found::Entry(entry) => entries.push(entry),
            Found::Empty => empty += 1,
            Found::Unreadable(error) => errors.push(format!("{shown}: {error}")),
            Found::Violated => left_out.push(format!("{shown}: it has a violation")),
            Found::Gone => left_out.push(format!("{shown}: gone")),
            Found::Changed => left_out.push(format!("{shown}: changed since it was recorded")),
            Found::Special => left_out.push(format!("{shown}: no regular file")),
            Found::Incomparable => {
                left_out.push(format!("{shown}: recorded by SHA-1 or by fs-verity only"));
            }
        }
    }
    report_errors(args, &mut errors, "file")?;
    for line in &left_out {
        remark_of(&args.output, format_args!("left out: {line}"))?;
    }
    let listed = entries.len();
    sort(&mut entries);
    if entries.is_empty() {
        bail!("no file of the measurement list has the recorded content; no list was written");
    }
    let list = encode(args.format, args.algo.into(), args.edition()?, &entries)?;
    write_list(&args.output, &list)?;
    let digests = count(entries.len(), "digest");
    let output = quoted(&args.output);
    remark_of(
        &args.output,
        format_args!("{output}: {digests} of {}", count(listed, "file")),
    )?;
    report_number(args, "left out", left_out.len(), "other file")?;
    report_number(args, "left out", empty, "empty file")?;
    report_unread(&errors, "file", "the list was")
}

/// The records of files that are asked for.
fn read(args: &Args, data: &[u8]) -> Result<BTreeMap<Vec<u8>, Recorded>> {
    let history = History::new(0, data);
    if let Some(cause) = history.broken {
        let number = history.extends.len();
        return Err(cause).with_context(|| format!("record {number} of the list"));
    }
    let mut files: BTreeMap<Vec<u8>, Recorded> = BTreeMap::new();
    for (_, record) in history.records() {
        let event = &record.event;
        let path = Path::new(OsStr::from_bytes(event.name));
        // Nothing but files has a name that begins with a slash, and the kernel names none by way
        // of another directory.
        let is_file =
            path.is_absolute() && path.components().all(|part| part != Component::ParentDir);
        let wanted = args.sources.iter().any(|source| path.starts_with(source));
        if !is_file || !(wanted || args.sources.is_empty()) {
            continue;
        }
        let recorded = files.entry(event.name.to_vec()).or_default();
        if record.is_violation() || event.digest.is_zero() {
            recorded.violation = true;
        } else if !event.verity && !event.digest.algo().is_weak() {
            recorded.digests.push(event.digest);
        }
    }
    Ok(files)
}

/// Looks at the file of that name in the list.
fn look_at(
    args: &Args,
    root: &Root,
    directories: &Directories,
    name: &[u8],
    recorded: &Recorded,
    buffer: &mut hash::Buffer,
) -> io::Result<Found> {
    if recorded.violation {
        return Ok(Found::Violated);
    }
    let recorded = recorded.digests.as_slice();
    if recorded.is_empty() {
        return Ok(Found::Incomparable);
    }
    let start = name.iter().position(|byte| *byte != b'/');
    let name = &name[start.unwrap_or(name.len())..];
    let mut best = look_at_path(args, root, name, recorded, buffer)?;
    if !name.contains(&b'_') {
        return Ok(best);
    }
    for path in others(root, directories, name)? {
        if matches!(best, Found::Entry(_) | Found::Empty) {
            break;
        }
        match look_at_path(args, root, &path, recorded, buffer)? {
            Found::Gone => (),
            found => best = found,
        }
    }
    Ok(best)
}

/// Other paths below `root` that have this name in the list, where spaces and control characters
/// became underscores.
fn others(root: &Root, directories: &Directories, name: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let mut paths = vec![Vec::new()];
    for part in name.split(|byte| *byte == b'/') {
        let mut longer = Vec::new();
        for path in &paths {
            let names_as = || directories.names_as(root, path, part);
            let same = part.contains(&b'_').then(names_as);
            let same = same.transpose()?.unwrap_or_default();
            let own = std::iter::once(part.to_vec());
            longer.extend(own.chain(same).map(|part| match path.is_empty() {
                true => part,
                false => [path, &b"/"[..], &part].concat(),
            }));
        }
        longer.truncate(MOST_PATHS);
        paths = longer;
    }
    paths.retain(|path| path != name);
    Ok(paths)
}

/// The names in a directory that are others in the list, by these.
type Names = HashMap<Vec<u8>, Vec<Vec<u8>>>;

/// Directories in which names were looked for, each of which is read once.
#[derive(Default)]
struct Directories(Mutex<HashMap<Vec<u8>, Arc<Names>>>);

impl Directories {
    /// The entries of the directory `path` below `root` whose names become `part` in the list, and
    /// are not `part`. None if there is no such directory.
    fn names_as(&self, root: &Root, path: &[u8], part: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = known().get(path).cloned();
        let names = match there {
            Some(names) => names,
            None => {
                let names = Arc::new(names_in(root, path)?);
                known().insert(path.to_vec(), names.clone());
                names
            }
        };
        Ok(names.get(part).cloned().unwrap_or_default())
    }
}

fn names_in(root: &Root, path: &[u8]) -> io::Result<Names> {
    let mut names = Names::new();
    let directory = match find(root, path)? {
        Some(directory) if directory.metadata()?.is_dir() => directory,
        _ => return Ok(names),
    };
    for name in rooted::names(&directory)? {
        let mut listed = Buffer::default();
        put_event_name(name.as_bytes(), &mut listed).map_err(io::Error::other)?;
        if listed.0 != name.as_bytes() {
            let same = names.entry(listed.0).or_default();
            same.push(name.as_bytes().to_vec());
        }
    }
    Ok(names)
}

fn look_at_path(
    args: &Args,
    root: &Root,
    path: &[u8],
    recorded: &[Digest],
    buffer: &mut hash::Buffer,
) -> io::Result<Found> {
    let mut file = match open(root, path)? {
        Ok(file) => file,
        Err(found) => return Ok(found),
    };
    let mut algos = vec![HashAlgo::from(args.algo)];
    for digest in recorded {
        if !algos.contains(&digest.algo()) {
            algos.push(digest.algo());
        }
    }
    let Some((size, digests)) = hash::hash_open(&mut file, &algos, buffer)? else {
        return Ok(Found::Changed);
    };
    let same = algos.iter().zip(&digests).any(|(algo, content)| {
        let mut of_algo = recorded.iter().filter(|digest| digest.algo() == *algo);
        of_algo.any(|digest| digest.as_bytes() == content)
    });
    // The first algorithm is the list's.
    Ok(match digests.into_iter().next() {
        Some(digest) if same && size > 0 => Found::Entry(Entry {
            kind: args.kind(false),
            verity: false,
            digest,
        }),
        _ if same => Found::Empty,
        _ => Found::Changed,
    })
}

/// Opens the regular file at `path` below `root`, or says what is there instead.
fn open(root: &Root, path: &[u8]) -> io::Result<Result<File, Found>> {
    if path.is_empty() {
        return Ok(Err(Found::Special));
    }
    let Some(found) = find(root, path)? else {
        return Ok(Err(Found::Gone));
    };
    if !found.metadata()?.is_file() {
        return Ok(Err(Found::Special));
    }
    open_regular(&found).map(Ok)
}

/// What is at `path` below `root`. Nothing if the path is not there, or leads through a link.
fn find(root: &Root, path: &[u8]) -> io::Result<Option<File>> {
    root.find(Path::new(OsStr::from_bytes(path)), Links::Refused)
}
