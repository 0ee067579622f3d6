// SPDX-License-Identifier: GPL-2.0

//! Security labels of tasks and files, as text from the LSM that has one.

use super::file::File;
use digest_logic::num::u32_as_usize;
use kernel::{
    bindings as c,
    error::to_result,
    task::Task, //
};

// CAST: 0.
/// Any LSM.
const ANY_LSM: i32 = c::LSM_ID_UNDEF as i32;

/// A label.
///
/// # Invariants
///
/// The context was filled in by an LSM and not released yet.
pub(crate) struct Label(c::lsm_context);

impl Label {
    /// The label of the current task with its current credentials. None if no LSM has one. May
    /// allocate, does not sleep otherwise.
    pub(crate) fn of_current_task() -> Option<Self> {
        let mut prop = c::lsm_prop::default();
        // SAFETY: It is valid for writes.
        unsafe { c::security_current_getlsmprop_subj(&mut prop) };
        Self::of_prop(prop)
    }

    /// The label of the current task itself, whatever credentials it has taken over. None if no LSM
    /// has one. May allocate, does not sleep otherwise.
    pub(crate) fn of_task() -> Option<Self> {
        let mut prop = c::lsm_prop::default();
        // SAFETY: The current task exists, and `prop` is valid for writes.
        unsafe { c::security_task_getlsmprop_obj(Task::current_raw(), &mut prop) };
        Self::of_prop(prop)
    }

    fn of_prop(mut prop: c::lsm_prop) -> Option<Self> {
        let mut context = c::lsm_context::default();
        // SAFETY: `prop` was filled in by an LSM, or is empty, and `context` is valid for writes.
        let rc = unsafe { c::security_lsmprop_to_secctx(&mut prop, &mut context, ANY_LSM) };
        // INVARIANT: Filled in, since the call succeeded. The result is the length or an errno.
        (rc >= 0).then_some(Self(context))
    }

    /// The label of `file`. None if no LSM has one. May sleep.
    pub(crate) fn of_file(file: &File) -> Option<Self> {
        let mut context = c::lsm_context::default();
        // SAFETY: The file is open, so its inode is there; `context` is valid for writes.
        let rc = unsafe { c::security_inode_getsecctx(file.own_inode().as_ptr(), &mut context) };
        // INVARIANT: Filled in, since the call succeeded.
        to_result(rc).is_ok().then_some(Self(context))
    }

    pub(crate) fn as_str(&self) -> &str {
        if self.0.context.is_null() {
            return "";
        }
        // SAFETY: By the type invariants the context has `len` bytes.
        let bytes = unsafe {
            core::slice::from_raw_parts(self.0.context.cast::<u8>(), u32_as_usize(self.0.len))
        };
        // Some LSMs count the NUL at the end.
        let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
        core::str::from_utf8(bytes).unwrap_or("")
    }
}

impl Drop for Label {
    fn drop(&mut self) {
        // SAFETY: By the type invariants it was not released yet.
        unsafe { c::security_release_secctx(&mut self.0) };
    }
}
