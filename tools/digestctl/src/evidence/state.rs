// SPDX-License-Identifier: GPL-2.0

//! What a verifier remembers of a machine between rounds: at most 1 KiB, lines `key=value`.
//!
//! Which lists are in force stands in a file of its own, which machines with the same lists share:
//! in the directory `lists` beside the states, by its SHA-256.
//!
//! A state is written only after a round in which the machine was trusted. So what lies before it
//! needs no second look, as long as what the verifier expects is the same.

use std::{
    collections::BTreeMap,
    fs,
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
    lists::Lists, //
};
use crate::{
    format,
    output::write_atomically,
    report::quoted, //
};

/// The largest state in bytes.
const MAX_STATE: usize = 1024;

/// What is remembered.
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
    pub(crate) lists: Lists,
}

impl State {
    /// Reads the one at `path`, if there is one.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let data = format::read(path)?;
        let text = std::str::from_utf8(&data)
            .ok()
            .filter(|text| text.len() <= MAX_STATE)
            .with_context(|| format!("{} is no state", quoted(path)))?;
        Self::parse(text, path)
            .with_context(|| format!("{} is no state; delete it to begin anew", quoted(path)))
            .map(Some)
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let lines: BTreeMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        let get = |key: &str| {
            lines
                .get(key)
                .copied()
                .with_context(|| format!("'{key}' is missing"))
        };
        if get("version")? != "1" {
            bail!("its version is not 1");
        }
        let lists = Digest::parse(get("lists")?)?;
        let file = lists_path(path, &lists);
        let data = format::read(&file)?;
        if sha256(&data) != lists {
            bail!("{} has changed", quoted(&file));
        }
        Ok(Self {
            ak: Digest::parse(get("ak")?)?,
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
            lists: Lists::parse(std::str::from_utf8(&data)?)?,
        })
    }

    /// Writes it to `path`.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let lists = self.lists.to_text();
        let digest = sha256(lists.as_bytes());
        let file = lists_path(path, &digest);
        if !file.exists() {
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)
                    .with_context(|| format!("cannot make {}", quoted(parent)))?;
            }
            write_atomically(&file, lists.as_bytes())?;
        }
        let Self {
            ak,
            inputs,
            count,
            clock,
            pcr,
            values,
            lists: _,
        } = self;
        let mut text = format!(
            "version=1\nak={ak}\ninputs={inputs}\ncount={count}\nreset_count={}\nrestart_count={}\nclock={}\npcr={pcr}\n",
            clock.reset_count, clock.restart_count, clock.clock
        );
        for value in values {
            text.push_str(&format!("{}={}\n", value.algo(), Hex(value.as_bytes())));
        }
        text.push_str(&format!("lists={digest}\n"));
        if text.len() > MAX_STATE {
            bail!("the state has {} bytes, more than {MAX_STATE}", text.len());
        }
        write_atomically(path, text.as_bytes())
    }
}

fn lists_path(state: &Path, digest: &Digest) -> PathBuf {
    let directory = state.parent().unwrap_or(Path::new("."));
    directory
        .join("lists")
        .join(Hex(digest.as_bytes()).to_string())
}
