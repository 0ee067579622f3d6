// SPDX-License-Identifier: GPL-2.0

//! Kernel modules that are compressed on disk.
//!
//! The kernel reads such a file, shows it to the hooks, unpacks it, and shows the result again as a
//! module. Lists and records have the packed file, so only that one is evaluated, as in IMA.

use crate::sys::task::Token;
use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex, //
};

/// How many tasks are remembered.
const MAX_TASKS: usize = 256;

/// The tasks that will load a module from a packed file that was evaluated.
///
/// # Invariants
///
/// A task is here from the evaluation of a packed file until it loads the module or begins the next
/// read into the kernel, which calls [`Unpacking::forget`].
#[pin_data]
pub(crate) struct Unpacking {
    #[pin]
    tasks: Mutex<KVec<Token>>,
}

impl Unpacking {
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            tasks <- new_mutex!(KVec::new()),
        })
    }

    /// Notes that the current task's packed file has been evaluated. Without memory for that, the
    /// unpacked module is evaluated as well.
    pub(crate) fn remember(&self) {
        self.forget();
        let mut tasks = self.tasks.lock();
        if tasks.len() >= MAX_TASKS {
            // Most of these tasks failed to unpack, and have ended.
            tasks.clear();
        }
        // INVARIANT: Just evaluated.
        let _ = tasks.push(Token::current(), GFP_KERNEL);
    }

    /// Removes the current task. Returns whether it was there.
    pub(crate) fn forget(&self) -> bool {
        let mut tasks = self.tasks.lock();
        let current = Token::current();
        match tasks.iter().position(|task| *task == current) {
            Some(place) => tasks.remove(place).is_ok(),
            None => false,
        }
    }
}
