// SPDX-License-Identifier: GPL-2.0

//! The loaded digest lists.
//!
//! [`batch`] takes lists on their way in, [`signature`] asks who signed them and [`trust`] whether
//! that counts, [`floors`] keeps a former edition of a list from coming back, [`table`] finds
//! digests in them, [`seen`] tells which were found. [`change`] is for the requests that load lists
//! or take them away.

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

/// What the administrator allows, by parameters of the module.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// Whether a list has to be signed.
    pub(crate) require_signature: bool,
    /// The largest list file in bytes.
    pub(crate) max_list_size: usize,
    /// What all digests together may take, in bytes.
    pub(crate) max_digest_memory: usize,
    /// When the certificates of signers have to be valid.
    pub(crate) validity: Validity,
    /// Whether keys of the kernel's secondary and machine keyrings count.
    pub(crate) trust_machine_keyring: bool,
    /// Whether all signatures of lists and key files take a key that is dedicated to lists.
    pub(crate) dedicated_keys: bool,
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
    /// Lists whose memory was found changed.
    corrupted: Counter,
    /// Held while one is made.
    #[pin]
    last_checkpoint: Mutex<Last>,
}

/// For what a digest is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For an access to what has it, which is evidence of use.
    Access,
    /// For anything else.
    Question,
}

impl Lists {
    /// No lists. May sleep.
    pub(crate) fn new(settings: Settings) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            settings,
            table <- Table::new(settings.max_digest_memory),
            trust <- Trust::new(
                settings.validity,
                settings.trust_machine_keyring,
                settings.dedicated_keys,
            ),
            changing <- new_mutex!(()),
            floors <- new_mutex!(Floors::new()),
            corrupted: Counter::new(),
            last_checkpoint <- new_mutex!(Last::new()),
        })
    }

    /// What the administrator allows.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The keys by which lists may be signed.
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

    /// What the lists say of `digest`, which fs-verity enforces. Takes no lock, does not sleep.
    pub(crate) fn verdict_of_verity(&self, digest: &Digest, purpose: Purpose) -> Option<Verdict> {
        self.verdict(&verity::entry(digest), purpose)
    }

    /// The algorithms, SHA-256 aside, whose lists could still change what is said of a file, and
    /// whether any of these has revoked digests.
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

    /// Makes every cached result that rests on lists or keys be asked for again.
    pub(crate) fn invalidate(&self) {
        self.table.next_generation();
    }

    /// How many distinct digests the lists have.
    pub(crate) fn digests(&self) -> u64 {
        self.table.digests()
    }

    /// How many lists there are.
    pub(crate) fn count(&self) -> usize {
        self.table.snapshot().lists().count()
    }

    /// How many of them are signed.
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

    /// How many lists there are of which nobody can tell any more what they revoked: while there is
    /// one, nothing is known.
    pub(crate) fn lost(&self) -> usize {
        self.table.snapshot().lost()
    }

    /// The bytes that lists, their digests, indexes and directories take.
    pub(crate) fn memory(&self) -> usize {
        self.table.memory()
    }
}
