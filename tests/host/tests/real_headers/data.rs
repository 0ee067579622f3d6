// SPDX-License-Identifier: GPL-2.0

//! What `scripts/test-data` fetched.

use std::{
    collections::{
        BTreeMap,
        HashSet, //
    },
    env,
    fs,
    path::{
        Path,
        PathBuf, //
    },
    str::FromStr, //
};

use digest_logic::{
    cursor,
    rpm::{
        Header,
        Package,
        StoredSignature, //
    }, //
};
use host_tests::{
    skipped,
    written, //
};

/// The tag of the SHA-1 of what a header's signature covers, in hexadecimal digits.
const SHA1_HEADER: u32 = 269;

/// What rpm says of a header.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub sha1: String,
    pub sha256: String,
    pub name: String,
    pub algo: Option<u32>,
    pub files: Vec<SaidFile>,
}

/// What rpm says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidFile {
    pub mode: u16,
    pub flags: u32,
    pub size: u64,
    pub digest: String,
    pub path: String,
}

/// The data: each file as a whole, the headers are read from it.
pub struct Data {
    directory: PathBuf,
    databases: Vec<(Vec<u8>, Vec<Said>)>,
    packages: Vec<(Vec<u8>, Option<Said>, String)>,
}

impl Data {
    /// The data, or `None` and a message.
    pub fn open() -> Option<Self> {
        let directory = directory().filter(|directory| directory.join("databases").is_dir());
        let Some(directory) = directory else {
            skipped("no real headers here; fetch them with scripts/test-data");
            return None;
        };
        let databases = files(&directory.join("databases"), "headers")
            .into_iter()
            .map(|file| {
                let said = parse_said(&read_text(&file.with_extension("tsv")));
                (fs::read(file).unwrap(), said)
            })
            .collect();
        let packages = files(&directory.join("packages"), "rpm")
            .into_iter()
            .map(|file| {
                let said = file.with_extension("tsv");
                let said = said
                    .exists()
                    .then(|| parse_said(&read_text(&said)).remove(0));
                let name = file.file_name().unwrap().to_string_lossy().into_owned();
                (fs::read(file).unwrap(), said, name)
            })
            .collect();
        Some(Self {
            directory,
            databases,
            packages,
        })
    }

    /// Every distinct header with what rpm says of it.
    pub fn headers(&self) -> impl Iterator<Item = (Header<'_>, Said)> {
        let mut seen = HashSet::new();
        let installed = self.databases.iter().flat_map(|(data, said)| {
            let mut by_sha1: BTreeMap<&str, &Said> = BTreeMap::new();
            for said in said {
                by_sha1.insert(&said.sha1, said);
            }
            installed(data)
                .filter_map(|header| {
                    let sha1 = header.added(SHA1_HEADER)?;
                    let sha1 = String::from_utf8(sha1.string().ok()?.to_vec()).unwrap();
                    let said = by_sha1.get(sha1.as_str()).expect("rpm listed the header");
                    Some((header, (*said).clone()))
                })
                .collect::<Vec<_>>()
        });
        let packages = self.packages.iter().filter_map(|(data, said, _)| {
            let package = Package::parse(data).expect("a package of a crate");
            Some((package.header, said.clone()?))
        });
        installed.chain(packages).filter(move |(header, _)| {
            seen.insert(written(|sink| header.write_signed(sink)).unwrap())
        })
    }

    /// Every distinct signature with the header it is of.
    pub fn signatures(&self) -> impl Iterator<Item = (Header<'_>, StoredSignature<'_>, String)> {
        let mut seen = HashSet::new();
        let installed = self
            .databases
            .iter()
            .flat_map(|(data, _)| installed(data))
            .flat_map(|header| {
                let name = header.name().to_string();
                header
                    .signatures()
                    .map(move |stored| (header, stored, name.clone()))
            });
        let packages = self.packages.iter().flat_map(|(data, _, name)| {
            let package = Package::parse(data).expect("a package of a crate");
            package
                .signatures
                .signatures()
                .map(move |stored| (package.header, stored, name.clone()))
        });
        installed.chain(packages).filter(move |(_, stored, _)| {
            seen.insert(written(|sink| stored.write(sink)).expect("an encoded signature"))
        })
    }

    /// The files with armored keys.
    pub fn keys(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut directories = vec![self.directory.join("keys")];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.is_file() {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

/// The headers of a database. Keys, which rpm stores as headers of its own making, have no region
/// and end nothing.
fn installed(data: &[u8]) -> impl Iterator<Item = Header<'_>> {
    let mut cursor = cursor::Cursor::new(data);
    std::iter::from_fn(move || {
        while !cursor.is_empty() {
            let mut next = cursor.clone();
            let head = next.take(16).unwrap();
            let number = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().unwrap());
            let len = number(8) as usize * 16 + number(12) as usize;
            let body = next.take(len).unwrap();
            let whole = cursor.take(16 + len).unwrap();
            cursor = next;
            assert_eq!(whole.len(), body.len() + 16);
            match Header::parse(whole) {
                Ok(header) => return Some(header),
                Err(error) => assert!(
                    whole.windows(10).any(|bytes| bytes == b"gpg-pubkey"),
                    "{error:?}"
                ),
            }
        }
        None
    })
}

fn directory() -> Option<PathBuf> {
    let cache = env::var_os("CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache/digest-lists")))?;
    Some(cache.join("test-data"))
}

fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|other| other == extension))
        .collect();
    files.sort();
    files
}

fn read_text(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()
}

fn parse_said(text: &str) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.as_slice() {
            ["H", sha1, sha256, name, algo] => all.push(Said {
                sha1: (*sha1).to_owned(),
                sha256: (*sha256).to_owned(),
                name: (*name).to_owned(),
                algo: algo.parse().ok(),
                files: Vec::new(),
            }),
            ["F", mode, flags, size, digest, path] if *path != "(none)" => {
                all.last_mut().unwrap().files.push(SaidFile {
                    mode: number(mode),
                    flags: number(flags),
                    size: number(size),
                    digest: (*digest).to_owned(),
                    path: (*path).to_owned(),
                });
            }
            ["F", ..] => (),
            other => panic!("a line of rpm: {other:?}"),
        }
    }
    all
}

fn number<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}
