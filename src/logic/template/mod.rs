// SPDX-License-Identifier: GPL-2.0

//! Records of the measurement list, in the formats of IMA's own list.
//!
//! The template data of a record are the fields of its template, each after its length as a
//! little-endian `u32`:
//!
//! | field    | content | in templates |
//! |----------|---------|--------------|
//! | `d-ng`   | name of the algorithm, `:`, NUL, digest of the file | `ima-ng`, `ima-sig`, `ima-buf` |
//! | `d-ngv2` | `ima:` or `verity:`, then as `d-ng` | `ima-ngv2`, `ima-sigv2` |
//! | `n-ng`   | name of the event (the path of the file), NUL | all |
//! | `sig`    | signature of the file, or EVM's portable one, or nothing | `ima-sig`, `ima-sigv2` |
//! | `buf`    | the data themselves | `ima-buf` |
//!
//! The template digest, which extends a PCR, is the hash of the template data; the caller hashes. A
//! measurement list stores only template data and template digests. Both forms of a record, binary
//! and ascii, follow from them.
//!
//! Source: `security/integrity/ima/ima_template_lib.c` and `ima_fs.c` of the kernel. IMA writes
//! integers in host order unless booted with `ima_canonical_fmt`. Here they are always little
//! endian.

pub mod batch;

use crate::{
    cursor::{
        put_prefixed_le,
        Cursor,
        Sink, //
    },
    digest::{
        Digest,
        Hex, //
    },
    hash_algo::HashAlgo,
    num::u32_as_usize,
    policy::Template,
    refusal::{
        Cause,
        Result, //
    },
};

/// The name of the first record of every measurement list.
pub const BOOT_AGGREGATE: &str = "boot_aggregate";

/// The longest name of a template in bytes (`MAX_TEMPLATE_NAME_LEN` of the kernel).
const MAX_TEMPLATE_NAME: usize = 255;

/// The longest template data in bytes. The module records at most 16 MiB of data.
const MAX_DATA: usize = 17 << 20;

/// The size of a SHA-1 digest in bytes.
pub const SHA1: usize = HashAlgo::Sha1.digest_size();

/// The longest name of an event in bytes, its NUL included (`PATH_MAX`).
pub const MAX_NAME: usize = 4096;

/// One event, with the values for all templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The digest of the content; all zero if the event is a violation.
    pub digest: Digest,
    /// Whether [`Self::digest`] is that of fs-verity.
    pub verity: bool,
    /// The name of the event, without NUL.
    pub name: &'a [u8],
    /// The signature of the file: `security.ima`, or EVM's portable one; empty if there is none.
    pub signature: &'a [u8],
    /// The data themselves, if they are recorded.
    pub buffer: &'a [u8],
}

/// One field of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// `d-ng`
    Digest,
    /// `d-ngv2`
    DigestWithType,
    /// `n-ng`
    Name,
    /// `sig`
    Signature,
    /// `buf`
    Buffer,
}

/// The fields of a template; empty if records cannot be written in it.
const fn fields(template: Template) -> &'static [Field] {
    use Field::{Buffer, Digest, DigestWithType, Name, Signature};
    match template {
        Template::ImaNg => &[Digest, Name],
        Template::ImaSig => &[Digest, Name, Signature],
        Template::ImaNgv2 => &[DigestWithType, Name],
        Template::ImaSigv2 => &[DigestWithType, Name, Signature],
        Template::ImaBuf => &[Digest, Name, Buffer],
        Template::Ima | Template::ImaModsig | Template::EvmSig => &[],
    }
}

const IMA: &[u8] = b"ima:";
const VERITY: &[u8] = b"verity:";

impl<'a> Event<'a> {
    /// A file, or data identified by their digest.
    pub const fn new(digest: Digest, name: &'a [u8]) -> Self {
        Self {
            digest,
            verity: false,
            name,
            signature: &[],
            buffer: &[],
        }
    }

    /// Writes the template data of `template`.
    ///
    /// # Errors
    ///
    /// [`Cause::NameTooLong`], [`Cause::Empty`] for an empty name, [`Cause::BadTemplate`] for a
    /// template in which records cannot be written, and those of `sink`.
    pub fn write(&self, template: Template, sink: &mut (impl Sink + ?Sized)) -> Result {
        if self.name.is_empty() {
            return Err(Cause::Empty);
        }
        if self.name.len() >= MAX_NAME {
            return Err(Cause::NameTooLong);
        }
        let fields = fields(template);
        if fields.is_empty() {
            return Err(Cause::BadTemplate);
        }
        for field in fields {
            match field {
                Field::Digest => self.put_digest(b"", sink)?,
                Field::DigestWithType => {
                    self.put_digest(if self.verity { VERITY } else { IMA }, sink)?;
                }
                Field::Name => {
                    put_len(sink, self.name.len().wrapping_add(1))?;
                    put_event_name(self.name, sink)?;
                    sink.put(&[0])?;
                }
                Field::Signature => put_prefixed_le(sink, self.signature)?,
                Field::Buffer => put_prefixed_le(sink, self.buffer)?,
            }
        }
        Ok(())
    }

    fn put_digest(&self, kind: &[u8], sink: &mut (impl Sink + ?Sized)) -> Result {
        let algo = self.digest.algo();
        let len = kind
            .len()
            .wrapping_add(algo.name().len())
            .wrapping_add(2)
            .wrapping_add(algo.digest_size());
        put_len(sink, len)?;
        sink.put(kind)?;
        sink.put(algo.name().as_bytes())?;
        sink.put(b":\0")?;
        sink.put(self.digest.as_bytes())
    }

    /// Reads template data as [`Self::write`] writes them.
    ///
    /// # Errors
    ///
    /// [`Cause::Truncated`], [`Cause::TrailingBytes`], [`Cause::UnknownAlgorithm`],
    /// [`Cause::BadDigestSize`], [`Cause::MissingNul`], [`Cause::NameTooLong`], and
    /// [`Cause::BadTemplate`] for data that `write` cannot have written.
    pub fn parse(template: Template, data: &'a [u8]) -> Result<Self> {
        let mut data = Cursor::new(data);
        let mut event = Self::new(Digest::zero(HashAlgo::Sha256), &[]);
        for field in fields(template) {
            let value = data.prefixed_le()?;
            match field {
                Field::Digest => event.digest = parse_digest(value)?,
                Field::DigestWithType => {
                    let verity = value.strip_prefix(VERITY);
                    event.verity = verity.is_some();
                    let value = verity.or_else(|| value.strip_prefix(IMA));
                    event.digest = parse_digest(value.ok_or(Cause::BadTemplate)?)?;
                }
                Field::Name => event.name = parse_name(value)?,
                Field::Signature => event.signature = value,
                Field::Buffer => event.buffer = value,
            }
        }
        data.finish()?;
        if event.name.is_empty() {
            return Err(Cause::BadTemplate);
        }
        Ok(event)
    }
}

fn parse_digest(value: &[u8]) -> Result<Digest> {
    let colon = value
        .iter()
        .position(|byte| *byte == b':')
        .ok_or(Cause::BadTemplate)?;
    let mut value = Cursor::new(value);
    let algo = core::str::from_utf8(value.take(colon)?).map_err(|_| Cause::UnknownAlgorithm)?;
    if value.array()? != *b":\0" {
        return Err(Cause::BadTemplate);
    }
    Digest::new(HashAlgo::from_name(algo)?, value.rest())
}

fn parse_name(value: &[u8]) -> Result<&[u8]> {
    let (nul, name) = value.split_last().ok_or(Cause::BadTemplate)?;
    if *nul != 0 {
        return Err(Cause::MissingNul);
    }
    if name.len() >= MAX_NAME {
        return Err(Cause::NameTooLong);
    }
    if name.is_empty() || name.iter().any(|byte| is_replaced(*byte)) {
        return Err(Cause::BadTemplate);
    }
    Ok(name)
}

/// Writes the name of an event into template data.
///
/// A space becomes an underscore, as in IMA, because spaces separate the fields of the ascii list.
/// So does a control character, unlike in IMA: a newline in the name of a file would forge a
/// record.
pub fn put_event_name(name: &[u8], sink: &mut (impl Sink + ?Sized)) -> Result {
    let mut rest = name;
    loop {
        let clean = rest
            .iter()
            .position(|byte| is_replaced(*byte))
            .unwrap_or(rest.len());
        let (clean, tail) = rest.split_at_checked(clean).unwrap_or((rest, &[]));
        if !clean.is_empty() {
            sink.put(clean)?;
        }
        let Some((_, tail)) = tail.split_first() else {
            return Ok(());
        };
        sink.put(b"_")?;
        rest = tail;
    }
}

const fn is_replaced(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f
}

/// Writes a record as in the binary measurement list.
///
/// `template_digest` is that of the list's bank (SHA-1 for the list without suffix), all zero for a
/// violation. `template` is the name of the template, and `data` are the template data.
pub fn write_binary(
    pcr: u32,
    template_digest: &Digest,
    template: &str,
    data: &[u8],
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    sink.put(&pcr.to_le_bytes())?;
    sink.put(template_digest.as_bytes())?;
    put_prefixed_le(sink, template.as_bytes())?;
    put_prefixed_le(sink, data)
}

/// An unparsed record of a binary measurement list with SHA-1 template digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    /// The PCR that it states.
    pub pcr: u32,
    /// The SHA-1 of the template data, or zeros for a violation.
    pub template_digest: [u8; SHA1],
    /// The name of the template.
    pub template: &'a [u8],
    /// The template data.
    pub data: &'a [u8],
}

impl Written<'_> {
    /// The template, if it is one for a single record.
    ///
    /// # Errors
    ///
    /// [`Cause::BadTemplate`].
    pub fn known_template(&self) -> Result<Template> {
        let name = core::str::from_utf8(self.template).map_err(|_| Cause::BadTemplate)?;
        Template::from_name(name).ok_or(Cause::BadTemplate)
    }
}

/// Reads what [`write_binary`] writes.
///
/// # Errors
///
/// [`Cause::Truncated`], [`Cause::BadLength`] for a field longer than the module writes.
pub fn read_binary<'a>(cursor: &mut Cursor<'a>) -> Result<Written<'a>> {
    Ok(Written {
        pcr: cursor.u32_le()?,
        template_digest: cursor.array()?,
        template: take_limited(cursor, MAX_TEMPLATE_NAME)?,
        data: take_limited(cursor, MAX_DATA)?,
    })
}

fn take_limited<'a>(cursor: &mut Cursor<'a>, most: usize) -> Result<&'a [u8]> {
    let len = u32_as_usize(cursor.u32_le()?);
    if len > most {
        return Err(Cause::BadLength);
    }
    cursor.take(len)
}

/// Writes a record as in the ascii measurement list, with a newline. As in IMA's list, an empty
/// field leaves the space before it.
///
/// The arguments are those of [`write_binary`], with the template itself.
///
/// # Errors
///
/// Those of [`Event::parse`], before anything is written, and those of `sink`.
pub fn write_ascii(
    pcr: u32,
    template_digest: &Digest,
    template: Template,
    data: &[u8],
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    let event = Event::parse(template, data)?;
    put_head(pcr, template_digest, template.name(), sink)?;
    put_event(template, &event, sink)?;
    sink.put(b"\n")
}

/// Writes PCR, template digest and template, which precede the fields of a record.
fn put_head(
    pcr: u32,
    template_digest: &Digest,
    template: &str,
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    put_pcr(pcr, sink)?;
    sink.put(b" ")?;
    Hex(template_digest.as_bytes()).write(sink)?;
    sink.put(b" ")?;
    sink.put(template.as_bytes())
}

/// Writes the fields of an event, each after a space.
fn put_event(template: Template, event: &Event<'_>, sink: &mut (impl Sink + ?Sized)) -> Result {
    for field in fields(template) {
        sink.put(b" ")?;
        match field {
            Field::Digest => event.digest.write(sink)?,
            Field::DigestWithType => {
                sink.put(if event.verity { VERITY } else { IMA })?;
                event.digest.write(sink)?;
            }
            Field::Name => sink.put(event.name)?,
            Field::Signature => Hex(event.signature).write(sink)?,
            Field::Buffer => Hex(event.buffer).write(sink)?,
        }
    }
    Ok(())
}

/// Writes the number of a PCR in decimal, at least two characters wide.
fn put_pcr(pcr: u32, sink: &mut (impl Sink + ?Sized)) -> Result {
    let mut text = [b' '; 10];
    let mut rest = pcr;
    let mut width = 0usize;
    for (position, character) in text.iter_mut().rev().enumerate() {
        if rest > 0 || position == 0 {
            // CAST: A remainder of ten.
            *character = b'0'.wrapping_add((rest % 10) as u8);
            rest /= 10;
            width = position.wrapping_add(1);
        }
    }
    let skipped = text.len().saturating_sub(width.max(2));
    sink.put(text.get(skipped..).unwrap_or_default())
}

fn put_len(sink: &mut (impl Sink + ?Sized), len: usize) -> Result {
    let len = u32::try_from(len).map_err(|_| Cause::BadLength)?;
    sink.put(&len.to_le_bytes())
}
