// SPDX-License-Identifier: GPL-2.0

//! The pages of a file in memory: written to storage, and dropped.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)
//!
//! What a look at a file reads are its pages. Two kinds of pages are not what the file has:
//!
//! - a dirty page that never reaches storage, because writing fails, or because the page is lost
//!   (`MADV_HWPOISON`): what the next reader sees is what storage has. [`File::write_back`] makes
//!   sure that storage has what is read.
//! - a page that a device, or a task of the kernel, writes to by a reference of its own
//!   (`io_uring`, FUSE servers, kTLS). Such a reference is a number among others, so no search
//!   finds it. [`File::cleanse`] takes the pages from the file instead: what is written to them
//!   afterwards reaches no file.
//!
//! `invalidate_inode_pages2()` looks at no reference count: it unmaps a page from every process,
//! lets the file system give up its own data of it, and takes it out of the file's tree. It never
//! loses a change: a page that is dirty, or whose buffers are, stays, and the answer is `EBUSY`.
//!
//! Both functions here may sleep for as long as storage takes, and cannot be killed meanwhile. They
//! take folio locks, `i_mmap_rwsem` for reading, and what the file system takes to write pages (a
//! transaction); neither the inode's lock nor `mmap_lock`, which a caller may hold, though readers
//! of the task's mappings then wait for storage. A caller may hold off a freezer of the file system
//! (`sb_start_write()`): the freezer writes all pages before it stops transactions, so that a
//! frozen file system has nothing to write, and one that is being frozen still writes.

use super::{
    bindings,
    file::File,
    storage, //
};
use digest_logic::storage::has_pages_to_drop;
use kernel::prelude::*;

/// How often [`File::cleanse`] tries. A page is busy while a task stores to it through a mapping,
/// while its buffers are being read or written, and, on ext4 with `data=journal`, until the journal
/// is through with it.
const TRIES: usize = 4;

impl File {
    /// Whether there is storage behind the pages, and pages before it: not so on tmpfs, ramfs and
    /// hugetlbfs, where the pages are the file, nor with DAX, where storage is mapped itself. Does
    /// not sleep.
    pub(crate) fn can_be_cleansed(&self) -> bool {
        has_pages_to_drop(&storage::facts(self.real_inode()))
    }

    /// Makes storage have what a reader sees: writes dirty pages, and waits for it. Where a page
    /// could not be written since the inode came into memory, the pages are dropped as well, so
    /// that what is read from here on is what storage has: each time, because the kernel counts a
    /// second failure only once a task has been told of the first (`errseq_t`). Nothing is to be
    /// done where the pages are the file. See above for sleep and locks.
    ///
    /// # Errors
    ///
    /// `EIO`, `ENOSPC` and others of storage: what is read may change without anybody writing to
    /// it. `EBUSY` as for [`File::cleanse`].
    pub(crate) fn write_back(&self) -> Result {
        if !self.can_be_cleansed() {
            return Ok(());
        }
        let inode = self.real_inode().as_ptr();
        // SAFETY: The open file keeps the inode; the caller may sleep.
        kernel::error::to_result(unsafe { bindings::diglist_inode_write_back(inode) })?;
        if self.failed_to_write() {
            return self.cleanse();
        }
        Ok(())
    }

    /// Whether a page could not be written to storage since the inode came into memory. Does not
    /// sleep.
    pub(crate) fn failed_to_write(&self) -> bool {
        // SAFETY: The open file keeps the inode.
        unsafe { bindings::diglist_inode_failed_to_write(self.real_inode().as_ptr()) }
    }

    /// Takes all pages from the file, once storage has what they hold: whoever holds a reference to
    /// a page holds none of the file's then. Processes that have the file mapped read it from
    /// storage again. See above for sleep and locks.
    ///
    /// What was written to the pages until then is in the file; a caller that wants to know the
    /// content looks afterwards.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` where the pages are the file ([`File::can_be_cleansed`]); `EBUSY` if a page
    /// stays in use; `EIO`, `ENOSPC` and others of storage. References to pages may then be left.
    pub(crate) fn cleanse(&self) -> Result {
        if !self.can_be_cleansed() {
            return Err(EOPNOTSUPP);
        }
        let inode = self.real_inode().as_ptr();
        let mut result = Err(EBUSY);
        for _ in 0..TRIES {
            // SAFETY: The open file keeps the inode; the caller may sleep.
            kernel::error::to_result(unsafe { bindings::diglist_inode_write_back(inode) })?;
            // SAFETY: As above.
            result = kernel::error::to_result(unsafe { bindings::diglist_inode_drop_pages(inode) });
            if result != Err(EBUSY) {
                break;
            }
        }
        result
    }
}
