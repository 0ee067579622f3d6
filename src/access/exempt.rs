// SPDX-License-Identifier: GPL-2.0

//! Files that the module reads for itself are not evaluated: the open would arrive at the module's
//! own hook.

use crate::sys::task::OneTask;
use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex, //
};

/// Names the one task that is reading for the module, if any, so that a hook asks with a single
/// load.
#[pin_data]
pub(crate) struct Exempt {
    reader: OneTask,
    #[pin]
    reading: Mutex<()>,
}

impl Exempt {
    /// Nobody is exempt.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            reader: OneTask::none(),
            reading <- new_mutex!(()),
        })
    }

    /// Runs `f`, which reads one file, with the current task exempt. One task at a time. May sleep.
    pub(crate) fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        let _reading = self.reading.lock();
        self.reader.set_current();
        let result = f();
        self.reader.clear();
        result
    }

    /// Whether the current task is reading for the module.
    pub(crate) fn current(&self) -> bool {
        self.reader.is_current()
    }
}
