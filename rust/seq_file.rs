// SPDX-License-Identifier: GPL-2.0

//! Output of a sequence file, binary and text.
//!
//! C header: [`include/linux/seq_file.h`](srctree/include/linux/seq_file.h)

use core::fmt;
use digest_logic::cursor::Sink;
use kernel::{
    bindings as c,
    types::{
        NotThreadSafe,
        Opaque, //
    },
};

/// The buffer for one record of a sequence file. Overflow is no error: the kernel takes a larger
/// buffer and asks for the record again.
#[repr(transparent)]
pub(crate) struct SeqOut {
    inner: Opaque<c::seq_file>,
    _not_send: NotThreadSafe,
}

impl SeqOut {
    /// # Safety
    ///
    /// `ptr` is the sequence file of a `show` call that is running, in the task that runs it.
    pub(super) unsafe fn from_raw<'a>(ptr: *mut c::seq_file) -> &'a mut Self {
        // CAST: `SeqOut` is a transparent wrapper.
        // SAFETY: By the requirement on the caller; seq_file serialises readers by its own mutex.
        unsafe { &mut *ptr.cast() }
    }

    /// Adds `data` as it is.
    pub(crate) fn bytes(&mut self, data: &[u8]) {
        // SAFETY: The sequence file is valid by the requirement of `from_raw()`, `data` for its
        // length.
        unsafe { c::seq_write(self.inner.get(), data.as_ptr().cast(), data.len()) };
    }
}

impl Sink for SeqOut {
    fn put(&mut self, bytes: &[u8]) -> digest_logic::refusal::Result {
        self.bytes(bytes);
        Ok(())
    }
}

impl fmt::Write for SeqOut {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.bytes(s.as_bytes());
        Ok(())
    }
}
