// SPDX-License-Identifier: GPL-2.0

//! What stands behind a file.

use crate::sys::seq_file::SeqOut;
use kernel::prelude::*;

/// What stands behind a file: a sequence of items to read, and possibly something to write to.
pub(crate) trait Node: Send + Sync + 'static {
    /// One piece of the file's text, kept while it is being shown.
    type Item: Send;

    /// Permission bits.
    const MODE: u16;

    /// The most bytes that one `write()` may pass; 0 for a file that cannot be written.
    const MAX_WRITE: usize = 0;

    /// The file is being opened, also to be written to if `writes`. May sleep.
    ///
    /// # Errors
    ///
    /// Why it cannot be opened.
    fn opened(&self, _writes: bool) -> Result {
        Ok(())
    }

    /// A file that was opened is closed for good. May sleep.
    fn closed(&self, _writes: bool) {}

    /// The item at `index`, or `None` after the last. May sleep.
    fn item(&self, index: usize) -> Option<Self::Item>;

    /// Writes one item out. May be called again for the same item.
    fn show(&self, item: &Self::Item, out: &mut SeqOut);

    /// Takes the data of one `write()`, all of it or nothing. `continues` says that it does not
    /// begin at the start of the file, as the second write by the same open file. The caller has
    /// `CAP_SYS_ADMIN`. May sleep.
    fn write(&self, _data: KVVec<u8>, _continues: bool) -> Result {
        Err(EINVAL)
    }
}
