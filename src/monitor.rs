// SPDX-License-Identifier: GPL-2.0

//! All state of the module, and the order in which it comes to life.

use crate::{
    access::{
        appraise::Mode,
        evaluate::Access,
        exempt::Exempt,
        unpacking::Unpacking, //
    },
    cache::Cache,
    lists::{
        as_path,
        Limit,
        Lists,
        Settings, //
    },
    log::{
        self,
        Log, //
    },
    policy::{
        ActivePolicy,
        Policies, //
    },
    reason::Reason,
    stats::Stats,
    sys::{
        console::Show,
        cred::KernelCred,
        exec_files::uses_by_processes,
        file::OwnedFile,
        module,
        sha,
        shrinker::Shrinker,
        storage, //
    },
};
use core::sync::atomic::{
    AtomicBool,
    Ordering, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    pcr::{
        self,
        Unusable, //
    },
    policy::{
        Func,
        Mask, //
    },
    start::Start,
};
use kernel::{
    new_mutex,
    prelude::*,
    str::CStr,
    sync::{
        Arc,
        Mutex, //
    },
};

/// The label of what the module itself calls critical data.
const CRITICAL_DATA: &[u8] = b"digest_lists";

/// What the hooks ask and securityfs shows.
#[pin_data]
pub(crate) struct Monitor {
    /// Set once the first records are in the log; until then no access is evaluated.
    running: AtomicBool,
    #[pin]
    pub(crate) exempt: Exempt,
    #[pin]
    pub(crate) unpacking: Unpacking,
    pub(crate) stats: Arc<Stats>,
    /// With what credentials the module reads.
    pub(crate) reader: KernelCred,
    /// Held while a policy is recorded and put in force, so that both happen in the same order.
    #[pin]
    replacing: Mutex<()>,
    pub(crate) policies: Policies,
    /// Whether the policy of load time stays.
    pub(crate) policy_lock: bool,
    /// What `appraise` rules do.
    pub(crate) appraisal: Mode,
    pub(crate) cache: Arc<Cache>,
    _shrinker: Shrinker<Cache>,
    #[pin]
    pub(crate) lists: Lists,
    pub(crate) log: Log,
}

/// Refuses the PCRs that cannot vouch for the list. With `allow_unload=1`, for tests, those that can be reset are taken.
///
/// # Errors
///
/// `EBUSY` for PCRs of the firmware, the boot loader and IMA; `EADDRNOTAVAIL` for those that root can reset or nobody can
/// extend; `EINVAL` for one that does not exist. The reason is in the kernel log.
pub(crate) fn check_pcr(pcr: u32) -> Result {
    let test = *crate::module_parameters::allow_unload.value_ref();
    pcr::check(pcr, test).map_err(|unusable| {
        pr_err!("pcr={}: {}\n", pcr, Show(unusable));
        match unusable {
            Unusable::Firmware | Unusable::Ima => EBUSY,
            Unusable::Resettable | Unusable::Locality => Error::from_errno(-99), // EADDRNOTAVAIL
            Unusable::Missing => EINVAL,
        }
    })
}

impl Monitor {
    /// The state at load: a policy made of the built-in policies in `selection`, no list, an empty log. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an unknown policy, those of [`check_pcr`]; the reason is in the kernel log.
    pub(crate) fn new(
        log: log::Settings,
        selection: &CStr,
        policy_lock: bool,
        settings: Settings,
    ) -> Result<Arc<Self>> {
        check_pcr(log.pcr)?;
        let appraisal = Mode::from_parameter()?;
        storage::init()?;
        let policy = ActivePolicy::builtin(selection)?;
        let stats = Arc::new(Stats::new(), GFP_KERNEL)?;
        let log = Log::new(log, stats.clone())?;
        let cache = Arc::pin_init(Cache::new(), GFP_KERNEL)?;
        let shrinker = Shrinker::new(c"digest_lists", cache.clone())?;
        Arc::pin_init(
            try_pin_init!(Self {
                running: AtomicBool::new(false),
                exempt <- Exempt::new(),
                unpacking <- Unpacking::new(),
                stats,
                reader: KernelCred::new()?,
                replacing <- new_mutex!(()),
                policies: Policies::new(policy),
                policy_lock,
                appraisal,
                cache,
                _shrinker: shrinker,
                lists <- Lists::new(settings),
                log,
            }? Error),
            GFP_KERNEL,
        )
    }

    /// Asks whether the policy of load time may be put in force. May sleep, for as long as it takes to read all programs that
    /// are running.
    ///
    /// # Errors
    ///
    /// `EDEADLK` if it would stop them.
    pub(crate) fn prepare(&self) -> Result {
        self.lists.trust.add_linked();
        self.note_older_mappings();
        self.refuse_lockout(&self.policies.load())
    }

    /// Marks what is mapped shared and can be written since before the hooks were attached. May sleep.
    fn note_older_mappings(&self) {
        match uses_by_processes() {
            Ok((uses, unseen)) => {
                let shared = uses.iter().filter(|used| used.shared);
                let regular = shared.filter(|used| used.file.is_regular());
                regular.for_each(|used| self.cache.note_shared(&used.file));
                if unseen > 0 {
                    pr_warn!(
                        "the mappings of {} processes, which are busy, were not looked at\n",
                        unseen
                    );
                }
            }
            Err(e) => pr_warn!(
                "what is mapped writable already could not be looked at ({})\n",
                e.to_errno()
            ),
        }
    }

    /// Writes the first records and begins to evaluate accesses. To be called after [`Monitor::prepare`]. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn start(&self) -> Result {
        let policy = self.policies.load();
        let text = policy.canonical()?;
        self.log.begin(&Start {
            ima_appraise: self.appraisal.name(),
            kernel: module::kernel_release().to_str().unwrap_or("?"),
            own_storage: storage::own(),
            pcr: self.log.pcr(),
            policy: sha::digest(HashAlgo::Sha256, text.as_str().as_bytes())
                .unwrap_or(Digest::zero(HashAlgo::Sha256)),
            require_signature: self.lists.settings.require_signature,
            tpm_required: self.log.is_tpm_required(),
            trust_machine_keyring: self.lists.settings.trust_machine_keyring,
            validity: self.lists.settings.validity.name(),
            version: env!("DIGEST_LISTS_VERSION"),
        })?;
        self.record_own_state(&policy)?;
        self.log.begin_refusing();
        self.running.store(true, Ordering::Release);
        if self.appraisal == Mode::Off && policy.appraises_anything() {
            pr_warn!("ima_appraise=off: the policy's appraise rules do nothing\n");
        }
        if self.lists.settings.trust_machine_keyring {
            pr_warn!("trust_machine_keyring=1: whoever can sign with a key of the machine keyring, such as that of DKMS, can make any file known\n");
        }
        pr_info!(
            "active on {}: {} rules, PCR {}, TPM {}\n",
            Show(module::kernel_release().to_str().unwrap_or("?")),
            policy.rules(),
            self.log.pcr(),
            if self.log.with_chip(|chip| chip.is_some()) {
                "present"
            } else {
                "none"
            },
        );
        Ok(())
    }

    /// Whether accesses are evaluated.
    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire)
    }

    /// Records `policy`, as the file `policy` shows it.
    fn record_policy(&self, policy: &ActivePolicy) -> Result {
        let text = policy.canonical()?;
        self.log
            .measure_own(text.as_str().as_bytes(), b"digest_lists_policy")
    }

    /// Records `policy` itself, if it has rules of the function `CRITICAL_DATA` with `label=digest_lists`. May sleep.
    fn record_own_state(&self, policy: &ActivePolicy) -> Result {
        let text = policy.canonical()?;
        self.evaluate_data(
            policy,
            Func::CriticalData,
            CRITICAL_DATA,
            text.as_str().as_bytes(),
        )
    }

    /// Replaces the policy by the one in `data`, or in the file whose absolute path `data` is, and records it. If the
    /// write `continues` one before, its rules are added to the policy instead: shells write line by line. May sleep.
    ///
    /// # Errors
    ///
    /// One errno per cause (`Documentation/abi.md`), with line, column and reason in the kernel log; the former policy
    /// stays in force then.
    pub(crate) fn replace_policy(&self, data: KVVec<u8>, continues: bool) -> Result {
        if !self.is_running() {
            return Err(Reason::NotRunning.refuse("policy"));
        }
        if self.policy_lock {
            pr_err!("policy: the module was loaded with policy_lock=1\n");
            return Err(EACCES);
        }
        let text = match as_path(&data) {
            Some(path) if !continues => {
                let check = |file: &OwnedFile, text: &[u8]| {
                    let access = Access::new(file, Func::PolicyCheck, Mask::READ);
                    match self.evaluate(&access.with_content(Some(text))) {
                        Err(e) if e == EACCES => Err(Reason::Denied.refuse(path.escape_ascii())),
                        evaluated => evaluated.map(|_| ()),
                    }
                };
                self.read_own_file(path, Limit::POLICY, check)?.0
            }
            _ => {
                self.refuse_bytes(Func::PolicyCheck)?;
                data
            }
        };
        let _replacing = self.replacing.lock();
        let text = if continues {
            self.policies.load().followed_by(&text)?
        } else {
            text
        };
        let policy = ActivePolicy::from_bytes(text)?;
        self.refuse_lockout(&policy)?;
        // Whatever can fail comes before the policy is in force, and the record that says so comes last.
        self.record_own_state(&policy)?;
        self.record_policy(&policy)?;
        let rules = policy.rules();
        self.policies.replace(policy);
        pr_info!("policy replaced: {} rules\n", rules);
        Ok(())
    }
}
