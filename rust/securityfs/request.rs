// SPDX-License-Identifier: GPL-2.0

//! Copies what a task writes to a file into kernel memory.

use crate::sys::task;
use kernel::{
    ffi,
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

/// Copies `count` bytes at `buf` of the current task. May sleep.
///
/// # Errors
///
/// `EPERM` if the task may not configure the module, `EFBIG` for more than `limit` bytes, `EFAULT`,
/// `ENOMEM`. The reason is in the kernel log.
pub(super) fn request(buf: *const ffi::c_char, count: usize, limit: usize) -> Result<KVVec<u8>> {
    if !task::may_configure() {
        pr_err!("a write needs CAP_SYS_ADMIN in the initial user namespace\n");
        return Err(EPERM);
    }
    if count > limit {
        pr_err!(
            "a write of {} bytes: the file takes {} at most\n",
            count,
            limit
        );
        return Err(EFBIG);
    }
    let mut data = KVVec::new();
    // CAST: An address.
    UserSlice::new(UserPtr::from_addr(buf as usize), count)
        .read_all(&mut data, GFP_KERNEL)
        .inspect_err(|error| {
            pr_err!(
                "a write of {} bytes cannot be read ({})\n",
                count,
                error.to_errno()
            );
        })?;
    Ok(data)
}

/// Logs failures that may happen anywhere in a request. Other causes are logged where they are
/// found.
pub(super) fn report(error: &Error) {
    let cause = if *error == ENOMEM {
        "there is no memory for it"
    } else if *error == EINTR {
        "the task is being killed"
    } else {
        return;
    };
    pr_err!("a write failed: {}\n", cause);
}
