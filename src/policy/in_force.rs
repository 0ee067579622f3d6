// SPDX-License-Identifier: GPL-2.0

//! The policy in force.

use super::{
    ActivePolicy,
    Mode,
    Query, //
};
use crate::sys::{
    atomic::Inline as _,
    rcu_cell::RcuCell, //
};
use digest_logic::policy::{
    Action,
    Decision,
    Func, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed,
            Release, //
        },
        rcu,
        Arc,
        Mutex,
        MutexGuard, //
    },
};

/// The policy in force, and what its `appraise` rules do.
#[pin_data]
pub(crate) struct Policies {
    active: RcuCell<ActivePolicy>,
    /// Twice the number of replacements, plus one if the policy has conditions on labels.
    generation: Atomic<u64>,
    mode: Mode,
    /// Whether the policy cannot be replaced (`policy_lock`).
    is_locked: bool,
    /// Held while a policy is recorded and put in force, so that records and policies have the same
    /// order.
    #[pin]
    changing: Mutex<()>,
}

impl Policies {
    pub(crate) fn new(
        policy: Arc<ActivePolicy>,
        mode: Mode,
        is_locked: bool,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            generation: Atomic::new(policy.needs_label().into()),
            active: RcuCell::new(policy),
            mode,
            is_locked,
            changing <- new_mutex!(()),
        })
    }

    /// A number that changes with the policy. None if the policy's decisions depend on labels. Read
    /// it before the policy: then it never belongs to a later policy.
    pub(crate) fn generation(&self) -> Option<u64> {
        let generation = self.generation.read_acquire();
        (generation & 1 == 0).then_some(generation)
    }

    /// What the policy in force says of an access, without actions that `ima_appraise` switches
    /// off. Counts the access for the rules that decide. Takes no lock. May sleep if a rule has a
    /// condition on the label of a file.
    pub(crate) fn decide(&self, access: &Query<'_>) -> Decision {
        let at_once = {
            let guard = rcu::read_lock();
            let policy = self.active.read(&guard);
            (!policy.needs_label()).then(|| {
                let count = |place| policy.count(access.func, place);
                policy.ask(access, None, None, count)
            })
        };
        let mut decision = at_once.unwrap_or_else(|| {
            let policy = self.load();
            policy.ask_with_labels(access, |place| policy.count(access.func, place))
        });
        if self.mode == Mode::Off {
            decision.appraise = None;
        }
        decision
    }

    /// Whether the policy in force has a `measure` rule. Takes no lock, does not sleep.
    pub(crate) fn measures(&self) -> bool {
        let guard = rcu::read_lock();
        self.active.read(&guard).wanted.contains(Action::Measure)
    }

    /// What `appraise` rules do.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether the policy in force has an `appraise` rule with an effect. Takes no lock, does not
    /// sleep.
    pub(crate) fn appraises(&self) -> bool {
        let guard = rcu::read_lock();
        self.mode != Mode::Off && self.active.read(&guard).appraises_anything()
    }

    /// Whether the policy in force refuses files. Takes no lock, does not sleep.
    pub(crate) fn enforces(&self) -> bool {
        self.mode == Mode::Enforce && self.appraises()
    }

    /// The place in the policy in force, from 1, of the first rule by which content for `func` must
    /// come from a file.
    pub(crate) fn wants_file(&self, func: Func) -> Option<usize> {
        let policy = (self.mode != Mode::Off).then(|| self.load())?;
        policy.appraises(func)
    }

    /// The policy in force, to keep.
    pub(crate) fn load(&self) -> Arc<ActivePolicy> {
        self.active.load()
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// Excludes other replacements until the guard is dropped. May sleep.
    pub(crate) fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock()
    }

    /// Puts `policy` in force for all accesses at once. `_change` is from [`Policies::change`]. May
    /// sleep.
    pub(crate) fn replace(&self, _change: MutexGuard<'_, ()>, policy: Arc<ActivePolicy>) {
        let labelled = u64::from(policy.needs_label());
        drop(self.active.replace(policy));
        // After the policy is in force: results under the new number come from the new policy.
        // Writers take turns.
        let replacements = (self.generation.load(Relaxed) >> 1).wrapping_add(1);
        self.generation.store(replacements << 1 | labelled, Release);
    }
}
