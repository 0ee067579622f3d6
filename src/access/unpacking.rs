// SPDX-License-Identifier: GPL-2.0

//! Kernel modules that are compressed on disk.
//!
//! The kernel reads such a file, shows it to the hooks, unpacks it, and shows the result again as a
//! module. What lists and records know is the file; so the first counts, and the second is passed
//! over, as in IMA.

use crate::sys::task::Token;
use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex, //
};

/// How many tasks are remembered.
const MAX_TASKS: usize = 256;

/// The tasks whose next module is the content of a file that has been evaluated packed.
///
/// # Invariants
///
/// A task is here from the evaluation of a packed file to the next read into the kernel by it, or
/// to the module that comes of the file, whichever is first: [`Unpacking::forget`] is called when
/// such a read begins.
#[pin_data]
pub(crate) struct Unpacking {
    #[pin]
    tasks: Mutex<KVec<Token>>,
}

impl Unpacking {
    /// No task.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            tasks <- new_mutex!(KVec::new()),
        })
    }

    /// The current task's packed file has been evaluated. Without memory what comes of it is
    /// evaluated as well.
    pub(crate) fn remember(&self) {
        self.forget();
        let mut tasks = self.tasks.lock();
        if tasks.len() >= MAX_TASKS {
            // Most of them failed to unpack, and their tasks are gone.
            tasks.clear();
        }
        // INVARIANT: Just evaluated.
        let _ = tasks.push(Token::current(), GFP_KERNEL);
    }

    /// Takes the current task out and returns whether it was there.
    pub(crate) fn forget(&self) -> bool {
        let mut tasks = self.tasks.lock();
        let current = Token::current();
        match tasks.iter().position(|task| *task == current) {
            Some(place) => tasks.remove(place).is_ok(),
            None => false,
        }
    }
}
