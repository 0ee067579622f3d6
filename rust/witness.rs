// SPDX-License-Identifier: GPL-2.0

//! All that an access to a file depends on, in a few words that can be compared.

use super::{
    bindings,
    file::File,
    inode::{
        signs_of,
        InodeKey, //
    }, //
};
use core::{
    mem::MaybeUninit,
    ptr, //
};
use digest_logic::cache::Signs;
use kernel::bindings as c;

/// Whose credentials an access is made with.
#[derive(Clone, Copy)]
pub(crate) struct Cred(*const c::cred);

impl Cred {
    /// Those of the current task.
    pub(crate) const CURRENT: Self = Self(ptr::null());

    /// Those of the current task itself, where it may have taken over others; see [`Ids::of_task`]. To be used before the
    /// task can replace them, that is within one hook.
    ///
    /// [`Ids::of_task`]: super::task::Ids::of_task
    #[expect(dead_code)]
    pub(crate) fn of_task() -> Self {
        // SAFETY: Callable in any task context. The task's own credentials live until it replaces them itself.
        unsafe { Self::from_raw(bindings::diglist_task_cred()) }
    }

    /// Those at `ptr`.
    ///
    /// # Safety
    ///
    /// They stay alive for as long as the value is used.
    pub(super) const unsafe fn from_raw(ptr: *const c::cred) -> Self {
        Self(ptr)
    }
}

/// What an access depends on: the inode, the signs that it or its content changed, and who accesses it. Two accesses of
/// the same kind with equal witnesses have the same result, as long as policy, lists and the count of closes stay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Witness {
    /// The inode.
    pub(crate) key: InodeKey,
    /// Its signs of change.
    pub(crate) signs: Signs,
    /// The group and the user, in the initial user namespace.
    pub(crate) ids: u64,
}

impl Witness {
    /// The witness of an access to `file`. Takes no lock, does not sleep.
    ///
    /// None for an access that depends on more: of a task whose real, effective and saved ids differ; to a file that
    /// is open for writing or past the page cache, is no regular file, is on a stacked file system, an idmapped mount, or
    /// a file system that does not show every change.
    #[inline(always)]
    pub(crate) fn of(file: &File, cred: Cred) -> Option<Self> {
        let mut raw = MaybeUninit::<bindings::diglist_witness>::uninit();
        // SAFETY: The file is open, the credentials are null or alive, and `raw` is valid for writes.
        if !unsafe { bindings::diglist_witness(file.as_ptr(), cred.0, raw.as_mut_ptr()) } {
            return None;
        }
        // SAFETY: The call has written every field.
        let raw = unsafe { raw.assume_init() };
        Some(Self {
            key: InodeKey::from_raw(raw.inode),
            signs: signs_of(&raw.signs),
            ids: u64::from(raw.gid) << 32 | u64::from(raw.uid),
        })
    }
}
