// SPDX-License-Identifier: GPL-2.0

//! The files in `/sys/kernel/security/digest_lists/`, which `Documentation/abi.md` describes.

mod keys;
mod lists;
mod measurements;
mod number;
mod policy;
mod seen;
mod status;

use crate::{
    access::Monitor,
    log::Record,
    stores::Stores,
    sys::{
        lsm::Registration,
        securityfs::Dir, //
    },
};
use digest_logic::{
    hash_algo::HashAlgo,
    num::usize_as_u64, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use measurements::Measurements;
use number::Number;
use status::Status;

/// The directory with its files. Dropping it removes them.
pub(crate) struct Files(Dir);

impl Files {
    /// Makes the files. They cannot be opened yet. May sleep.
    pub(crate) fn new(
        module: &'static ThisModule,
        monitor: Arc<Monitor>,
        hooks: Arc<Registration<Monitor>>,
    ) -> Result<Self> {
        let mut dir = Dir::new(module, c"digest_lists")?;
        let number = |value: fn(&Stores) -> u64| Number {
            monitor: monitor.clone(),
            value,
        };
        // Each for the list and for the staged list.
        let shared = measurements::Shared::new(monitor.clone())?;
        macro_rules! measurements {
            ($show:ident, $($name:literal, $staged:literal: $algo:ident),+) => {
                $(for (name, staged) in [($name, false), ($staged, true)] {
                    let node = Measurements {
                        shared: shared.clone(),
                        algo: HashAlgo::$algo,
                        show: Record::$show,
                        staged,
                    };
                    dir.add(name, node)?;
                })+
            };
        }
        dir.add(c"status", Status::new(monitor.clone(), hooks))?;
        dir.add(c"policy", policy::Policy(monitor.clone()))?;
        dir.add(c"policy_hits", policy::PolicyHits(monitor.clone()))?;
        dir.add(c"digest_lists", lists::DigestLists(monitor.clone()))?;
        dir.add(c"digest_lists_remove", lists::Remove(monitor.clone()))?;
        dir.add_dialog(c"digest_query", lists::Query(monitor.clone()))?;
        dir.add_dialog(c"known_files_seen", seen::KnownFilesSeen(monitor.clone()))?;
        dir.add_dialog(c"checkpoint", seen::Checkpoint(monitor.clone()))?;
        dir.add(c"scrub", lists::Scrub(monitor.clone()))?;
        dir.add(c"trusted_keys", keys::TrustedKeys(monitor.clone()))?;
        dir.add(c"digests_count", number(|stores| stores.lists.digests()))?;
        // The files without a suffix are those of SHA-1, as in IMA.
        measurements!(
            show_ascii,
            c"ascii_runtime_measurements", c"ascii_runtime_measurements_staged": Sha1,
            c"ascii_runtime_measurements_sha1", c"ascii_runtime_measurements_sha1_staged": Sha1,
            c"ascii_runtime_measurements_sha256", c"ascii_runtime_measurements_sha256_staged": Sha256,
            c"ascii_runtime_measurements_sha384", c"ascii_runtime_measurements_sha384_staged": Sha384,
            c"ascii_runtime_measurements_sha512", c"ascii_runtime_measurements_sha512_staged": Sha512
        );
        measurements!(
            show_binary,
            c"binary_runtime_measurements", c"binary_runtime_measurements_staged": Sha1,
            c"binary_runtime_measurements_sha1", c"binary_runtime_measurements_sha1_staged": Sha1,
            c"binary_runtime_measurements_sha256", c"binary_runtime_measurements_sha256_staged": Sha256,
            c"binary_runtime_measurements_sha384", c"binary_runtime_measurements_sha384_staged": Sha384,
            c"binary_runtime_measurements_sha512", c"binary_runtime_measurements_sha512_staged": Sha512
        );
        let count = |stores: &Stores| usize_as_u64(stores.log.counts().2);
        dir.add(c"runtime_measurements_count", number(count))?;
        dir.add(c"violations", number(|stores| stores.log.violations()))?;
        Ok(Self(dir))
    }

    /// Lets user space open the files. From here on, the module's `init` must not fail.
    pub(crate) fn open(&mut self) {
        self.0.open();
    }
}
