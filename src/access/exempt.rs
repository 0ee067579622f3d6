// SPDX-License-Identifier: GPL-2.0

//! Exempts the module's own reads: an open by the module arrives at its own hooks.

use crate::sys::task::OneTask;
use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex, //
};

/// The one task that reads for the module, if any. A hook checks it with one load.
#[pin_data]
pub(crate) struct Exempt {
    reader: OneTask,
    #[pin]
    reading: Mutex<()>,
}

impl Exempt {
    /// No task is exempt.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            reader: OneTask::none(),
            reading <- new_mutex!(()),
        })
    }

    /// Runs `f`, which reads one file, with the current task exempt. Only one task is exempt at a
    /// time. May sleep.
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
