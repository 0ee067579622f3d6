// SPDX-License-Identifier: GPL-2.0

//! Elements of DER in signatures and certificates. Tags have one byte, lengths are definite and
//! have up to three bytes. Everything else is refused.

use crate::{
    cursor::{
        Cursor,
        LengthSink,
        Sink, //
    },
    refusal::{
        Cause,
        Result, //
    }, //
};

/// `BOOLEAN`.
pub const BOOLEAN: u8 = 0x01;
/// `INTEGER`.
pub const INTEGER: u8 = 0x02;
/// `BIT STRING`.
pub const BIT_STRING: u8 = 0x03;
/// `OCTET STRING`.
pub const OCTET_STRING: u8 = 0x04;
/// `OBJECT IDENTIFIER`.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// `UTF8String`.
pub const UTF8_STRING: u8 = 0x0c;
/// `UTCTime`.
pub const UTC_TIME: u8 = 0x17;
/// `GeneralizedTime`.
pub const GENERALIZED_TIME: u8 = 0x18;
/// `SEQUENCE`.
pub const SEQUENCE: u8 = 0x30;
/// `SET`.
pub const SET: u8 = 0x31;
/// `[0]`, primitive.
pub const CONTEXT_0_PRIMITIVE: u8 = 0x80;
/// `[1]`, primitive.
pub const CONTEXT_1_PRIMITIVE: u8 = 0x81;
/// `[2]`, primitive.
pub const CONTEXT_2_PRIMITIVE: u8 = 0x82;
/// `[0]`, constructed.
pub const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
pub const CONTEXT_1: u8 = 0xa1;
/// `[3]`, constructed.
pub const CONTEXT_3: u8 = 0xa3;

/// One element: its content, and all of it.
pub struct Element<'a> {
    /// What it holds.
    pub content: &'a [u8],
    /// Its tag, its length and what it holds.
    pub whole: &'a [u8],
}

/// Takes a length and as many bytes: what follows the tag of an element. Lengths are below 2^24.
///
/// # Errors
///
/// [`Cause::BadSignature`] for an indefinite length or a longer one, [`Cause::Truncated`].
pub fn after_tag<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8]> {
    let len = match cursor.u8()? {
        short @ 0..=0x7f => u32::from(short),
        0x81 => u32::from(cursor.u8()?),
        0x82 => u32::from(cursor.u16_be()?),
        0x83 => {
            let [high, middle, low] = cursor.array()?;
            u32::from_be_bytes([0, high, middle, low])
        }
        _ => return Err(Cause::BadSignature),
    };
    cursor.take(usize::try_from(len).map_err(|_| Cause::Truncated)?)
}

/// The next element, which has this tag.
///
/// # Errors
///
/// [`Cause::BadSignature`] for another tag or length, [`Cause::Truncated`].
pub fn element<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<Element<'a>> {
    let start = cursor.rest();
    let offset = cursor.offset();
    if cursor.u8()? != tag {
        return Err(Cause::BadSignature);
    }
    let content = after_tag(cursor)?;
    let whole = start
        .get(..cursor.offset().saturating_sub(offset))
        .ok_or(Cause::Truncated)?;
    Ok(Element { content, whole })
}

/// What the next element holds. The errors are those of [`element`].
pub fn content<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<&'a [u8]> {
    Ok(element(cursor, tag)?.content)
}

/// What the next element holds if it has this tag. The errors are those of [`element`].
pub fn optional<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<Option<&'a [u8]>> {
    if cursor.rest().first() == Some(&tag) {
        content(cursor, tag).map(Some)
    } else {
        Ok(None)
    }
}

/// Writes an element: `tag`, the length of what `body` writes, and that. `body` is called twice.
///
/// # Errors
///
/// [`Cause::BadLength`] if the length is 2^16 or more, and those of `sink`.
pub fn put_element(tag: u8, sink: &mut dyn Sink, body: impl Fn(&mut dyn Sink) -> Result) -> Result {
    let mut len = LengthSink::new();
    body(&mut len)?;
    let [_, _, high, low] = u32::try_from(len.len())
        .ok()
        .filter(|len| *len <= u32::from(u16::MAX))
        .ok_or(Cause::BadLength)?
        .to_be_bytes();
    match (high, low) {
        (0, 0..=0x7f) => sink.put(&[tag, low])?,
        (0, _) => sink.put(&[tag, 0x81, low])?,
        _ => sink.put(&[tag, 0x82, high, low])?,
    }
    body(sink)
}
