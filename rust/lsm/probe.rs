// SPDX-License-Identifier: GPL-2.0

//! The test, at load, that hooks arrive.

use crate::sys::{
    file::OwnedFile,
    task::OneTask, //
};
use kernel::prelude::*;

/// The task that is testing, until the hook arrives.
static PROBE: OneTask = OneTask::none();

/// To be called by the hook.
pub(super) fn arrived() {
    if PROBE.is_current() {
        PROBE.clear();
    }
}

/// Opens a file and checks that the hook saw it. May sleep.
pub(super) fn run() -> Result {
    PROBE.set_current();
    let opened = OwnedFile::open(c"/");
    let seen = !PROBE.clear();
    opened?;
    if !seen {
        pr_err!(
            "the kernel does not call the BPF LSM's hooks: boot with 'bpf' in the list of lsm=\n"
        );
        return Err(ENOENT);
    }
    Ok(())
}
