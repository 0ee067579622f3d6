// SPDX-License-Identifier: GPL-2.0

//! The binary measurement list of the SHA-1 bank, as `binary_runtime_measurements` has it.
//!
//! [`crate::template::write_binary`] is its writer, and tells of the format.

use crate::{
    cursor::Cursor,
    pcr,
    policy::Template,
    refusal::{
        Cause,
        Result, //
    },
    template::{
        batch::{
            self,
            Batch, //
        },
        read_binary,
        Event,
        Written,
        SHA1, //
    }, //
};

/// A record that was parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The PCR it extends, or its batch does.
    pub pcr: u32,
    /// The SHA-1 of the template data, or zeros for a violation.
    pub template_digest: [u8; SHA1],
    /// The template.
    pub template: Template,
    /// The template data.
    pub data: &'a [u8],
    /// What they say.
    pub event: Event<'a>,
}

impl Record<'_> {
    /// Whether it extends with ones: nothing vouches for the content of the file.
    pub fn is_violation(&self) -> bool {
        self.template_digest == [0; SHA1]
    }
}

/// One extend of a PCR: a record that stands alone, or a batch of records.
#[derive(Clone, Copy, Debug)]
pub struct Extend<'a> {
    /// The PCR; one that a platform has.
    pub pcr: u32,
    /// The SHA-1 of the template data, or zeros for a violation.
    pub template_digest: [u8; SHA1],
    /// The template data.
    pub data: &'a [u8],
    content: Content<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Content<'a> {
    Alone(Template, Event<'a>),
    Batch(Batch<'a>),
}

impl<'a> Extend<'a> {
    /// Takes the next one.
    ///
    /// # Errors
    ///
    /// [`Cause::Truncated`], [`Cause::BadLength`] for a field longer than any of the module's or a
    /// PCR that no platform has, [`Cause::BadTemplate`] for a template that is not known or a batch
    /// that is a violation, and those of [`Event::parse`] and [`Batch::parse`].
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self> {
        let written = read_binary(cursor)?;
        let Written { pcr, data, .. } = written;
        if pcr > pcr::LAST {
            return Err(Cause::BadLength);
        }
        let content = if written.template == batch::NAME.as_bytes() {
            Content::Batch(Batch::parse(pcr, data)?)
        } else {
            let template = written.known_template()?;
            Content::Alone(template, Event::parse(template, data)?)
        };
        let extend = Self {
            pcr,
            template_digest: written.template_digest,
            data,
            content,
        };
        if extend.is_batch() && extend.is_violation() {
            return Err(Cause::BadTemplate);
        }
        Ok(extend)
    }

    /// The name of the template.
    pub const fn template(&self) -> &'static str {
        match &self.content {
            Content::Alone(template, _) => template.name(),
            Content::Batch(_) => batch::NAME,
        }
    }

    /// Whether several records share it.
    pub const fn is_batch(&self) -> bool {
        matches!(self.content, Content::Batch(_))
    }

    /// Whether it is a violation, which extends with ones.
    pub fn is_violation(&self) -> bool {
        self.template_digest == [0; SHA1]
    }

    /// The records, in the order in which they were made.
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> {
        let pcr = self.pcr;
        let (alone, batch) = match self.content {
            Content::Alone(template, event) => {
                let record = Record {
                    pcr,
                    template_digest: self.template_digest,
                    template,
                    data: self.data,
                    event,
                };
                (Some(record), None)
            }
            Content::Batch(batch) => (None, Some(batch)),
        };
        let members = batch.into_iter().flat_map(move |batch| {
            batch.into_members().filter_map(move |member| {
                Some(Record {
                    pcr,
                    template_digest: member.template_digest,
                    template: member.template,
                    data: member.data,
                    event: member.event().ok()?,
                })
            })
        });
        alone.into_iter().chain(members)
    }
}

/// The extends of a list, in their order; the last one is an error if the list ends within it, or
/// if it cannot be read.
#[derive(Clone, Debug)]
pub struct Extends<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Extends<'a> {
    /// Those of the list `data`.
    pub const fn new(data: &'a [u8]) -> Self {
        Self {
            cursor: Cursor::new(data),
        }
    }

    /// How many bytes those so far have.
    pub const fn offset(&self) -> usize {
        self.cursor.offset()
    }
}

impl<'a> Iterator for Extends<'a> {
    type Item = Result<Extend<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_empty() {
            return None;
        }
        let extend = Extend::read(&mut self.cursor);
        if extend.is_err() {
            self.cursor = Cursor::new(&[]);
        }
        Some(extend)
    }
}
