// SPDX-License-Identifier: GPL-2.0

//! Memory that is written once and then mapped read-only.
//!
//! C header: [`include/linux/vmalloc.h`](srctree/include/linux/vmalloc.h). The bytes are written
//! page by page through the kernel's direct map and afterwards read through a mapping of their own
//! (`vmap()` with `PAGE_KERNEL_RO`). A store through that mapping faults. The direct map stays
//! writable: a module has no function to change its protection.

use super::bindings;
use core::{
    ops::Deref,
    ptr::NonNull, //
};
use digest_logic::{
    cursor::Sink,
    refusal::Cause, //
};
use kernel::{
    bindings as c,
    page::PAGE_SIZE,
    prelude::*, //
};

/// The memory that the kernel manages, in bytes. Does not sleep.
pub(crate) fn memory() -> u64 {
    // SAFETY: Reads a counter.
    unsafe { bindings::diglist_memory() }
}

/// One page.
///
/// # Invariants
///
/// The page came from `alloc_page()` and is ours.
struct Page(NonNull<c::page>);

// SAFETY: A page belongs to no task.
unsafe impl Send for Page {}
// SAFETY: It is written only through `&mut`.
unsafe impl Sync for Page {}

impl Page {
    /// A page of zeros. May sleep.
    fn new() -> Result<Self> {
        // SAFETY: Called in task context.
        // INVARIANT: From `alloc_page()`.
        NonNull::new(unsafe { bindings::diglist_page_alloc() })
            .map(Self)
            .ok_or(ENOMEM)
    }

    /// Writes `bytes` at `offset`, as far as they fit.
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let room = PAGE_SIZE.saturating_sub(offset);
        let len = room.min(bytes.len());
        // SAFETY: The page is ours by the type invariants, and `offset + len` does not exceed its
        // size.
        unsafe { bindings::diglist_page_write(self.0.as_ptr(), offset, bytes.as_ptr(), len) };
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the page is ours, of order 0.
        unsafe { c::__free_pages(self.0.as_ptr(), 0) };
    }
}

/// The bytes that `pages` pages take, with the array of pointers to them.
fn footprint(pages: usize) -> usize {
    pages.saturating_mul(PAGE_SIZE.saturating_add(size_of::<Page>()))
}

/// Collects bytes until it is sealed.
///
/// # Invariants
///
/// `len` is at most the size of all pages, and more than that of all but the last.
pub(crate) struct Writer {
    pages: KVVec<Page>,
    len: usize,
}

impl Writer {
    /// Empty, without memory.
    pub(crate) const fn new() -> Self {
        // INVARIANT: No bytes, no pages.
        Self {
            pages: KVVec::new(),
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What [`Sealed::footprint`] will return if `more` bytes are appended.
    pub(crate) fn footprint_with(&self, more: usize) -> usize {
        footprint(self.len.saturating_add(more).div_ceil(PAGE_SIZE))
    }

    /// Appends `bytes`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; bytes appended before stay.
    pub(crate) fn append(&mut self, mut bytes: &[u8]) -> Result {
        while !bytes.is_empty() {
            let offset = self.len % PAGE_SIZE;
            if offset == 0 {
                self.pages.push(Page::new()?, GFP_KERNEL)?;
            }
            let room = PAGE_SIZE.saturating_sub(offset).min(bytes.len());
            let (now, later) = bytes.split_at_checked(room).ok_or(EINVAL)?;
            self.pages.last_mut().ok_or(EINVAL)?.write(offset, now);
            // INVARIANT: A new page was pushed where the last was full, and `now` fits the last.
            self.len = self.len.saturating_add(now.len());
            bytes = later;
        }
        Ok(())
    }

    /// Maps the bytes read-only. May sleep.
    pub(crate) fn seal(self) -> Result<Sealed> {
        let Self { pages, len } = self;
        if pages.is_empty() {
            // INVARIANT: Nothing is mapped, and nothing read.
            return Ok(Sealed {
                addr: NonNull::dangling(),
                len: 0,
                pages,
            });
        }
        let mut raw = KVVec::with_capacity(pages.len(), GFP_KERNEL)?;
        for page in pages.iter() {
            raw.push(page.0.as_ptr(), GFP_KERNEL)?;
        }
        let count = u32::try_from(raw.len()).map_err(|_| EFBIG)?;
        // SAFETY: `raw` has `count` pages, all of them ours.
        let addr = unsafe { bindings::diglist_pages_map_readonly(raw.as_mut_ptr(), count) };
        // INVARIANT: `pages`, which have room for `len` bytes, are mapped at `addr`.
        NonNull::new(addr.cast())
            .map(|addr| Sealed { addr, len, pages })
            .ok_or(ENOMEM)
    }
}

impl Sink for Writer {
    fn put(&mut self, bytes: &[u8]) -> digest_logic::refusal::Result {
        self.append(bytes).map_err(|_| Cause::BufferTooSmall)
    }
}

/// Bytes that no longer change.
///
/// # Invariants
///
/// Unless `pages` is empty, they are mapped read-only at `addr`, by a mapping that is ours, and
/// hold at least `len` bytes. `len` is 0 where `pages` is empty.
pub(crate) struct Sealed {
    addr: NonNull<u8>,
    len: usize,
    pages: KVVec<Page>,
}

// SAFETY: The bytes do not change and belong to no task.
unsafe impl Send for Sealed {}
// SAFETY: As above.
unsafe impl Sync for Sealed {}

impl Sealed {
    /// The bytes that it takes: whole pages and the array of pointers to them.
    pub(crate) fn footprint(&self) -> usize {
        footprint(self.pages.len())
    }
}

impl Deref for Sealed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: By the type invariants `len` bytes are mapped at `addr` (or `len` is 0 and the
        // pointer dangling). They are not written.
        unsafe { core::slice::from_raw_parts(self.addr.as_ptr(), self.len) }
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        if !self.pages.is_empty() {
            // SAFETY: By the type invariants the mapping is ours. No slice outlives `self`. The
            // pages are freed later.
            unsafe { bindings::diglist_pages_unmap(self.addr.as_ptr().cast()) };
        }
    }
}
