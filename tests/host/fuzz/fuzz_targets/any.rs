// SPDX-License-Identifier: GPL-2.0

//! Every fuzz target: `DIGEST_LISTS_FUZZ` names the one that runs.

#![no_main]

use std::sync::LazyLock;

/// The body of the target.
static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("DIGEST_LISTS_FUZZ").expect("the name of a fuzz target");
    host_tests::fuzz::target(&name)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));
