// SPDX-License-Identifier: GPL-2.0

//! What the hooks hold.

use super::{
    evaluate::evaluate,
    exempt::Exempt,
    file_access::{
        Access,
        Done, //
    },
    unpacking::Unpacking, //
};
use crate::{
    stores::Stores,
    sys::{
        atomic::Inline as _,
        cred::Cred,
        file::File,
        lsm::AccessKind, //
    },
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Release, //
        },
        Arc, //
    },
};

/// The stores, and which accesses are skipped.
#[pin_data]
pub(crate) struct Monitor {
    /// Set once the first records are in the log; until then no access is evaluated.
    running: Atomic<bool>,
    #[pin]
    exempt: Exempt,
    #[pin]
    pub(super) unpacking: Unpacking,
    #[pin]
    stores: Stores,
}

impl Monitor {
    /// Lets every access proceed until [`Monitor::begin`] is called. May sleep.
    pub(crate) fn new(stores: impl PinInit<Stores, Error>) -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                running: Atomic::new(false),
                exempt <- Exempt::new(),
                unpacking <- Unpacking::new(),
                stores <- stores,
            }? Error),
            GFP_KERNEL,
        )
    }

    pub(crate) fn begin(&self) {
        self.running.store(true, Release);
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.read_acquire()
    }

    pub(crate) fn exempt(&self) -> &Exempt {
        &self.exempt
    }

    #[inline(always)]
    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// A number that changes with the policy, the lists and the keys. None if the policy's
    /// decisions depend on more than a witness has. Read it before the stores: then it never
    /// belongs to a later state than their answers.
    #[inline(always)]
    pub(super) fn generation(&self) -> Option<u64> {
        // Both only grow, so an equal sum means that neither has changed.
        let policy = self.stores.policies.generation()?;
        Some(policy.wrapping_add(self.stores.lists.generation()))
    }

    /// Runs `evaluate`. Notes the result if nothing was to be done and nothing changed meanwhile.
    /// May sleep.
    pub(super) fn settle(
        &self,
        kind: AccessKind,
        file: &File,
        cred: Cred<'_>,
        evaluate: impl FnOnce() -> Result<Done>,
    ) -> Result {
        self.stores.cache.settle(
            kind.code(),
            file,
            cred,
            || self.generation(),
            || evaluate().map(Done::answer),
        )
    }

    /// Evaluates an access that arrived at a hook, unless the module itself makes it.
    pub(super) fn check(&self, access: Access<'_>) -> Result<Done> {
        if !self.is_running() || self.exempt.current() {
            return Ok(Done::Something);
        }
        evaluate(&self.stores, &access)
    }
}
