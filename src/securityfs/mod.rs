// SPDX-License-Identifier: GPL-2.0

//! The files in `/sys/kernel/security/digest_lists/`, which `Documentation/abi.md` describes.

mod keys;
mod lists;
mod measurements;
mod policy;
mod seen;
mod status;

use crate::{
    access::Monitor,
    log::Record,
    sys::{
        lsm::Registration,
        securityfs::Dir, //
    },
};
use digest_logic::hash_algo::HashAlgo;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use measurements::Measurements;

/// The directory with its files. Dropping it removes them.
pub(crate) struct Files(Dir);

impl Files {
    /// Makes the files. They cannot be opened yet. May sleep.
    pub(crate) fn new(
        module: &'static ThisModule,
        monitor: Arc<Monitor>,
        hooks: Arc<Registration<Monitor>>,
    ) -> Result<Self> {
        let mut dir = Dir::new(c"digest_lists")?;
        macro_rules! file {
            ($name:literal, $node:expr) => {
                dir.add(module, $name, Arc::new($node, GFP_KERNEL)?)?
            };
        }
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
                    dir.add(module, name, Arc::new(node, GFP_KERNEL)?)?;
                })+
            };
        }
        file!(c"status", status::Status::new(monitor.clone(), hooks));
        file!(c"policy", policy::Policy(monitor.clone()));
        file!(c"policy_hits", policy::PolicyHits(monitor.clone()));
        file!(c"digest_lists", lists::DigestLists(monitor.clone()));
        file!(c"digest_lists_remove", lists::Remove(monitor.clone()));
        let query = Arc::new(lists::Query(monitor.clone()), GFP_KERNEL)?;
        dir.add_dialog(module, c"digest_query", query)?;
        let known = Arc::new(seen::KnownFilesSeen(monitor.clone()), GFP_KERNEL)?;
        dir.add_dialog(module, c"known_files_seen", known)?;
        let checkpoint = Arc::new(seen::Checkpoint(monitor.clone()), GFP_KERNEL)?;
        dir.add_dialog(module, c"checkpoint", checkpoint)?;
        file!(c"scrub", lists::Scrub(monitor.clone()));
        file!(c"trusted_keys", keys::TrustedKeys(monitor.clone()));
        file!(c"digests_count", lists::DigestsCount(monitor.clone()));
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
        let count = measurements::Count(monitor.clone());
        file!(c"runtime_measurements_count", count);
        file!(c"violations", measurements::Violations(monitor));
        Ok(Self(dir))
    }

    /// Lets user space open the files. From here on, the module's `init` must not fail.
    pub(crate) fn open(&mut self) {
        self.0.open();
    }
}
