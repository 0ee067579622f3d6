// SPDX-License-Identifier: GPL-2.0

//! Files that answer: a task writes a question and reads the answer from the same open file. Other
//! open files do not see it. The answer does not change while it is read.

use super::{
    request::{
        report,
        request, //
    },
    Dir, //
};
use kernel::{
    bindings as c,
    error::from_result,
    ffi,
    new_mutex,
    prelude::*,
    str::CStr,
    sync::Mutex, //
};

/// The implementation of a file that answers.
pub(crate) trait Dialog: Send + Sync + 'static {
    /// Permission bits.
    const MODE: u16 = 0o600;

    /// The most bytes of a question; 0 if there is none.
    const MAX_QUESTION: usize = 0;

    /// Answers a question, which came by one `write()`. The caller has `CAP_SYS_ADMIN`. May sleep.
    fn answer(&self, _question: KVVec<u8>) -> Result<KVVec<u8>> {
        Err(EINVAL)
    }

    /// The text of an open file without a question, made at its first read. May sleep.
    fn unasked(&self) -> Result<KVVec<u8>> {
        Ok(KVVec::new())
    }
}

/// One open file, with the answer to its last question.
///
/// # Invariants
///
/// `node` lives as long as the file exists.
#[pin_data]
struct Session<T> {
    node: *const T,
    #[pin]
    answer: Mutex<Option<KVVec<u8>>>,
}

impl Dir {
    /// Adds a file that answers. May sleep.
    pub(crate) fn add_dialog<T: Dialog>(&mut self, name: &CStr, node: T) -> Result {
        let fops = c::file_operations {
            open: Some(open::<T>),
            read: Some(read::<T>),
            write: (T::MAX_QUESTION > 0).then_some(write::<T>),
            llseek: Some(c::default_llseek),
            release: Some(release::<T>),
            ..pin_init::zeroed()
        };
        // SAFETY: The functions are those for a `T`.
        unsafe { self.create(name, T::MODE, fops, node) }
    }
}

/// The session of an open file.
///
/// # Safety
///
/// `file` is open and was opened by [`open`] with the same `T`.
unsafe fn session<'a, T: Dialog>(file: *mut c::file) -> &'a Session<T> {
    // SAFETY: `open()` has put a pinned box there, which `release()` takes back.
    unsafe { &*(*file).private_data.cast::<Session<T>>() }
}

/// # Safety
///
/// Called by the VFS for a file made by [`Dir::add_dialog`] with a `T`.
unsafe extern "C" fn open<T: Dialog>(inode: *mut c::inode, file: *mut c::file) -> ffi::c_int {
    from_result(|| {
        // SAFETY: `i_private` is what `Dir::add_dialog()` gave securityfs.
        let node = unsafe { (*inode).i_private }.cast::<T>().cast_const();
        // INVARIANT: The open file keeps the module, and thereby the node, alive.
        let session = KBox::pin_init(
            pin_init!(Session {
                node,
                answer <- new_mutex!(None),
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: The session is not moved out of its box; `file` is being opened.
        unsafe {
            (*file).private_data = KBox::into_raw(Pin::into_inner_unchecked(session)).cast();
        }
        Ok(0)
    })
}

/// # Safety
///
/// Called by the VFS once for a file that [`open`] opened.
unsafe extern "C" fn release<T: Dialog>(_inode: *mut c::inode, file: *mut c::file) -> ffi::c_int {
    // SAFETY: `open()` has put the box there, and the file is no longer used.
    drop(unsafe { Pin::from(KBox::from_raw((*file).private_data.cast::<Session<T>>())) });
    0
}

/// # Safety
///
/// Called by the VFS for a file that [`open`] opened, with a valid position.
unsafe extern "C" fn read<T: Dialog>(
    file: *mut c::file,
    buf: *mut ffi::c_char,
    count: usize,
    pos: *mut c::loff_t,
) -> isize {
    from_result(|| {
        // SAFETY: Opened by `open()`.
        let session = unsafe { session::<T>(file) };
        if session.answer.lock().is_none() {
            // Made without the lock. If two tasks do so at once, the first text counts.
            //
            // SAFETY: By the invariants of the session.
            let text = unsafe { &*session.node }.unasked()?;
            session.answer.lock().get_or_insert(text);
        }
        let answer = session.answer.lock();
        let text = answer.as_deref().unwrap_or_default();
        // SAFETY: `buf` is the user's, `pos` valid, and the text valid for its length while the
        // lock is held.
        Ok(unsafe {
            c::simple_read_from_buffer(buf.cast(), count, pos, text.as_ptr().cast(), text.len())
        })
    })
}

/// # Safety
///
/// Called by the VFS for a file that [`open`] opened, with a valid position.
unsafe extern "C" fn write<T: Dialog>(
    file: *mut c::file,
    buf: *const ffi::c_char,
    count: usize,
    pos: *mut c::loff_t,
) -> isize {
    from_result(|| {
        let data = request(buf, count, T::MAX_QUESTION)?;
        // SAFETY: Opened by `open()`.
        let session = unsafe { session::<T>(file) };
        // SAFETY: By the invariants of the session.
        let answer = unsafe { &*session.node }.answer(data).inspect_err(report)?;
        *session.answer.lock() = Some(answer);
        // The answer is read from its beginning.
        // SAFETY: `pos` is valid.
        unsafe { *pos = 0 };
        isize::try_from(count).map_err(|_| EFBIG)
    })
}
