// SPDX-License-Identifier: GPL-2.0

//! The stores of the module. No store knows another one, or its callers.

use crate::{
    cache::Cache,
    lists::{
        self,
        Lists, //
    },
    log::{
        self,
        Log, //
    },
    policy::{
        ActivePolicy,
        Mode,
        Policies, //
    },
    reason::check_pcr,
    stats::Stats,
    sys::{
        cred::KernelCred,
        shrinker::Shrinker,
        storage, //
    },
};
use kernel::{
    prelude::*,
    str::CStr,
    sync::Arc, //
};

#[pin_data]
pub(crate) struct Stores {
    pub(crate) stats: Arc<Stats>,
    /// The credentials with which the module reads.
    pub(crate) reader: KernelCred,
    #[pin]
    pub(crate) policies: Policies,
    pub(crate) cache: Arc<Cache>,
    _shrinker: Shrinker<Cache>,
    #[pin]
    pub(crate) lists: Lists,
    pub(crate) log: Log,
}

impl Stores {
    /// The stores at load: the built-in policies in `selection`, fixed by `policy_lock`, no list,
    /// an empty log. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an unknown policy or mode; those of [`check_pcr`]. The reason is in the kernel
    /// log.
    pub(crate) fn new(
        log: log::Settings,
        selection: &CStr,
        policy_lock: bool,
        lists: lists::Settings,
    ) -> Result<impl PinInit<Self, Error>> {
        check_pcr(log.pcr)?;
        let mode = Mode::from_parameter()?;
        storage::init()?;
        let policy = ActivePolicy::builtin(selection)?;
        let stats = Arc::new(Stats::default(), GFP_KERNEL)?;
        let log = Log::new(log, stats.clone())?;
        let cache = Arc::pin_init(Cache::new(), GFP_KERNEL)?;
        let shrinker = Shrinker::new(c"digest_lists", cache.clone())?;
        let reader = KernelCred::new()?;
        Ok(try_pin_init!(Self {
            stats,
            reader,
            policies <- Policies::new(policy, mode, policy_lock),
            cache,
            _shrinker: shrinker,
            lists <- Lists::new(lists),
            log,
        }? Error))
    }
}
