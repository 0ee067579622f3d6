// SPDX-License-Identifier: GPL-2.0

//! Trimming the measurement list, with the words and the turns of IMA's staging
//! (`Documentation/security/IMA-export-delete.rst` and `security/integrity/ima/ima_fs.c` of the
//! kernel).

use crate::refusal::{
    Cause,
    Result, //
};

/// The most bytes of a request: 20 digits and a newline.
pub const MAX_REQUEST: usize = 21;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// `A`: the whole list becomes the staged one.
    Stage,
    /// `D`: the staged list goes.
    DeleteStaged,
    /// A number: as many records go from the beginning of the list.
    Delete(u64),
}

impl Request {
    /// Reads a request that is written to a file of the staged list, or of the list itself. A
    /// newline at the end may be missing.
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

/// Which records there are. They are numbered from 0 in the order in which they were appended, for
/// good.
///
/// # Invariants
///
/// The staged records have the numbers from `staged` on, and the list those from `list` on, which
/// is not before the last of the staged ones.
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
    /// Where the record `number` is, if it was not deleted. `staged` is the length of the staged
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

    /// How many records were deleted, with as many staged.
    pub fn deleted(&self, staged: usize) -> usize {
        self.list.saturating_sub(staged)
    }

    /// All `count` records of the list become the staged ones, of which there are none.
    pub fn stage(&mut self, count: usize) {
        // INVARIANT: The list begins behind the staged records.
        self.staged = self.list;
        self.list = self.list.saturating_add(count);
    }

    /// The first `count` records of the list go.
    pub fn delete(&mut self, count: usize) {
        // INVARIANT: The list begins later than before.
        self.list = self.list.saturating_add(count);
    }
}

/// Who has the files of the list open: any number of readers, or one writer, which may have several
/// open. `T` names a task.
#[derive(Debug)]
pub struct Turns<T> {
    readers: u64,
    /// The writer, and how many files it has open, one at least.
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

    /// The task `who` opens a file, to write to it or not. Returns whether it may.
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

    /// A file is closed that was opened to write to it, or not; by any task.
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
