// SPDX-License-Identifier: GPL-2.0

//! What a program or a library asks the loader for: the interpreter and the libraries that its
//! dynamic section names (ELF specification, "Program Loading and Dynamic Linking").
//!
//! Little-endian files of 32 and of 64 bits are read. Nothing of a file is believed: what is not in
//! it, or not of this form, is not there.

/// The segments that count.
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;

/// The entries that count.
const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;

/// How many segments and entries of the dynamic section are looked at.
const MOST: usize = 4096;

/// The longest name of a file, and the most directories to look in first.
pub(crate) const PATH_MAX: usize = 4096;
pub(crate) const DIRECTORIES: usize = 64;

/// What a file asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The loader, by its path.
    pub(crate) interpreter: Option<String>,
    /// Libraries, by their names.
    pub(crate) libraries: Vec<String>,
    /// Where to look for these first, joined by colons.
    pub(crate) path: Option<String>,
}

/// A file, and whether its words have 64 bits.
struct Elf<'a> {
    data: &'a [u8],
    wide: bool,
}

/// A segment: its type, where it is in the file, its address, and its length in the file.
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    len: u64,
}

/// What the file asks for; none if it is no such file.
pub(crate) fn needs(data: &[u8]) -> Option<Needs> {
    let wide = match data.get(..6)? {
        [0x7f, b'E', b'L', b'F', 1, 1] => false,
        [0x7f, b'E', b'L', b'F', 2, 1] => true,
        _ => return None,
    };
    let elf = Elf { data, wide };
    let segments = elf.segments()?;
    let of_kind = |kind| segments.iter().find(|segment| segment.kind == kind);
    let mut needs = Needs::default();
    if let Some(segment) = of_kind(PT_INTERP) {
        needs.interpreter = elf.string(segment.offset, PATH_MAX);
    }
    let Some(dynamic) = of_kind(PT_DYNAMIC) else {
        return Some(needs);
    };
    let entries = elf.entries(dynamic);
    let value = |tag| {
        entries
            .iter()
            .find(|entry| entry.0 == tag)
            .map(|entry| entry.1)
    };
    // The table's place is told as an address.
    let Some(strings) = value(DT_STRTAB).and_then(|address| place(&segments, address)) else {
        return Some(needs);
    };
    let string = |at: u64, most| elf.string(strings.checked_add(at)?, most);
    let named = entries.iter().filter(|entry| entry.0 == DT_NEEDED);
    needs.libraries = named
        .filter_map(|entry| string(entry.1, PATH_MAX))
        .collect();
    needs.path = value(DT_RUNPATH)
        .or_else(|| value(DT_RPATH))
        .and_then(|at| string(at, DIRECTORIES * PATH_MAX));
    Some(needs)
}

/// Where in the file the address is.
fn place(segments: &[Segment], address: u64) -> Option<u64> {
    segments.iter().find_map(|segment| {
        let inside = address.checked_sub(segment.address)?;
        (segment.kind == PT_LOAD && inside < segment.len)
            .then(|| segment.offset.checked_add(inside))?
    })
}

impl Elf<'_> {
    fn segments(&self) -> Option<Vec<Segment>> {
        let (table, size, number) = match self.wide {
            true => (self.word(32)?, self.half(54)?, self.half(56)?),
            false => (self.word(28)?, self.half(42)?, self.half(44)?),
        };
        let segments = (0..u64::from(number)).take(MOST).filter_map(|place| {
            let at = table.checked_add(place.checked_mul(u64::from(size))?)?;
            let field = |narrow: u64, wide: u64| {
                self.word(at.checked_add(if self.wide { wide } else { narrow })?)
            };
            Some(Segment {
                kind: self.number(at, 4)? as u32,
                offset: field(4, 8)?,
                address: field(8, 16)?,
                len: field(16, 32)?,
            })
        });
        Some(segments.collect())
    }

    /// The tags and values of the dynamic section.
    fn entries(&self, dynamic: &Segment) -> Vec<(u64, u64)> {
        let size = if self.wide { 8 } else { 4 };
        let mut entries = Vec::new();
        let mut at = dynamic.offset;
        while entries.len() < MOST {
            let read = |at: Option<u64>| self.word(at?);
            let (tag, value) = (read(Some(at)), read(at.checked_add(size)));
            match (tag, value) {
                (Some(tag), Some(value)) if tag != DT_NULL => entries.push((tag, value)),
                _ => break,
            }
            at = at.saturating_add(2 * size);
        }
        entries
    }

    fn half(&self, at: u64) -> Option<u16> {
        u16::try_from(self.number(at, 2)?).ok()
    }

    /// An address, an offset or a length.
    fn word(&self, at: u64) -> Option<u64> {
        self.number(at, if self.wide { 8 } else { 4 })
    }

    fn number(&self, at: u64, len: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.data.get(at..at.checked_add(len)?)?;
        let bytes = bytes.iter().rev();
        Some(bytes.fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    /// The text until the next NUL byte, which is among the first `most` bytes.
    fn string(&self, at: u64, most: usize) -> Option<String> {
        let rest = self.data.get(usize::try_from(at).ok()?..)?;
        let end = rest.iter().take(most).position(|byte| *byte == 0)?;
        String::from_utf8(rest.get(..end)?.to_vec()).ok()
    }
}
