// SPDX-License-Identifier: GPL-2.0

//! What a verifier remembers of a machine between rounds: at most 1 KiB, lines `key=value`.
//!
//! Which lists are in force stands in a file of its own, which machines with the same lists share:
//! in the directory `lists` beside the states, by its SHA-256.
//!
//! What was judged is remembered only of a round in which the machine was trusted. So what lies
//! before it needs no second look, as long as what the verifier expects is the same. Of a round in
//! which it was not, only is remembered when records were there ([`super::rounds`]).
//!
//! A state names its version, and the digestctl that wrote it. Its last line has a digest of the
//! others: what was damaged or cut is no state. Version 1 had neither, and is still read.

use std::{
    collections::{
        btree_map::Entry,
        BTreeMap,
        BTreeSet,
        HashMap, //
    },
    fs,
    io::ErrorKind,
    path::{
        Path,
        PathBuf, //
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
    digest::{
        Digest,
        Hex, //
    },
    evidence::attest::ClockInfo,
    hash_algo::HashAlgo, //
};

use super::{
    crypto::sha256,
    lists::Lists,
    rounds::{
        self,
        Rounds, //
    }, //
};
use crate::{
    format,
    output::{
        directory_of,
        is_standard,
        lock,
        sync,
        write_atomically,
        Replacer, //
    },
    report::quoted, //
};

/// How every state begins.
pub(crate) const BEGINNING: &[u8] = b"version=";

/// The version that is written.
const VERSION: &str = "2";

/// How many digits the last line has.
const DIGITS: usize = 16;

/// The largest state in bytes.
const MAX_STATE: usize = 1024;

/// The most files of lists that are kept in memory.
const MOST_LISTS: usize = 1024;

/// What is remembered of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// Of the last round in which it was trusted, if there was one.
    pub(crate) state: Option<State>,
    /// When records were there.
    pub(crate) rounds: Option<Rounds>,
}

/// What is remembered of a round in which a machine was trusted.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// That of the attestation key, in whatever form it was told.
    pub(crate) ak: Digest,
    /// The SHA-256 of what the verifier expected.
    pub(crate) inputs: Digest,
    /// How many records were judged.
    pub(crate) count: u64,
    pub(crate) clock: ClockInfo,
    pub(crate) pcr: u32,
    /// The PCR after these records, in each bank.
    pub(crate) values: Vec<Digest>,
    pub(crate) lists: Arc<Lists>,
}

/// Reads and writes states. Lists that machines share are read once for all of them.
#[derive(Default)]
pub(crate) struct States {
    /// By the digest of their file.
    lists: Mutex<HashMap<Digest, Arc<Lists>>>,
    /// What was read at each path: the SHA-256, or that there was nothing.
    read: Mutex<HashMap<PathBuf, Option<Digest>>>,
    files: Mutex<Replacer>,
}

impl States {
    /// Reads the one at `path`, if there is one.
    pub(crate) fn read(&self, path: &Path) -> Result<Option<Memory>> {
        if is_standard(path) {
            bail!("a state is in a file, not on standard output");
        }
        let data = content(path)?;
        let digest = data.as_deref().map(sha256);
        let read = self.read.lock();
        let mut read = read.unwrap_or_else(PoisonError::into_inner);
        read.insert(path.to_owned(), digest);
        drop(read);
        let Some(data) = data else {
            return Ok(None);
        };
        if let Some((version, by)) = newer(&data) {
            bail!(
                "{}: the state has version {version}, by digestctl {by}, and digestctl {} reads 1 \
                 and {VERSION}: judge the machine by digestctl {by} or newer",
                quoted(path),
                env!("CARGO_PKG_VERSION")
            );
        }
        self.parse(&data, path)
            .with_context(|| {
                format!(
                    "{} cannot be used as a state, and nothing was judged by it. Bring it back \
                     from a backup. Or delete it: the whole list is judged then, and the least \
                     serial numbers of lists (floor=) and the clock of the TPM are forgotten",
                    quoted(path)
                )
            })
            .map(Some)
    }

    fn parse(&self, data: &[u8], path: &Path) -> Result<Memory> {
        let text = std::str::from_utf8(data).ok();
        let lines = text.and_then(|text| text.strip_prefix("version="));
        let Some((version, _)) = lines.and_then(|lines| lines.split_once('\n')) else {
            bail!("it is no state, or was damaged");
        };
        let text = text.unwrap_or_default();
        let lines = match version {
            "1" => text
                .lines()
                .filter_map(|line| line.split_once('='))
                .collect(),
            VERSION => checked(text)?,
            _ => bail!("it is no state, or was damaged"),
        };
        if data.len() > MAX_STATE {
            bail!("it has more than {MAX_STATE} bytes");
        }
        let ak = Digest::parse(get(&lines, "ak")?)?;
        let state = match get(&lines, "count")? {
            "0" => None,
            _ => Some(self.parse_state(&lines, ak, path)?),
        };
        let rounds = lines.get("rounds");
        Ok(Memory {
            state,
            rounds: rounds.map(|text| Rounds::parse(text, ak)).transpose()?,
        })
    }

    fn parse_state(&self, lines: &Lines<'_>, ak: Digest, path: &Path) -> Result<State> {
        let get = |key| get(lines, key);
        Ok(State {
            ak,
            inputs: Digest::parse(get("inputs")?)?,
            count: get("count")?.parse()?,
            clock: ClockInfo {
                clock: get("clock")?.parse()?,
                reset_count: get("reset_count")?.parse()?,
                restart_count: get("restart_count")?.parse()?,
                safe: true,
            },
            pcr: get("pcr")?.parse()?,
            values: HashAlgo::ALL
                .into_iter()
                .filter_map(|algo| Some((algo, lines.get(algo.name())?)))
                .map(|(algo, hex)| Digest::from_hex(algo, hex.as_bytes()))
                .collect::<Result<_, _>>()?,
            lists: self.lists(&Digest::parse(get("lists")?)?, path)?,
        })
    }

    /// The lists with this digest beside the state at `path`.
    fn lists(&self, digest: &Digest, path: &Path) -> Result<Arc<Lists>> {
        let kept = || self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lists) = kept().get(digest) {
            return Ok(lists.clone());
        }
        let file = lists_path(path, digest);
        let data = format::read(&file)?;
        if sha256(&data) != *digest {
            bail!("{} has changed", quoted(&file));
        }
        let read = Arc::new(Lists::parse(std::str::from_utf8(&data)?)?);
        let mut lists = kept();
        if lists.len() >= MOST_LISTS {
            lists.clear();
        }
        lists.insert(*digest, read.clone());
        Ok(read)
    }

    /// The files of lists beside the states in this directory, by their names.
    pub(crate) fn lists_in(directory: &Path) -> Result<Vec<(Digest, PathBuf)>> {
        let directory = directory.join("lists");
        if !directory.exists() {
            return Ok(Vec::new());
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(&directory).with_context(|| quoted(&directory))? {
            let entry = entry?;
            let name = entry.file_name();
            if let Ok(digest) = Digest::from_hex(HashAlgo::Sha256, name.as_encoded_bytes()) {
                files.push((digest, entry.path()));
            }
        }
        Ok(files)
    }

    /// Writes states to their paths: all of them are on the disk, or those before are still there.
    ///
    /// # Errors
    ///
    /// Also if another run has written one since it was read: what it has judged would be
    /// forgotten.
    pub(crate) fn write(&self, states: &[(&Path, &Memory)]) -> Result<()> {
        // Each once: another name for the same directory would wait for ever.
        let directories = states.iter().map(|(path, _)| directory_of(path));
        let directories: BTreeSet<_> = directories
            .filter_map(|path| path.canonicalize().ok())
            .collect();
        // Not every file system locks directories.
        let _held: Vec<_> = directories.iter().map(|path| lock(path)).collect();
        let mut files = Vec::new();
        // The files of lists, with the text of those that are missing.
        let mut shared = BTreeMap::new();
        // Most machines have the lists of the last round.
        let mut known: HashMap<*const Lists, Digest> = HashMap::new();
        let kept = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(
            kept.iter()
                .map(|(digest, lists)| (Arc::as_ptr(lists), *digest)),
        );
        for (path, memory) in states {
            let Some(state) = &memory.state else {
                let text = memory.to_text(None)?;
                make(directory_of(path))?;
                self.check_unchanged(path, &text)?;
                files.push((*path, text));
                continue;
            };
            let known = known.get(&Arc::as_ptr(&state.lists));
            let text = known.map_or_else(|| state.lists.to_text(), |_| String::new());
            let digest = known.copied().unwrap_or_else(|| sha256(text.as_bytes()));
            let file = lists_path(path, &digest);
            // One that was damaged since is no file of these lists.
            let good = |file: &Path| fs::read(file).is_ok_and(|data| sha256(&data) == digest);
            if let Entry::Vacant(entry) = shared.entry(file) {
                let missing = (!good(entry.key())).then(|| state.lists.to_text());
                entry.insert(missing);
            }
            let text = memory.to_text(Some((state, &digest)))?;
            self.check_unchanged(path, &text)?;
            files.push((*path, text));
        }
        let missing = shared.iter();
        for (file, lists) in missing.filter_map(|(file, lists)| Some((file, lists.as_ref()?))) {
            make(directory_of(file))?;
            write_atomically(file, lists.as_bytes())?;
            // A state that is on the disk has its lists there.
            if let Some(parent) = file.parent() {
                sync(parent)?;
            }
        }
        if let [(path, text)] = &files[..] {
            return write_atomically(path, text.as_bytes());
        }
        let mut replacer = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        replacer.replace(&files)
    }

    /// The file at `path` is as it was read, or has this text already.
    fn check_unchanged(&self, path: &Path, text: &str) -> Result<()> {
        let read = self.read.lock();
        let read = read.unwrap_or_else(PoisonError::into_inner);
        let Some(before) = read.get(path) else {
            return Ok(());
        };
        let now = content(path)?.as_deref().map(sha256);
        if now != *before && now != Some(sha256(text.as_bytes())) {
            bail!(
                "{} was written by another run meanwhile, and stays as that has left it: judge the \
                 machine again",
                quoted(path)
            );
        }
        Ok(())
    }
}

fn make(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", quoted(directory)))
}

/// What is at `path`, if there is something.
fn content(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(data) => Ok(Some(data)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", quoted(path))),
    }
}

impl Memory {
    /// The text of it, with the digest of the lists of the state.
    fn to_text(&self, state: Option<(&State, &Digest)>) -> Result<String> {
        let by = env!("CARGO_PKG_VERSION");
        let mut text = format!("version={VERSION}\ndigestctl={by}\n");
        let of_rounds = self.rounds.as_ref().map(|rounds| rounds.of.ak);
        let ak = state.map(|(state, _)| state.ak).or(of_rounds);
        let ak = ak.context("there is nothing to remember")?;
        text.push_str(&format!("ak={ak}\n"));
        match state {
            Some((state, lists)) => state.write(lists, &mut text),
            None => text.push_str("count=0\n"),
        }
        // As many rounds as there is room for.
        let room = MAX_STATE.saturating_sub(text.len() + "rounds=\nend=\n".len() + DIGITS);
        let mut rounds = self.rounds.clone().filter(|rounds| rounds.of.ak == ak);
        if let Some(rounds) = &mut rounds {
            let mut most = rounds::MOST;
            while rounds.to_text().len() > room && most > 1 {
                most -= 1;
                rounds.thin(most, &BTreeSet::new());
            }
        }
        let rounds = rounds.map(|rounds| rounds.to_text());
        if let Some(rounds) = rounds.filter(|rounds| rounds.len() <= room) {
            text.push_str(&format!("rounds={rounds}\n"));
        }
        text.push_str(&format!("end={}\n", end_of(&text)));
        if text.len() > MAX_STATE {
            bail!("the state has {} bytes, more than {MAX_STATE}", text.len());
        }
        Ok(text)
    }
}

impl State {
    fn write(&self, lists: &Digest, text: &mut String) {
        let Self {
            ak: _,
            inputs,
            count,
            clock,
            pcr,
            values,
            lists: _,
        } = self;
        text.push_str(&format!(
            "inputs={inputs}\ncount={count}\nreset_count={}\nrestart_count={}\nclock={}\npcr={pcr}\n",
            clock.reset_count, clock.restart_count, clock.clock
        ));
        for value in values {
            text.push_str(&format!("{}={}\n", value.algo(), Hex(value.as_bytes())));
        }
        text.push_str(&format!("lists={lists}\n"));
    }
}

/// The values of a state by their keys.
type Lines<'a> = BTreeMap<&'a str, &'a str>;

fn get<'a>(lines: &Lines<'a>, key: &str) -> Result<&'a str> {
    let value = lines.get(key).copied();
    value.with_context(|| format!("'{key}' is missing"))
}

/// The version of a state that another digestctl wrote, and the version of that one; none of a
/// state that can be read here, or that was damaged.
fn newer(data: &[u8]) -> Option<(u32, &str)> {
    let mut lines = std::str::from_utf8(data).ok()?.lines();
    let version = lines.next()?.strip_prefix("version=")?.parse().ok()?;
    let by = lines.next()?.strip_prefix("digestctl=")?;
    let is_known = version == 1 || VERSION.parse() == Ok(version);
    let is_ours = by == env!("CARGO_PKG_VERSION");
    (!is_known && !is_ours).then_some((version, by))
}

/// What the last line says of the text before it.
fn end_of(text: &str) -> String {
    let mut digits = Hex(sha256(text.as_bytes()).as_bytes()).to_string();
    digits.truncate(DIGITS);
    digits
}

/// The lines of a state, which is as it was written.
fn checked(text: &str) -> Result<Lines<'_>> {
    const KEYS: [&str; 12] = [
        "version",
        "digestctl",
        "ak",
        "inputs",
        "count",
        "reset_count",
        "restart_count",
        "clock",
        "pcr",
        "lists",
        "rounds",
        "end",
    ];
    let before = text.rfind("end=").map_or("", |at| &text[..at]);
    if text != format!("{before}end={}\n", end_of(before)) {
        bail!("it was damaged or cut: its last line is not that of the others");
    }
    let mut lines = Lines::new();
    for line in text.lines() {
        let (key, value) = line.split_once('=').context("a line has no '='")?;
        let is_known = KEYS.contains(&key) || HashAlgo::from_name(key).is_ok();
        if !is_known || lines.insert(key, value).is_some() {
            bail!("its line '{key}' is not known, or stands twice");
        }
    }
    Ok(lines)
}

fn lists_path(state: &Path, digest: &Digest) -> PathBuf {
    let directory = state.parent().unwrap_or(Path::new("."));
    directory
        .join("lists")
        .join(Hex(digest.as_bytes()).to_string())
}
