// SPDX-License-Identifier: GPL-2.0

//! The kernel's audit records of refusals: from the kernel, which sends them to all who listen
//! besides auditd, or from a file.
//!
//! Text of records: `type=1800 audit(TIME:NUMBER): KEY=VALUE
//! …`. The kernel sends the type apart. With `log_format = ENRICHED` (auditd.conf(5)) auditd writes
//! behind that, after the byte 0x1d, what numbers mean: `UID="alice" AUID="unset"`.

use std::{
    collections::HashMap,
    fmt,
    fs::File,
    io::{
        Read,
        Seek,
        SeekFrom, //
    },
    os::fd::OwnedFd,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    Context,
    Result, //
};
use rustix::{
    io::Errno,
    net::{
        bind,
        netlink::{
            SocketAddrNetlink,
            AUDIT, //
        },
        recv,
        socket_with,
        AddressFamily,
        RecvFlags,
        SocketFlags,
        SocketType, //
    }, //
};
use serde_json::{
    Map,
    Value, //
};

use crate::{
    json,
    report::{
        complain,
        quoted, //
    },
    terminal::plain, //
};

/// `AUDIT_INTEGRITY_DATA`, `AUDIT_INTEGRITY_METADATA`, `AUDIT_INTEGRITY_PCR`
/// (include/uapi/linux/audit.h), and as auditd writes them.
const TYPES: [(&str, &str); 3] = [
    ("1800", "INTEGRITY_DATA"),
    ("1801", "INTEGRITY_METADATA"),
    ("1804", "INTEGRITY_PCR"),
];

/// `AUDIT_NLGRP_READLOG`, the first group.
const READLOG: u32 = 1;

/// The largest record that is read, in bytes: MAX_AUDIT_MESSAGE_LENGTH, and its header.
const MAX_RECORD: usize = 8970 + HEADER;

/// The length of a `struct nlmsghdr` in bytes: length, type (at 4), flags, sequence, port.
const HEADER: usize = 16;

/// What stands between a record and what auditd adds to it (AUDIT_INTERP_SEPARATOR of libaudit).
const ADDED: char = '\u{1d}';

/// How many looks a refusal that was counted is waited for: its record comes a moment later.
const PATIENCE: u32 = 4;

/// Where records come from.
enum Source {
    Kernel(OwnedFd),
    File {
        path: PathBuf,
        file: File,
        /// The beginning of a line whose end is not there yet.
        rest: Vec<u8>,
    },
    /// None can be had; the number is told.
    Nothing,
}

/// The refusals that come, and how many of them the kernel did not tell of.
pub(super) struct Refusals {
    source: Source,
    /// How many were counted, and have no record yet. Below zero if records came before that.
    owed: i64,
    /// For how many looks.
    looks: u32,
}

/// A refusal, as an audit record tells it.
pub(super) struct Refusal(HashMap<String, String>);

impl Refusals {
    /// Those that come from now on.
    pub(super) fn open(path: Option<&Path>) -> Result<Self> {
        let source = match path {
            Some(path) => {
                let open = || {
                    let mut file = File::open(path)?;
                    file.seek(SeekFrom::End(0))?;
                    std::io::Result::Ok(file)
                };
                Source::File {
                    path: path.to_owned(),
                    file: open().with_context(|| format!("cannot read {}", quoted(path)))?,
                    rest: Vec::new(),
                }
            }
            None => listen().map_or_else(
                |error| {
                    complain(format_args!(
                        "note: refusals are only counted, since the kernel's audit records cannot \
                         be had: {error} (this needs root, with CAP_AUDIT_READ)"
                    ));
                    Source::Nothing
                },
                Source::Kernel,
            ),
        };
        Ok(Self {
            source,
            owed: 0,
            looks: 0,
        })
    }

    /// Those that came since the last look.
    pub(super) fn read(&mut self) -> Result<Vec<Refusal>> {
        let mut found = Vec::new();
        match &mut self.source {
            Source::Nothing => (),
            Source::Kernel(socket) => {
                let mut message = vec![0; MAX_RECORD];
                loop {
                    match recv(&*socket, message.as_mut_slice(), RecvFlags::empty()) {
                        Ok((_, len)) => found
                            .extend(Refusal::of_message(message.get(..len).unwrap_or_default())),
                        Err(Errno::AGAIN) => break,
                        // There were more than the kernel kept: they are counted.
                        Err(Errno::NOBUFS | Errno::INTR) => (),
                        Err(error) => return Err(error).context("cannot read audit records"),
                    }
                }
            }
            Source::File { path, file, rest } => {
                file.read_to_end(rest)
                    .with_context(|| format!("cannot read {}", quoted(path)))?;
                let end = rest.iter().rposition(|byte| *byte == b'\n');
                let lines: Vec<u8> = rest.drain(..end.map_or(0, |end| end + 1)).collect();
                let text = String::from_utf8_lossy(&lines);
                found.extend(text.lines().filter_map(Refusal::of_line));
                // auditd begins a new file, and gives the old one another name.
                if let Ok(named) = File::open(&*path) {
                    if !is_same(file, &named) {
                        *file = named;
                        rest.clear();
                    }
                }
            }
        }
        Ok(found)
    }

    /// The module counted `denied` more, and `told` records came.
    pub(super) fn count(&mut self, denied: u64, told: u64) {
        let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
        self.owed = self
            .owed
            .saturating_add(signed(denied))
            .saturating_sub(signed(told));
    }

    /// How many have been counted for some time, and have no record.
    pub(super) fn untold(&mut self) -> Option<u64> {
        let patience = match self.source {
            Source::Nothing => 0,
            _ => PATIENCE,
        };
        if self.owed == 0 {
            self.looks = 0;
            return None;
        }
        self.looks += 1;
        if self.looks <= patience {
            return None;
        }
        self.looks = 0;
        // Records without a count are those of IMA.
        u64::try_from(std::mem::take(&mut self.owed)).ok()
    }
}

fn listen() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(AUDIT))?;
    bind(&socket, &SocketAddrNetlink::new(0, READLOG))?;
    Ok(socket)
}

fn is_same(one: &File, other: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => true,
    }
}

impl Refusal {
    /// From what the kernel sends.
    fn of_message(message: &[u8]) -> Option<Self> {
        let (header, text) = message.split_at_checked(HEADER)?;
        let number = u16::from_ne_bytes(header.get(4..6)?.try_into().ok()?).to_string();
        let text = String::from_utf8_lossy(text);
        TYPES
            .iter()
            .any(|(known, _)| *known == number)
            .then(|| Self::of_words(&text))?
    }

    /// From a line of auditd's file, or of the kernel log.
    fn of_line(line: &str) -> Option<Self> {
        let kind = line
            .split(' ')
            .find_map(|word| word.strip_prefix("type="))?;
        TYPES
            .iter()
            .any(|(number, name)| [*number, *name].contains(&kind))
            .then(|| Self::of_words(line))?
    }

    fn of_words(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('\0');
        // What is added counts only for what the record does not say: its keys are upper case.
        let (record, added) = text.split_once(ADDED).unwrap_or((text, ""));
        let is_added = |key: &&str| key.starts_with(|first: char| first.is_ascii_uppercase());
        let added = added.split_inclusive("\" ").filter_map(|word| {
            let (key, value) = word.trim_end().split_once('=')?;
            Some(key).filter(is_added).map(|key| (key, value))
        });
        let words: HashMap<_, _> = record
            .split_ascii_whitespace()
            .filter_map(|word| word.split_once('='))
            .chain(added)
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let is = |key: &str, value: &str| words.get(key).is_some_and(|word| word == value);
        let refused = is("op", "appraise_data")
            || is("op", "appraise_metadata")
            || is("cause", "tpm-required");
        refused.then_some(Self(words))
    }

    /// Whether it is among what the module counts as `files_denied`.
    pub(super) fn is_counted(&self) -> bool {
        self.word("op") == "appraise_data"
    }

    fn word(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// The user's name, where auditd added it; it writes `unknown(7)` of one that it does not know.
    fn user(&self) -> Option<String> {
        let user = self.untrusted("UID");
        (!user.is_empty() && !user.starts_with("unknown(")).then_some(user)
    }

    /// A value that is quoted, or in hexadecimal.
    fn untrusted(&self, key: &str) -> String {
        let value = self.word(key);
        if let Some(inner) = value.strip_prefix('"') {
            return plain(inner.trim_end_matches('"').as_bytes());
        }
        let digits = value.as_bytes();
        let bytes: Option<Vec<u8>> = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        match bytes {
            Some(bytes) if digits.len() % 2 == 0 => plain(&bytes),
            _ => plain(digits),
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("event".into(), "denied".into());
        for key in ["op", "cause"] {
            object.insert(key.into(), plain(self.word(key).as_bytes()).into());
        }
        for key in ["name", "comm"] {
            object.insert(key.into(), self.untrusted(key).into());
        }
        for key in ["pid", "uid", "errno", "rule"] {
            if !self.word(key).is_empty() {
                object.insert(key.into(), json::scalar(self.word(key)));
            }
        }
        if let Some(user) = self.user() {
            object.insert("user".into(), user.into());
        }
        for (key, field) in [("hash", "digest"), ("xattr", "xattr")] {
            if !self.word(key).is_empty() {
                object.insert(field.into(), self.untrusted(key).into());
            }
        }
        Value::Object(object)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cause, uid) = (self.word("cause"), self.word("uid"));
        write!(f, "{}: {}", plain(cause.as_bytes()), self.untrusted("name"))?;
        write!(f, ", by {}", self.untrusted("comm"))?;
        if !uid.is_empty() {
            write!(f, " of the user {}", plain(uid.as_bytes()))?;
        }
        if let Some(user) = self.user() {
            write!(f, " ({user})")?;
        }
        if !self.word("rule").is_empty() {
            write!(f, ", rule {}", plain(self.word("rule").as_bytes()))?;
        }
        Ok(())
    }
}
