// SPDX-License-Identifier: GPL-2.0

//! What the hooks ask.

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

/// The stores, and which accesses are passed over.
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

    /// Evaluates accesses from here on.
    pub(crate) fn begin(&self) {
        self.running.store(true, Release);
    }

    /// Whether accesses are evaluated.
    pub(crate) fn is_running(&self) -> bool {
        self.running.read_acquire()
    }

    /// Who is passed over.
    pub(crate) fn exempt(&self) -> &Exempt {
        &self.exempt
    }

    /// The stores.
    #[inline(always)]
    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// A number that changes with the policy, the lists and the keys; none if what the policy says
    /// of an access depends on more than a witness shows. Taken before they are asked, it never is
    /// that of later ones.
    #[inline(always)]
    pub(super) fn generation(&self) -> Option<u64> {
        // Both only grow, so the sum is the same only if both are.
        let policy = self.stores.policies.generation()?;
        Some(policy.wrapping_add(self.stores.lists.generation()))
    }

    /// Runs `evaluate`, and if it says that nothing was to be done notes that, unless something
    /// changed meanwhile. May sleep.
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

    /// Evaluates an access that arrived at a hook, unless the module itself is the one who makes
    /// it.
    pub(super) fn check(&self, access: Access<'_>) -> Result<Done> {
        if !self.is_running() || self.exempt.current() {
            return Ok(Done::Something);
        }
        evaluate(&self.stores, &access)
    }
}
