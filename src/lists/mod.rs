// SPDX-License-Identifier: GPL-2.0

//! The loaded digest lists.
//!
//! [`batch`] loads lists. [`signature`] finds the signer, and [`trust`] whether it is trusted.
//! [`floors`] refuses older editions. [`table`] finds digests, and [`seen`] tells which were found.
//! [`change`] is for requests that load or remove lists.

mod batch;
mod change;
mod evidence;
mod floors;
mod list;
mod seen;
mod signature;
mod table;
mod trust;

pub(crate) use change::Change;
pub(crate) use list::{
    Damage,
    List, //
};
pub(crate) use seen::Repeat;
pub(crate) use trust::{
    KeySettings,
    ShownKey,
    Trust,
    Validity, //
};

use crate::stats::Counter;
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::Kind,
    table::PerAlgo,
    verdict::{
        Reach,
        Verdict, //
    },
    verity, //
};
use evidence::Last;
use floors::Floors;
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
};
use table::Table;

/// What the administrator set by module parameters.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// Whether a list has to be signed.
    pub(crate) require_signature: bool,
    /// The largest list file in bytes.
    pub(crate) max_list_size: usize,
    /// The most bytes that all digests may take.
    pub(crate) max_digest_memory: usize,
    /// Which keys may sign it.
    pub(crate) keys: KeySettings,
}

/// All loaded lists.
#[pin_data]
pub(crate) struct Lists {
    settings: Settings,
    #[pin]
    table: Table,
    #[pin]
    trust: Trust,
    /// Held while lists are loaded, removed or scrubbed.
    #[pin]
    changing: Mutex<()>,
    /// Taken only with `changing` held.
    #[pin]
    floors: Mutex<Floors>,
    /// How many lists were found changed in memory.
    corrupted: Counter,
    /// Held while a checkpoint is made.
    #[pin]
    last_checkpoint: Mutex<Last>,
}

/// Why a digest is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For an access to a file with this digest. A match is evidence of use.
    Access,
    /// For another reason.
    Question,
}

impl Lists {
    /// No lists. May sleep.
    pub(crate) fn new(settings: Settings) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            settings,
            table <- Table::new(settings.max_digest_memory),
            trust <- Trust::new(settings.keys),
            changing <- new_mutex!(()),
            floors <- new_mutex!(Floors::new()),
            corrupted: Counter::default(),
            last_checkpoint <- new_mutex!(Last::new()),
        })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// How many lists were found changed in memory.
    pub(crate) fn corrupted(&self) -> u64 {
        self.corrupted.get()
    }

    /// What the lists say of `digest`. Takes no lock, does not sleep.
    pub(crate) fn verdict(&self, digest: &Digest, purpose: Purpose) -> Option<Verdict> {
        match purpose {
            Purpose::Access => self.table.verdict(digest),
            Purpose::Question => self.table.peek(digest),
        }
    }

    /// What the lists say of the fs-verity digest `digest`. Takes no lock, does not sleep.
    pub(crate) fn verdict_of_verity(&self, digest: &Digest, purpose: Purpose) -> Option<Verdict> {
        self.verdict(&verity::entry(digest), purpose)
    }

    /// The algorithms other than SHA-256 whose lists could change what is said of a file, and
    /// whether one of these lists has revoked digests.
    pub(crate) fn open_algorithms(
        &self,
        verdict: Option<Verdict>,
        appraised: bool,
    ) -> ([Option<HashAlgo>; 2], bool) {
        let PerAlgo([_, sha384, sha512]) = self.table.reach();
        let mut revokes = false;
        let mut open = |algo, reach: Reach| {
            let matters = reach.may_raise(verdict, appraised);
            revokes |= matters && reach.revokes();
            matters.then_some(algo)
        };
        let algos = [
            open(HashAlgo::Sha384, sha384),
            open(HashAlgo::Sha512, sha512),
        ];
        (algos, revokes)
    }

    /// A number that changes whenever lists come or go.
    pub(crate) fn generation(&self) -> u64 {
        self.table.generation()
    }

    /// Makes all cached results that depend on lists or keys stale.
    pub(crate) fn invalidate(&self) {
        self.table.next_generation();
    }

    /// The number of distinct digests.
    pub(crate) fn digests(&self) -> u64 {
        self.table.digests()
    }

    /// The number of lists.
    pub(crate) fn count(&self) -> usize {
        self.table.snapshot().lists().count()
    }

    /// The number of signed lists.
    pub(crate) fn signed(&self) -> usize {
        let snapshot = self.table.snapshot();
        let count = snapshot
            .lists()
            .filter(|list| list.signer.is_some())
            .count();
        count
    }

    /// The list at `index`, in the order of loading.
    pub(crate) fn get(&self, index: usize) -> Option<Arc<List>> {
        self.table.snapshot().lists().nth(index).cloned()
    }

    /// Calls `visit` for every list that holds `digest`. May sleep.
    pub(crate) fn for_each_holder(&self, digest: &Digest, visit: impl FnMut(&List, Kind)) {
        self.table.for_each_holder(digest, visit);
    }

    /// The number of lists whose revocations are damaged. As long as there is one, no digest is
    /// known.
    pub(crate) fn lost(&self) -> usize {
        self.table.snapshot().lost()
    }

    pub(crate) fn memory(&self) -> usize {
        self.table.memory()
    }
}
