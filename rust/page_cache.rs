// SPDX-License-Identifier: GPL-2.0

//! The pages of a file in memory: writes them back, and drops them.
//!
//! C header: [`include/linux/pagemap.h`](srctree/include/linux/pagemap.h)
//!
//! A read of a file reads its pages. Two kinds of pages may differ from what the file has:
//! - A dirty page that never reaches storage: writing fails, or the page is lost (`MADV_HWPOISON`).
//!   The next reader gets what storage has. [`File::write_back`] makes sure that storage has what
//!   is read.
//! - A page that a device or a kernel task writes to through a reference of its own (`io_uring`,
//!   FUSE servers, kTLS). References are only counted, so they cannot be found. [`File::cleanse`]
//!   removes the pages from the file: later writes to them reach no file.
//!
//! `invalidate_inode_pages2()` ignores reference counts. It unmaps a page from every process, lets
//! the file system release its data of the page, and removes it from the file. It never loses a
//! change: a page with dirty data or buffers stays, and the result is `EBUSY`.
//!
//! Both functions here may sleep as long as storage takes, and cannot be killed meanwhile. They
//! take folio locks, `i_mmap_rwsem` for reading, and the file system's locks for writing pages (a
//! transaction). They take neither the inode's lock nor `mmap_lock`, which the caller may hold,
//! though other users of `mmap_lock` then wait for storage. The caller may keep the file system
//! from being frozen (`sb_start_write()`): the freezer writes all pages before it stops
//! transactions.

use super::{
    bindings,
    file::File,
    kernel_crate::EOPNOTSUPP,
    storage, //
};
use core::ptr;
use digest_logic::storage::{
    has_pages_to_drop,
    reads_by_file, //
};
use kernel::prelude::*;

/// How often [`File::cleanse`] tries. A page is busy while a task stores to it through a mapping,
/// while its buffers are read or written, and with `data=journal` on ext4 until the journal has
/// finished with it.
const TRIES: usize = 4;

impl File {
    /// Whether the pages are a cache of storage. They are not on tmpfs, ramfs and hugetlbfs, where
    /// the pages are the file, nor with DAX, which maps storage itself. Does not sleep.
    pub(crate) fn can_be_cleansed(&self) -> bool {
        has_pages_to_drop(&storage::facts(self.real_inode()))
    }

    /// Makes storage have what readers get: writes dirty pages and waits. If any page could not be
    /// written since the inode came into memory, it also drops the pages, so that later reads get
    /// what storage has. It does so each time, because the kernel counts a second failure only
    /// after a task was told of the first (`errseq_t`). Does nothing where the pages are the file.
    /// See above for sleep and locks.
    ///
    /// # Errors
    ///
    /// `EIO`, `ENOSPC` and others of storage: the content may change without a write. `EBUSY` as
    /// for [`File::cleanse`].
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

    /// Whether a task has the content mapped. May sleep, and takes `i_mmap_rwsem` for reading.
    pub(crate) fn is_mapped(&self) -> bool {
        // SAFETY: The open file keeps the inode; the caller may sleep.
        unsafe { bindings::diglist_inode_is_mapped(self.real_inode().as_ptr()) }
    }

    /// Whether there are only zeros behind the end of the file, as far as mappings show it. False
    /// if that cannot be read; true with DAX. See above for sleep and locks.
    pub(crate) fn ends_in_zeros(&self) -> bool {
        let inode = self.real_inode();
        let facts = storage::facts(inode);
        if facts.is_dax {
            return true;
        }
        // The file of a stacked file system is none that the one below knows.
        let (file, cached) = match self.is_stacked() {
            false => (self.as_ptr(), false),
            true => (ptr::null_mut(), reads_by_file(&facts)),
        };
        // SAFETY: The open file keeps the inode; the caller may sleep. `file` is an open file of
        // the inode, or null, where its file system needs none or nothing is read.
        unsafe { bindings::diglist_inode_ends_in_zeros(inode.as_ptr(), file, cached) }
    }

    /// Removes all pages from the file after they were written to storage. References to the pages
    /// then no longer lead to the file. Processes that have the file mapped read it from storage
    /// again. See above for sleep and locks.
    ///
    /// Earlier writes to the pages are in the file, so a caller reads the content afterwards.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` where the pages are the file ([`File::can_be_cleansed`]); `EBUSY` if a page
    /// stays in use; `EIO`, `ENOSPC` and others of storage. References may then be left.
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
