// SPDX-License-Identifier: GPL-2.0

//! RPM headers.

use digest_logic::rpm::tag;

/// An entry of a header.
#[derive(Clone, Debug)]
pub struct Entry {
    pub tag: u32,
    pub kind: u32,
    pub count: u32,
    pub align: usize,
    pub data: Vec<u8>,
}

impl Entry {
    pub fn new(tag: u32, kind: u32, count: usize, align: usize, data: Vec<u8>) -> Self {
        let count = count as u32;
        Self {
            tag,
            kind,
            count,
            align,
            data,
        }
    }

    pub fn int16(tag: u32, values: &[u16]) -> Self {
        let data = values.iter().flat_map(|value| value.to_be_bytes());
        Self::new(tag, 3, values.len(), 2, data.collect())
    }

    pub fn int32(tag: u32, values: &[u32]) -> Self {
        let data = values.iter().flat_map(|value| value.to_be_bytes());
        Self::new(tag, 4, values.len(), 4, data.collect())
    }

    pub fn int64(tag: u32, values: &[u64]) -> Self {
        let data = values.iter().flat_map(|value| value.to_be_bytes());
        Self::new(tag, 5, values.len(), 8, data.collect())
    }

    pub fn string(tag: u32, value: &str) -> Self {
        Self::new(tag, 6, 1, 1, [value.as_bytes(), &[0]].concat())
    }

    pub fn binary(tag: u32, value: &[u8]) -> Self {
        Self::new(tag, 7, value.len(), 1, value.to_vec())
    }

    pub fn strings<S: AsRef<str>>(tag: u32, values: &[S]) -> Self {
        let data = values
            .iter()
            .flat_map(|value| [value.as_ref().as_bytes(), &[0]].concat());
        Self::new(tag, 8, values.len(), 1, data.collect())
    }
}

/// A header; entries may be changed before it is made.
#[derive(Clone, Debug, Default)]
pub struct Header {
    pub entries: Vec<Entry>,
    pub added: Vec<Entry>,
}

impl Header {
    /// The header of a package with these files.
    pub fn of_files(files: &[File]) -> Self {
        let digests: Vec<&str> = files.iter().map(|file| file.digest.as_str()).collect();
        let column = |get: fn(&File) -> u32| files.iter().map(get).collect::<Vec<_>>();
        let modes: Vec<u16> = files.iter().map(|file| file.mode).collect();
        let names: Vec<String> = (0..files.len())
            .map(|number| format!("f{number}"))
            .collect();
        Self {
            entries: vec![
                Entry::string(tag::NAME, "hello"),
                Entry::string(tag::VERSION, "1.0"),
                Entry::string(tag::RELEASE, "2"),
                Entry::string(tag::ARCH, "noarch"),
                Entry::int32(tag::FILE_SIZES, &column(|file| file.size)),
                Entry::int16(tag::FILE_MODES, &modes),
                Entry::strings(tag::FILE_DIGESTS, &digests),
                Entry::int32(tag::FILE_FLAGS, &column(|file| file.flags)),
                Entry::string(tag::SOURCE_RPM, "hello-1.0-2.src.rpm"),
                Entry::int32(tag::DIR_INDEXES, &vec![0; files.len()]),
                Entry::strings(tag::BASE_NAMES, &names),
                Entry::strings(tag::DIR_NAMES, &["/usr/bin/"]),
                Entry::int32(tag::FILE_DIGEST_ALGO, &[8]),
            ],
            added: vec![],
        }
    }

    /// Replaces the entry with the same tag, or puts it where its tag belongs.
    pub fn with(mut self, entry: Entry) -> Self {
        self.entries.retain(|other| other.tag != entry.tag);
        let place = self.entries.partition_point(|other| other.tag < entry.tag);
        self.entries.insert(place, entry);
        self
    }

    pub fn without(mut self, tag: u32) -> Self {
        self.entries.retain(|entry| entry.tag != tag);
        self
    }

    /// The bytes of the header.
    pub fn build(&self) -> Vec<u8> {
        self.build_with_region(tag::HEADER_IMMUTABLE)
    }

    /// The bytes of the header, whose region has this tag.
    pub fn build_with_region(&self, region: u32) -> Vec<u8> {
        let mut index = Vec::new();
        let mut store = Vec::new();
        append(&self.entries, &mut index, &mut store);
        let entries = self.entries.len() as i32 + 1;
        let first = raw(region, 7, store.len() as u32, 16);
        store.extend(raw(region, 7, (-16 * entries) as u32, 16));
        let mut whole = first.to_vec();
        whole.append(&mut index);
        append(&self.added, &mut whole, &mut store);
        header(&whole, &store)
    }
}

fn append(entries: &[Entry], index: &mut Vec<u8>, store: &mut Vec<u8>) {
    for entry in entries {
        store.resize(store.len().next_multiple_of(entry.align), 0);
        index.extend(raw(entry.tag, entry.kind, store.len() as u32, entry.count));
        store.extend_from_slice(&entry.data);
    }
}

/// An entry of the index.
pub fn raw(tag: u32, kind: u32, offset: u32, count: u32) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (to, from) in bytes.chunks_mut(4).zip([tag, kind, offset, count]) {
        to.copy_from_slice(&from.to_be_bytes());
    }
    bytes
}

/// A header of this index and these data.
pub fn header(index: &[u8], store: &[u8]) -> Vec<u8> {
    [
        digest_logic::rpm::header::MAGIC.as_slice(),
        &(index.len() as u32 / 16).to_be_bytes(),
        &(store.len() as u32).to_be_bytes(),
        index,
        store,
    ]
    .concat()
}

/// A file of a package.
#[derive(Clone, Debug)]
pub struct File {
    pub digest: String,
    pub mode: u16,
    pub flags: u32,
    pub size: u32,
}

impl File {
    /// A file of some content with these permissions.
    pub fn new(byte: u8, permissions: u16) -> Self {
        Self {
            digest: format!("{byte:02x}").repeat(32),
            mode: 0o100_000 | permissions,
            flags: 0,
            size: 1,
        }
    }
}

/// Some files of every kind.
pub fn some_files() -> Vec<File> {
    let directory = File {
        digest: String::new(),
        mode: 0o040_755,
        ..File::new(0, 0)
    };
    let ghost = File {
        digest: String::new(),
        flags: 64,
        ..File::new(0, 0o644)
    };
    let config = File {
        flags: 1 | 16,
        ..File::new(4, 0o755)
    };
    vec![
        File::new(1, 0o755),
        directory,
        File::new(2, 0o644),
        File::new(3, 0o444),
        ghost,
        config,
        File::new(5, 0o4711),
    ]
}

/// The tag of the region of a package's signatures.
const HEADER_SIGNATURES: u32 = 62;

/// A package file with this header of signatures and this header.
pub fn package(signatures: &Header, header: &Header) -> Vec<u8> {
    let mut package = vec![0xed, 0xab, 0xee, 0xdb];
    package.resize(96, 0);
    package.extend(signatures.build_with_region(HEADER_SIGNATURES));
    package.resize(package.len().next_multiple_of(8), 0);
    package.extend(header.build());
    package
}
