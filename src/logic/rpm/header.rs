// SPDX-License-Identifier: GPL-2.0

//! The header: its region, what was added to it, and what its signature covers.

use super::{
    entry::{
        Entry,
        RawEntry,
        Strings,
        ENTRY_LEN, //
    },
    tag, //
};
use crate::{
    cursor::{
        Cursor,
        Sink, //
    },
    refusal::{
        Cause,
        Result, //
    }, //
};

/// The first bytes of a header: magic, version 1, four reserved bytes.
pub const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];

/// The type of a region's values: bytes.
const REGION_TYPE: u32 = 7;

/// The tags of signatures of a header.
const SIGNATURES: [u32; 3] = [tag::RSA_HEADER, tag::DSA_HEADER, tag::OPENPGP];

/// The largest gap between the data of two entries, which aligns the second.
const MAX_GAP: usize = 7;

/// A checked header.
///
/// # Invariants
///
/// - `index` and `store` are entries and data of the region, the entry of the region and its data
///   included.
/// - Every other entry of `index` has its values in `store`, tags ascend, and values do not
///   overlap.
/// - `added_index` is a whole number of entries, whose offsets are relative to `whole_store`;
///   nothing else is known of them.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
    added_index: &'a [u8],
    whole_store: &'a [u8],
}

impl<'a> Header<'a> {
    /// Checks `data`, which is one header and nothing else.
    ///
    /// # Errors
    ///
    /// Those of [`Self::read`], and [`Cause::TrailingBytes`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let header = Self::read(&mut cursor)?;
        cursor.finish()?;
        Ok(header)
    }

    /// Reads the next header.
    ///
    /// # Errors
    ///
    /// [`Cause::Empty`] if there is nothing, [`Cause::BadMagic`], [`Cause::BadRegion`],
    /// [`Cause::BadHeaderEntry`], [`Cause::RepeatedTag`], [`Cause::MissingNul`],
    /// [`Cause::ReservedNotZero`] for bytes between values, [`Cause::Truncated`].
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self> {
        Self::of_frame(&Frame::read(cursor)?)
    }

    /// Checks the header in `frame`.
    ///
    /// # Errors
    ///
    /// Those of [`Self::read`], but for [`Cause::Empty`] and [`Cause::BadMagic`].
    pub fn of_frame(frame: &Frame<'a>) -> Result<Self> {
        let Frame { index, store } = *frame;
        let (index_len, store_len) = region_of(index, store)?;
        let (index, added_index) = index.split_at_checked(index_len).ok_or(Cause::BadRegion)?;
        // INVARIANT: `check` has read all entries of the region but the first, which is the
        // region's own.
        let header = Self {
            index,
            store: store.get(..store_len).ok_or(Cause::BadRegion)?,
            added_index,
            whole_store: store,
        };
        header.check()?;
        Ok(header)
    }

    /// Checks the entries of the region.
    fn check(&self) -> Result {
        let mut index = self.entries();
        let values = self.values();
        let mut end = 0usize;
        let mut last = None;
        while !index.is_empty() {
            let raw = RawEntry::read(&mut index)?;
            match last {
                Some(last) if raw.tag == last => return Err(Cause::RepeatedTag),
                Some(last) if raw.tag < last => return Err(Cause::BadHeaderEntry),
                _ => last = Some(raw.tag),
            }
            let start = usize::try_from(raw.offset).map_err(|_| Cause::BadHeaderEntry)?;
            let gap = values.get(end..start).ok_or(Cause::BadHeaderEntry)?;
            if gap.len() > MAX_GAP {
                return Err(Cause::BadHeaderEntry);
            }
            if gap.iter().any(|byte| *byte != 0) {
                return Err(Cause::ReservedNotZero);
            }
            end = start.saturating_add(raw.values(values)?.len());
        }
        if end == values.len() {
            Ok(())
        } else {
            Err(Cause::BadRegion)
        }
    }

    /// The index without the entry of the region.
    fn entries(&self) -> Cursor<'a> {
        Cursor::new(self.index.get(ENTRY_LEN..).unwrap_or_default())
    }

    /// The data without those of the region.
    fn values(&self) -> &'a [u8] {
        let len = self.store.len().saturating_sub(ENTRY_LEN);
        self.store.get(..len).unwrap_or_default()
    }

    /// Whether the region is all of the header.
    pub const fn is_whole(&self) -> bool {
        self.added_index.is_empty() && self.store.len() == self.whole_store.len()
    }

    /// The values of a tag of the region.
    pub fn find(&self, tag: u32) -> Option<Entry<'a>> {
        find(self.entries(), self.values(), tag)
    }

    /// The values of a tag that was added when the package was installed. No signature covers them.
    pub fn added(&self, tag: u32) -> Option<Entry<'a>> {
        find(Cursor::new(self.added_index), self.whole_store, tag)
    }

    /// Writes what the header's signature covers: a header of the region alone.
    pub fn write_signed(&self, sink: &mut (impl Sink + ?Sized)) -> Result {
        let entries = u32::try_from(self.index.len() / ENTRY_LEN).map_err(|_| Cause::BadLength)?;
        let store_len = u32::try_from(self.store.len()).map_err(|_| Cause::BadLength)?;
        sink.put(&MAGIC)?;
        sink.put(&entries.to_be_bytes())?;
        sink.put(&store_len.to_be_bytes())?;
        sink.put(self.index)?;
        sink.put(self.store)
    }

    /// The name of the package; what the header does not say is empty.
    pub fn name(&self) -> Name<'a> {
        name(|tag| self.find(tag))
    }

    /// The signatures that were added to the header when its package was installed.
    pub fn signatures(&self) -> impl Iterator<Item = StoredSignature<'a>> + use<'a> {
        signatures(SIGNATURES.map(|tag| self.find(tag).or_else(|| self.added(tag))))
    }
}

/// A header of which only the sizes are known to be right.
///
/// RPM installs packages whose header of signatures has its tags in disorder or a wrong region, and
/// keeps headers without a region in its database. A signature is verified whatever it lies in, so
/// for it a frame is enough; what is to be loaded is checked by [`Header::of_frame`].
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    index: &'a [u8],
    store: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads past the next header.
    ///
    /// # Errors
    ///
    /// [`Cause::Empty`] if there is nothing, [`Cause::BadMagic`], [`Cause::Truncated`].
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self> {
        if cursor.is_empty() {
            return Err(Cause::Empty);
        }
        if cursor.array()? != MAGIC {
            return Err(Cause::BadMagic);
        }
        let entries = cursor.u32_be()?;
        let store_len = cursor.u32_be()?;
        let index_len = usize::try_from(entries)
            .ok()
            .and_then(|entries| entries.checked_mul(ENTRY_LEN))
            .ok_or(Cause::Truncated)?;
        Ok(Self {
            index: cursor.take(index_len)?,
            store: cursor.take(usize::try_from(store_len).map_err(|_| Cause::Truncated)?)?,
        })
    }

    /// The values of the first entry with this tag, if they are good.
    pub fn find(&self, tag: u32) -> Option<Entry<'a>> {
        find(Cursor::new(self.index), self.store, tag)
    }

    /// The name of the package, as far as the header says it.
    pub fn name(&self) -> Name<'a> {
        name(|tag| self.find(tag))
    }

    /// The signatures in the header of signatures of a package.
    pub fn signatures(&self) -> impl Iterator<Item = StoredSignature<'a>> + use<'a> {
        signatures(SIGNATURES.map(|tag| self.find(tag)))
    }
}

fn name<'a>(find: impl Fn(u32) -> Option<Entry<'a>>) -> Name<'a> {
    let string = |tag| {
        find(tag)
            .and_then(|entry| entry.string().ok())
            .unwrap_or_default()
    };
    Name {
        name: string(tag::NAME),
        version: string(tag::VERSION),
        release: string(tag::RELEASE),
        arch: string(tag::ARCH),
    }
}

/// The signatures in the entries of these tags.
fn signatures<'a>(
    [rsa, dsa, openpgp]: [Option<Entry<'a>>; 3],
) -> impl Iterator<Item = StoredSignature<'a>> + use<'a> {
    let binary = |entry: Option<Entry<'a>>| {
        entry
            .and_then(|entry| entry.binary().ok())
            .map(StoredSignature::Packet)
    };
    let base64 = openpgp.and_then(|entry| entry.strings().ok());
    let packets = [binary(rsa), binary(dsa)];
    packets.into_iter().flatten().chain(
        base64
            .into_iter()
            .flat_map(Strings::into_iter)
            .map(StoredSignature::Base64),
    )
}

/// A signature of a header as RPM stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredSignature<'a> {
    /// An OpenPGP packet.
    Packet(&'a [u8]),
    /// An OpenPGP packet in base64; see [`super::base64::decode`].
    Base64(&'a [u8]),
}

impl StoredSignature<'_> {
    /// Writes the OpenPGP packet.
    ///
    /// # Errors
    ///
    /// [`Cause::BadSignature`] for wrong base64, and those of `sink`.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized)) -> Result {
        match self {
            Self::Packet(packet) => sink.put(packet),
            Self::Base64(text) => super::base64::decode(text, sink),
        }
    }
}

/// The name of a package, in the bytes of its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// The name proper.
    pub name: &'a [u8],
    /// The version of the software.
    pub version: &'a [u8],
    /// The release of the package.
    pub release: &'a [u8],
    /// The architecture.
    pub arch: &'a [u8],
}

impl core::fmt::Display for Name<'_> {
    /// As RPM writes it, `name-version-release.arch`; bytes that are not printable ASCII are
    /// escaped.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{}-{}-{}.{}",
            self.name.escape_ascii(),
            self.version.escape_ascii(),
            self.release.escape_ascii(),
            self.arch.escape_ascii()
        )
    }
}

fn find<'a>(mut index: Cursor<'a>, store: &'a [u8], tag: u32) -> Option<Entry<'a>> {
    loop {
        let raw = RawEntry::read(&mut index).ok()?;
        if raw.tag == tag {
            return raw.values(store).ok();
        }
    }
}

/// The sizes of the region's index and data.
fn region_of(index: &[u8], store: &[u8]) -> Result<(usize, usize)> {
    let head = RawEntry::read(&mut Cursor::new(index)).map_err(|_| Cause::BadRegion)?;
    let at = usize::try_from(head.offset).map_err(|_| Cause::BadRegion)?;
    let store_len = at.checked_add(ENTRY_LEN).ok_or(Cause::BadRegion)?;
    let tail = store.get(at..store_len).ok_or(Cause::BadRegion)?;
    let tail = RawEntry::read(&mut Cursor::new(tail))?;
    let index_len = usize::try_from(tail.offset.wrapping_neg()).map_err(|_| Cause::BadRegion)?;
    let expected = RawEntry {
        tag: tag::HEADER_IMMUTABLE,
        kind: REGION_TYPE,
        offset: head.offset,
        // CAST: Sixteen.
        count: ENTRY_LEN as u32,
    };
    let same = RawEntry {
        offset: head.offset,
        ..tail
    };
    if head != expected
        || same != expected
        || index_len == 0
        || index_len % ENTRY_LEN != 0
        || index_len > index.len()
    {
        return Err(Cause::BadRegion);
    }
    Ok((index_len, store_len))
}
