// SPDX-License-Identifier: GPL-2.0

//! The implementation of a file.

use crate::sys::seq_file::SeqOut;
use kernel::prelude::*;

/// A file: a sequence of items to read, and possibly writes.
pub(crate) trait Node: Send + Sync + 'static {
    /// One piece of the text, kept while it is shown.
    type Item: Send;

    /// Permission bits.
    const MODE: u16;

    /// The most bytes of one `write()`; 0 for a read-only file.
    const MAX_WRITE: usize = 0;

    /// The file is opened, for writing if `writes`. May sleep.
    ///
    /// # Errors
    ///
    /// Why it cannot be opened.
    fn opened(&self, _writes: bool) -> Result {
        Ok(())
    }

    /// The file is closed. May sleep.
    fn closed(&self, _writes: bool) {}

    /// The item at `index`, or `None` after the last. May sleep.
    fn item(&self, index: usize) -> Option<Self::Item>;

    /// Writes one item to `out`. May be called again for the same item.
    fn show(&self, item: &Self::Item, out: &mut SeqOut);

    /// Takes the data of one `write()`, all or nothing. `continues` if it does not start at offset
    /// 0, such as the second write to an open file. The caller has `CAP_SYS_ADMIN`. May sleep.
    fn write(&self, _data: KVVec<u8>, _continues: bool) -> Result {
        Err(EINVAL)
    }
}
