// SPDX-License-Identifier: GPL-2.0

//! Package files: a lead, a header of signatures, the header, the payload. Only the tool uses them.

use super::{
    header::Frame,
    Header, //
};
use crate::{
    cursor::Cursor,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// The size of the lead, of which only the magic means anything.
const LEAD_LEN: usize = 96;
const LEAD_MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];

/// The headers of a package file.
#[derive(Clone, Copy, Debug)]
pub struct Package<'a> {
    /// The header of signatures; see [`Frame::signatures`].
    pub signatures: Frame<'a>,
    /// The header proper.
    pub header: Header<'a>,
}

impl<'a> Package<'a> {
    /// Reads the beginning of a package file; the payload need not be there.
    ///
    /// # Errors
    ///
    /// [`Cause::BadMagic`], [`Cause::Truncated`], and those of [`Header::read`].
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        if cursor.clone().array()? != LEAD_MAGIC {
            return Err(Cause::BadMagic);
        }
        cursor.take(LEAD_LEN)?;
        let signatures = Frame::read(&mut cursor)?;
        let padding = cursor.offset().wrapping_neg() % 8;
        cursor.take(padding)?;
        Ok(Self {
            signatures,
            header: Header::read(&mut cursor)?,
        })
    }
}
