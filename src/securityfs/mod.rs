// SPDX-License-Identifier: GPL-2.0

//! The files in `/sys/kernel/security/digest_lists/`: what user space reads and writes.
//!
//! `Documentation/abi.md` describes each of them.

mod keys;
mod lists;
mod measurements;
mod policy;
mod status;

use crate::{
    monitor::Monitor,
    sys::{
        lsm::Registration,
        securityfs::{
            Dir,
            File, //
        }, //
    },
};
use digest_logic::hash_algo::HashAlgo;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// All files. The order of the fields is the order of removal: the directory goes last.
pub(crate) struct Files {
    _status: File<status::Status>,
    _policy: File<policy::Policy>,
    _lists: File<lists::DigestLists>,
    _remove: File<lists::Remove>,
    _query: File<lists::Query>,
    _scrub: File<lists::Scrub>,
    _keys: File<keys::TrustedKeys>,
    _digests: File<lists::DigestsCount>,
    _ascii: [File<measurements::Ascii>; 5],
    _binary: [File<measurements::Binary>; 5],
    _count: File<measurements::Count>,
    _violations: File<measurements::Violations>,
    _dir: Dir,
}

impl Files {
    /// Makes the files. May sleep.
    pub(crate) fn new(
        module: &'static ThisModule,
        monitor: Arc<Monitor>,
        hooks: Arc<Registration<Monitor>>,
    ) -> Result<Self> {
        let dir = Dir::new(c"digest_lists")?;
        macro_rules! file {
            ($name:literal, $node:expr) => {
                dir.add(module, $name, Arc::new($node, GFP_KERNEL)?)?
            };
        }
        macro_rules! ascii {
            ($name:literal, $algo:expr) => {
                file!($name, measurements::Ascii(monitor.clone(), $algo))
            };
        }
        macro_rules! binary {
            ($name:literal, $algo:expr) => {
                file!($name, measurements::Binary(monitor.clone(), $algo))
            };
        }
        Ok(Self {
            _status: file!(c"status", status::Status::new(monitor.clone(), hooks)),
            _policy: file!(c"policy", policy::Policy(monitor.clone())),
            _lists: file!(c"digest_lists", lists::DigestLists(monitor.clone())),
            _remove: file!(c"digest_lists_remove", lists::Remove(monitor.clone())),
            _query: dir.add_dialog(
                module,
                c"digest_query",
                Arc::new(lists::Query(monitor.clone()), GFP_KERNEL)?,
            )?,
            _scrub: file!(c"scrub", lists::Scrub(monitor.clone())),
            _keys: file!(c"trusted_keys", keys::TrustedKeys(monitor.clone())),
            _digests: file!(c"digests_count", lists::DigestsCount(monitor.clone())),
            // The list without a suffix is that of SHA-1, as IMA's.
            _ascii: [
                ascii!(c"ascii_runtime_measurements", HashAlgo::Sha1),
                ascii!(c"ascii_runtime_measurements_sha1", HashAlgo::Sha1),
                ascii!(c"ascii_runtime_measurements_sha256", HashAlgo::Sha256),
                ascii!(c"ascii_runtime_measurements_sha384", HashAlgo::Sha384),
                ascii!(c"ascii_runtime_measurements_sha512", HashAlgo::Sha512),
            ],
            _binary: [
                binary!(c"binary_runtime_measurements", HashAlgo::Sha1),
                binary!(c"binary_runtime_measurements_sha1", HashAlgo::Sha1),
                binary!(c"binary_runtime_measurements_sha256", HashAlgo::Sha256),
                binary!(c"binary_runtime_measurements_sha384", HashAlgo::Sha384),
                binary!(c"binary_runtime_measurements_sha512", HashAlgo::Sha512),
            ],
            _count: file!(
                c"runtime_measurements_count",
                measurements::Count(monitor.clone())
            ),
            _violations: file!(c"violations", measurements::Violations(monitor)),
            _dir: dir,
        })
    }
}
