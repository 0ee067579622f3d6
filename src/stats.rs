// SPDX-License-Identifier: GPL-2.0

//! Counters for `status`. No decision depends on them.

use crate::sys::{
    atomic,
    clock, //
};
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// A number that only grows, from 0.
pub(crate) struct Counter(Atomic<u64>);

impl Default for Counter {
    fn default() -> Self {
        Self(Atomic::new(0))
    }
}

impl Counter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, n: u64) {
        atomic::add(&self.0, n);
    }

    /// Adds the nanoseconds that `f` takes.
    pub(crate) fn time<T>(&self, f: impl FnOnce() -> T) -> T {
        let start = clock::nanoseconds();
        let result = f();
        self.add(clock::nanoseconds().wrapping_sub(start));
        result
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[derive(Default)]
pub(crate) struct Stats {
    /// Accesses that a rule of any action matched, without those answered by the shortcut.
    pub(crate) checked: Counter,
    /// Of these, answered from the cache: the file was unchanged.
    pub(crate) cache_hits: Counter,
    /// Accesses answered by the shortcut. `status` adds them to both counters above.
    pub(crate) shortcuts: Counter,
    /// Files whose digest was computed and found in a list.
    pub(crate) known: Counter,
    /// Files whose digest was computed and found in no list.
    pub(crate) unknown: Counter,
    /// Files evaluated for an `appraise` rule.
    pub(crate) appraised: Counter,
    /// Of these, refused, or allowed only because the policy is not enforced.
    pub(crate) denied: Counter,
    /// Digests stored in `security.ima`.
    pub(crate) stored: Counter,
    /// Files that could not be read and were recorded as violations.
    pub(crate) unreadable: Counter,
    /// Bytes hashed.
    pub(crate) hashed_bytes: Counter,
    /// Nanoseconds spent reading and hashing.
    pub(crate) hash_ns: Counter,
    /// TPM extend commands.
    pub(crate) extends: Counter,
    /// Nanoseconds spent in them.
    pub(crate) tpm_ns: Counter,
}
