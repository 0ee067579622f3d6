// SPDX-License-Identifier: GPL-2.0

//! The edition of a list: a name that the signer keeps, and a serial number that grows.
//!
//! A compact list may begin with it, as a block of entry id 3, little endian:
//!
//! | bytes | field |
//! |-------|-------|
//! | 2     | entry id: 3 |
//! | 4     | number of editions: 1 |
//! | 4     | size of what follows: the name and 9 bytes |
//! | n     | the name, 1 to 64 printable ASCII characters without spaces, and a NUL |
//! | 8     | the serial number |
//!
//! The highest serial number that was loaded for a name and signer is their *floor*: lists with a
//! lower number are refused. The caller stores floors.

use crate::{
    cursor::{
        Cursor,
        Sink, //
    },
    digest::Digest,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// The entry id of a block that is an edition.
pub const ENTRY_ID: u16 = 3;

/// The longest name in bytes.
pub const MAX_NAME: usize = 64;

/// The name and the serial number of a list.
///
/// # Invariants
///
/// `name` is 1 to [`MAX_NAME`] printable ASCII characters without spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition<'a> {
    name: &'a [u8],
    serial: u64,
}

impl<'a> Edition<'a> {
    /// The edition `serial` of `name`.
    ///
    /// # Errors
    ///
    /// [`Cause::BadListName`].
    pub fn new(name: &'a [u8], serial: u64) -> Result<Self> {
        if name.is_empty() || name.len() > MAX_NAME || !name.iter().all(u8::is_ascii_graphic) {
            return Err(Cause::BadListName);
        }
        // INVARIANT: It was just checked.
        Ok(Self { name, serial })
    }

    /// Reads the edition at the beginning of a compact list, if there is one.
    ///
    /// # Errors
    ///
    /// [`Cause::Truncated`]; [`Cause::BadLength`] for several editions in the block, or a block
    /// without room for a serial number; [`Cause::MissingNul`], [`Cause::BadListName`].
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>> {
        if cursor.clone().u16_le() != Ok(ENTRY_ID) {
            return Ok(None);
        }
        cursor.u16_le()?;
        let count = cursor.u32_le()?;
        let len = cursor.u32_le()?;
        if count != 1 {
            return Err(Cause::BadLength);
        }
        let data = cursor.take(usize::try_from(len).map_err(|_| Cause::Truncated)?)?;
        let (text, serial) = data.split_last_chunk().ok_or(Cause::BadLength)?;
        let (nul, name) = text.split_last().ok_or(Cause::BadLength)?;
        if *nul != 0 {
            return Err(Cause::MissingNul);
        }
        Self::new(name, u64::from_le_bytes(*serial)).map(Some)
    }

    /// Writes the block.
    ///
    /// # Errors
    ///
    /// Those of `sink`.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized)) -> Result {
        let len = u32::try_from(self.name.len())
            .map_err(|_| Cause::BadListName)?
            .saturating_add(9);
        sink.put(&ENTRY_ID.to_le_bytes())?;
        sink.put(&1u32.to_le_bytes())?;
        sink.put(&len.to_le_bytes())?;
        sink.put(self.name)?;
        sink.put(&[0])?;
        sink.put(&self.serial.to_le_bytes())
    }

    /// The name.
    pub const fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The name as text.
    pub fn name_text(&self) -> &'a str {
        // By the invariant this does not fail.
        core::str::from_utf8(self.name).unwrap_or_default()
    }

    /// The serial number.
    pub const fn serial(&self) -> u64 {
        self.serial
    }
}

/// The highest serial number that was loaded for a name and signer. Lists with a lower one are
/// refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The serial number.
    pub serial: u64,
    /// The digest of the list's file.
    pub list: Digest,
}

/// The relation of a list to its floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The list becomes the floor. Older editions are removed.
    Higher,
    /// The list is the floor itself.
    Same,
}

impl Floor {
    /// Whether `list` may be loaded if `floor` is the floor of its name and signer.
    ///
    /// # Errors
    ///
    /// [`Cause::OlderSerial`]; [`Cause::SameSerial`] for another list with the same serial number,
    /// since the order of loading would decide between them.
    pub fn judge(floor: Option<&Self>, list: &Self) -> Result<Standing> {
        match floor {
            Some(floor) if list.serial < floor.serial => Err(Cause::OlderSerial),
            Some(floor) if list.serial > floor.serial => Ok(Standing::Higher),
            Some(floor) if floor.list == list.list => Ok(Standing::Same),
            Some(_) => Err(Cause::SameSerial),
            None => Ok(Standing::Higher),
        }
    }
}
