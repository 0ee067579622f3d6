// SPDX-License-Identifier: GPL-2.0

//! The test, at load, that hooks arrive.

use crate::sys::{
    file::OwnedFile,
    task, //
};
use core::sync::atomic::{
    AtomicUsize,
    Ordering, //
};
use kernel::prelude::*;

/// The test is not running, or the hook did not arrive.
const IDLE: usize = 0;
/// The hook arrived.
const SEEN: usize = 1;

/// [`IDLE`], [`SEEN`], or the token of the task that is testing.
static PROBE: AtomicUsize = AtomicUsize::new(IDLE);

/// To be called by the hook.
pub(super) fn arrived() {
    let probe = PROBE.load(Ordering::Relaxed);
    if probe > SEEN && probe == task::current_token() {
        PROBE.store(SEEN, Ordering::Relaxed);
    }
}

/// Opens a file and checks that the hook saw it. May sleep.
pub(super) fn run() -> Result {
    PROBE.store(task::current_token(), Ordering::Relaxed);
    let opened = OwnedFile::open(c"/");
    let seen = PROBE.swap(IDLE, Ordering::Relaxed) == SEEN;
    opened?;
    if !seen {
        pr_err!(
            "the kernel does not call the BPF LSM's hooks: boot with 'bpf' in the list of lsm=\n"
        );
        return Err(ENOENT);
    }
    Ok(())
}
