// SPDX-License-Identifier: GPL-2.0

//! Trimming the measurement list, in the words and with the exclusion of IMA's staging
//! (`Documentation/security/IMA-export-delete.rst` and `security/integrity/ima/ima_fs.c` of the
//! kernel).

use crate::refusal::{
    Cause,
    Result, //
};

/// The most bytes of a request: 20 digits and a newline.
pub const MAX_REQUEST: usize = 21;

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// `A`: the whole list becomes the staged one.
    Stage,
    /// `D`: the staged list is deleted.
    DeleteStaged,
    /// A number: so many records are deleted from the beginning of the list.
    Delete(u64),
}

impl Request {
    /// Reads a request to a file of the staged list (`staged`) or of the list. The newline at the
    /// end is optional.
    ///
    /// # Errors
    ///
    /// [`Cause::BadLength`] for anything else, and for 0.
    pub fn parse(data: &[u8], staged: bool) -> Result<Self> {
        let text = data.strip_suffix(b"\n").unwrap_or(data);
        match (text, staged) {
            (b"A", true) => Ok(Self::Stage),
            (b"D", true) => Ok(Self::DeleteStaged),
            (digits, false) if !digits.is_empty() && data.len() <= MAX_REQUEST => {
                let number = digits.iter().try_fold(0u64, |sum, digit| {
                    let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
                    sum.checked_mul(10)?.checked_add(digit.into())
                });
                number
                    .filter(|number| *number > 0)
                    .map(Self::Delete)
                    .ok_or(Cause::BadLength)
            }
            _ => Err(Cause::BadLength),
        }
    }
}

/// Which records there are. Their numbers start at 0 in the order of appending and never change.
///
/// # Invariants
///
/// The staged records have the numbers from `staged` on, the list those from `list` on. The staged
/// ones come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    staged: usize,
    list: usize,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the staged list, at this index.
    Staged(usize),
    /// In the list, at this index.
    List(usize),
}

impl Numbers {
    /// The place of record `number`, unless it was deleted. `staged` is the length of the staged
    /// list.
    pub fn place(&self, number: usize, staged: usize) -> Option<Place> {
        if let Some(index) = number.checked_sub(self.list) {
            return Some(Place::List(index));
        }
        let index = number.checked_sub(self.staged)?;
        (index < staged).then_some(Place::Staged(index))
    }

    /// The number of the record at `index` of the list.
    pub fn of(&self, index: usize) -> usize {
        self.list.saturating_add(index)
    }

    /// How many records were deleted if `staged` are staged.
    pub fn deleted(&self, staged: usize) -> usize {
        self.list.saturating_sub(staged)
    }

    /// All `count` records of the list become staged. There are no staged ones before.
    pub fn stage(&mut self, count: usize) {
        // INVARIANT: The list begins after the staged records.
        self.staged = self.list;
        self.list = self.list.saturating_add(count);
    }

    /// Deletes the first `count` records of the list.
    pub fn delete(&mut self, count: usize) {
        // INVARIANT: The list begins later than before.
        self.list = self.list.saturating_add(count);
    }
}

/// Which tasks have the files of the list open: any number of readers, or one writer, which may
/// have several open. `T` identifies a task.
#[derive(Debug)]
pub struct Turns<T> {
    readers: u64,
    /// The writer, and how many files it has open (at least one).
    writer: Option<(T, u64)>,
}

impl<T: PartialEq> Turns<T> {
    /// No file is open.
    pub const fn new() -> Self {
        Self {
            readers: 0,
            writer: None,
        }
    }

    /// The task `who` opens a file, for writing if `writes`. Returns whether it may.
    pub fn open(&mut self, who: T, writes: bool) -> bool {
        match (&mut self.writer, writes) {
            (Some((writer, files)), true) if *writer == who => {
                *files = files.saturating_add(1);
                true
            }
            (Some(_), _) => false,
            (None, false) => {
                self.readers = self.readers.saturating_add(1);
                true
            }
            (None, true) => {
                let free = self.readers == 0;
                if free {
                    self.writer = Some((who, 1));
                }
                free
            }
        }
    }

    /// Any task closes a file that was opened, for writing if `writes`.
    pub fn close(&mut self, writes: bool) {
        if !writes {
            self.readers = self.readers.saturating_sub(1);
        } else if let Some((_, files)) = &mut self.writer {
            *files = files.saturating_sub(1);
            if *files == 0 {
                self.writer = None;
            }
        }
    }
}

impl<T: PartialEq> Default for Turns<T> {
    fn default() -> Self {
        Self::new()
    }
}
