// SPDX-License-Identifier: GPL-2.0

//! The indexes of a Debian archive: InRelease, which has the digests of the Packages files, and
//! these, which have those of the package files
//! (<https://wiki.debian.org/DebianRepository/Format>).

use std::{
    collections::{
        BTreeMap,
        BTreeSet, //
    },
    io::{
        Read,
        Seek,
        Write, //
    },
    path::{
        Path,
        PathBuf, //
    },
    process::{
        Command,
        Stdio, //
    }, //
};

use anyhow::{
    anyhow,
    bail,
    Context,
    Result, //
};
use digest_logic::{
    asn1::{
        GENERALIZED_TIME,
        UTC_TIME, //
    },
    digest::decode_hex,
    time, //
};

use crate::{
    format::read_at_most,
    hash::hash_bytes,
    report::{
        quoted,
        No, //
    },
    signature::is_signature, //
};

/// The largest index that is read, in bytes.
const MAX_INDEX: u64 = 1 << 30;

/// How Packages files are compressed, and by which program.
const COMPRESSED: [(&str, Option<&str>); 3] =
    [("", None), (".xz", Some("xz")), (".gz", Some("gzip"))];

/// How far the clock may be behind that of the archive, in seconds.
const TOLERANCE: i64 = 86_400;

/// The size and the SHA-256 digest of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) size: u64,
    pub(super) sha256: [u8; 32],
}

/// What InRelease says.
pub(super) struct Release {
    /// Whose archive it is.
    pub(super) origin: String,
    /// Which release: its codename, or else its suite.
    pub(super) release: String,
    /// When it was made, as it says it.
    pub(super) date: String,
    /// The same, in seconds since 1970.
    pub(super) made: i64,
    ends: Option<i64>,
    /// The files of the release, by their names.
    files: BTreeMap<String, Content>,
}

impl Content {
    fn of(data: &[u8]) -> Self {
        Self {
            size: data.len() as u64,
            sha256: hash_bytes(data),
        }
    }
}

impl Release {
    /// Reads what is signed.
    pub(super) fn parse(text: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(text).context("it is no text")?;
        let field = |name: &str| {
            let mut lines = text.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            value.map(|value| value.trim().to_owned())
        };
        let date = field("Date").context("it has no Date")?;
        let time = |text: &str| seconds(text).with_context(|| format!("'{text}' is no time"));
        let mut files = BTreeMap::new();
        let section = text.lines().skip_while(|line| line.trim_end() != "SHA256:");
        for line in section.skip(1).take_while(|line| line.starts_with(' ')) {
            let words: Vec<_> = line.split_whitespace().collect();
            let [digest, size, name] = words[..] else {
                bail!("its line '{line}' is no file");
            };
            files.insert(name.to_owned(), content(digest, size)?);
        }
        if files.is_empty() {
            bail!("it has no SHA-256 digests of files");
        }
        let release = field("Codename").or_else(|| field("Suite"));
        Ok(Self {
            origin: field("Origin").unwrap_or_default(),
            release: release.unwrap_or_default(),
            made: time(&date)?,
            ends: field("Valid-Until").map(|end| time(&end)).transpose()?,
            date,
            files,
        })
    }

    /// Its origin and its release, for people.
    pub(super) fn name(&self) -> String {
        name_of(&self.origin, &self.release)
    }

    /// Refuses it outside of the time that it is for.
    pub(super) fn check_time(&self, now: i64) -> Result<()> {
        if self.made > now.saturating_add(TOLERANCE) {
            return Err(No::error(format!(
                "it is of {}, which is yet to come by this system's clock (--any-date takes it)",
                self.date
            )));
        }
        if self.ends.is_some_and(|end| end < now) {
            return Err(No::error(format!(
                "it is of {}, and its Valid-Until is over: get a newer one, or --any-date takes it",
                self.date
            )));
        }
        Ok(())
    }

    /// The names of the Packages files, none of them compressed.
    fn indexes(&self) -> BTreeSet<&str> {
        let plain = |name: &'_ String| {
            let length = COMPRESSED.iter().find_map(|(suffix, _)| {
                let name = name.strip_suffix(suffix)?;
                name.ends_with("/Packages").then_some(name.len())
            });
            length.unwrap_or_default()
        };
        let names = self.files.keys();
        let names = names.filter_map(|name| name.get(..plain(name)));
        names.filter(|name| architecture(name).is_some()).collect()
    }

    /// The Packages files that lie where InRelease is, as in an archive, or as apt keeps them; and
    /// the names of those of packages that do not.
    pub(super) fn find_indexes(&self, in_release: &Path) -> (Vec<(PathBuf, String)>, Vec<String>) {
        let file = in_release.file_name().unwrap_or_default().to_string_lossy();
        let prefix = file.strip_suffix("InRelease").unwrap_or_default();
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for name in self.indexes() {
            let before = found.len();
            for (suffix, _) in COMPRESSED {
                let name = format!("{name}{suffix}");
                let path = match prefix {
                    "" => in_release.with_file_name(&name),
                    prefix => {
                        in_release.with_file_name(format!("{prefix}{}", name.replace('/', "_")))
                    }
                };
                if self.files.contains_key(&name) && path.is_file() {
                    found.push((path, name));
                    break;
                }
            }
            let is_empty = self.files.get(name).is_some_and(|file| file.size == 0);
            // What is only for the installer is not listed.
            let is_installer = name.contains("/debian-installer/");
            if found.len() == before && !is_empty && !is_installer {
                missing.push(name.to_owned());
            }
        }
        (found, missing)
    }

    /// The text of a Packages file, whose content has to be that of the file `name` of the release,
    /// or of any.
    pub(super) fn index(&self, path: &Path, name: Option<&str>) -> Result<Vec<u8>> {
        let most = usize::try_from(MAX_INDEX)?;
        let data = read_at_most(path, most + 1)?;
        if data.len() > most {
            bail!("{} is larger than {most} bytes", quoted(path));
        }
        let content = Content::of(&data);
        let named = match name {
            Some(name) => self.files.get_key_value(name),
            None => self.files.iter().find(|(_, known)| **known == content),
        };
        let Some((name, _)) = named.filter(|(_, known)| **known == content) else {
            return Err(No::error(format!(
                "{} is not the one of this InRelease: its digest is another",
                quoted(path)
            )));
        };
        let compressed = COMPRESSED.iter().skip(1);
        let program = compressed
            .filter_map(|(suffix, program)| Some((name.strip_suffix(suffix)?, (*program)?)))
            .next();
        let Some((whole, program)) = program else {
            return Ok(data);
        };
        let whole = self.files.get(whole);
        let data = decompress(
            path,
            &data,
            program,
            whole.map_or(MAX_INDEX, |whole| whole.size),
        )?;
        match whole {
            Some(whole) if *whole != Content::of(&data) => Err(No::error(format!(
                "{} is not what InRelease says it is when it is decompressed",
                quoted(path)
            ))),
            _ => Ok(data),
        }
    }
}

/// The architecture of the packages of the index with this name.
pub(super) fn architecture(index: &str) -> Option<&str> {
    index.rsplit('/').nth(1)?.strip_prefix("binary-")
}

/// A release by its origin and its codename or suite, for people.
pub(super) fn name_of(origin: &str, release: &str) -> String {
    let words = [origin, release].into_iter();
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The package files that an index names.
#[derive(Default)]
pub(super) struct Index {
    /// For each its name, and what it has.
    pub(super) packages: Vec<(String, Content)>,
    /// The names of those that only the installer reads.
    pub(super) installers: Vec<String>,
}

/// Reads the text of an index.
pub(super) fn parse_index(index: &[u8]) -> Result<Index> {
    let text = std::str::from_utf8(index).context("it is no text")?;
    let mut index = Index::default();
    for paragraph in text.split("\n\n") {
        if paragraph.trim().is_empty() {
            continue;
        }
        let field = |name: &str| {
            let mut lines = paragraph.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let name = name.to_owned();
            value
                .map(str::trim)
                .with_context(|| format!("a package has no {name}"))
        };
        let path = field("Filename")?;
        let name = path.rsplit('/').next().unwrap_or_default();
        if name.ends_with(".udeb") {
            index.installers.push(name.to_owned());
            continue;
        }
        let is_plain = name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_graphic());
        let Some(list) = name.strip_suffix(".deb").filter(|_| is_plain) else {
            bail!("'{}' is no name of a package file", path.escape_default());
        };
        if is_signature(list) {
            bail!(
                "'{}' is no name of a package file: its list would have the name of a signature",
                path.escape_default()
            );
        }
        index
            .packages
            .push((name.to_owned(), content(field("SHA256")?, field("Size")?)?));
    }
    Ok(index)
}

fn content(digest: &str, size: &str) -> Result<Content> {
    let mut sha256 = [0; 32];
    let len = decode_hex(digest.as_bytes(), &mut sha256).map_err(|error| anyhow!("{error}"))?;
    if len != sha256.len() {
        bail!("'{digest}' is no SHA-256 digest");
    }
    let size = size
        .parse()
        .with_context(|| format!("'{size}' is no size"))?;
    Ok(Content { size, sha256 })
}

/// What `compressed` has when it is decompressed, which is at most `most` bytes. It is of the file
/// `path`, which is not read again: its content may be another one by now.
fn decompress(path: &Path, compressed: &[u8], program: &str, most: u64) -> Result<Vec<u8>> {
    let mut file = tempfile::tempfile().context("cannot make a temporary file")?;
    file.write_all(compressed)?;
    file.rewind()?;
    let mut child = Command::new(program)
        .arg("-dc")
        .stdin(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot run {program}"))?;
    let mut data = Vec::new();
    let output = child.stdout.take().context("no output")?;
    let read = output.take(most.saturating_add(1)).read_to_end(&mut data);
    let status = child.wait()?;
    read.with_context(|| format!("cannot read {}", quoted(path)))?;
    if data.len() as u64 > most {
        return Err(No::error(format!(
            "{} is larger than it says",
            quoted(path)
        )));
    }
    if !status.success() {
        bail!("{program} cannot decompress {} ({status})", quoted(path));
    }
    Ok(data)
}

/// The seconds since 1970 of a time such as `Thu, 26 Nov 2026 02:14:46 UTC`.
pub(super) fn seconds(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let words: Vec<_> = text.split_whitespace().collect();
    let [_, day, month, year, clock, "UTC" | "GMT" | "+0000"] = words[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let year: u32 = year.parse().ok()?;
    let clock: String = clock.split(':').collect();
    let rest = format!("{month:02}{day:0>2}{clock:0>6}Z");
    let (tag, year) = match year {
        1970..2050 => (UTC_TIME, format!("{:02}", year % 100)),
        2050.. => (GENERALIZED_TIME, year.to_string()),
        _ => return None,
    };
    time::parse(tag, format!("{year}{rest}").as_bytes()).ok()
}
