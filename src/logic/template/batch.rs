// SPDX-License-Identifier: GPL-2.0

//! Records that share one extend: the template `digest-batch`.
//!
//! Its template data are the members' records one after another, each as alone in the binary
//! measurement list of SHA-1 ([`super::write_binary`]). The template digest is the hash of these
//! data, as for every record. All members have the PCR of the record, and none is a violation or a
//! batch.

use super::{
    put_event,
    put_head,
    read_binary,
    Event,
    SHA1, //
};
use crate::{
    cursor::{
        Cursor,
        Sink, //
    },
    digest::Digest,
    policy::Template,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// The name of the template.
pub const NAME: &str = "digest-batch";

/// The most records that share an extend.
pub const MAX_MEMBERS: usize = 64;

/// A record of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its SHA-1 template digest, as in the record.
    pub template_digest: [u8; SHA1],
    /// Its template.
    pub template: Template,
    /// Its template data.
    pub data: &'a [u8],
}

impl<'a> Member<'a> {
    /// The event that it records.
    ///
    /// # Errors
    ///
    /// Those of [`Event::parse`]; none for members of a checked batch.
    pub fn event(&self) -> Result<Event<'a>> {
        Event::parse(self.template, self.data)
    }

    fn parse(cursor: &mut Cursor<'a>, pcr: u32) -> Result<Self> {
        let written = read_binary(cursor)?;
        if written.pcr != pcr {
            return Err(Cause::BadTemplate);
        }
        let member = Self {
            template_digest: written.template_digest,
            template: written.known_template()?,
            data: written.data,
        };
        member.event()?;
        Ok(member)
    }
}

/// The template data of a batch.
///
/// # Invariants
///
/// Every member was checked.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    pcr: u32,
    data: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Checks the whole of `data`, which extended `pcr`.
    ///
    /// # Errors
    ///
    /// [`Cause::Empty`], [`Cause::TooManyEntries`], [`Cause::Truncated`], [`Cause::BadTemplate`]
    /// for another PCR or template in a member, and those of [`Event::parse`].
    pub fn parse(pcr: u32, data: &'a [u8]) -> Result<Self> {
        if data.is_empty() {
            return Err(Cause::Empty);
        }
        let mut cursor = Cursor::new(data);
        for _ in 0..MAX_MEMBERS {
            Member::parse(&mut cursor, pcr)?;
            if cursor.rest().is_empty() {
                // INVARIANT: All of it was checked.
                return Ok(Self { pcr, data });
            }
        }
        Err(Cause::TooManyEntries)
    }

    /// The members, in the order in which they were recorded.
    pub fn into_members(self) -> impl Iterator<Item = Member<'a>> {
        let Self { pcr, data } = self;
        let mut cursor = Cursor::new(data);
        // By the invariants it ends where the data do.
        core::iter::from_fn(move || Member::parse(&mut cursor, pcr).ok())
    }
}

/// Writes the record of a batch as in the ascii measurement list: the template and the fields of
/// each member, with a newline at the end.
///
/// # Errors
///
/// Those of [`Batch::parse`], before anything is written, and those of `sink`.
pub fn write_ascii(
    pcr: u32,
    template_digest: &Digest,
    data: &[u8],
    sink: &mut (impl Sink + ?Sized),
) -> Result {
    let batch = Batch::parse(pcr, data)?;
    put_head(pcr, template_digest, NAME, sink)?;
    for member in batch.into_members() {
        sink.put(b" ")?;
        sink.put(member.template.name().as_bytes())?;
        put_event(member.template, &member.event()?, sink)?;
    }
    sink.put(b"\n")
}
