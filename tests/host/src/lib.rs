// SPDX-License-Identifier: GPL-2.0

//! What the host tests share: makers of inputs, a digest table with an owner, a sink that grows,
//! and the bodies of the fuzz targets.

pub mod build;
pub mod fuzz;
pub mod table;

use digest_logic::{
    cursor::Sink,
    refusal::Result, //
};
use proptest::test_runner::Config;

/// The configuration of a property test of `cases` cases. A failure prints its input; nothing is
/// kept in files.
pub fn cases(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}

/// Says that a test cannot run here, and why. Where everything is there that tests need, as in
/// `scripts/test`, which says so by `DIGEST_LISTS_TEST_ALL` in the environment, the test fails.
pub fn skipped(why: &str) {
    assert!(
        std::env::var_os("DIGEST_LISTS_TEST_ALL").is_none(),
        "nothing may be skipped: {why}"
    );
    println!("SKIPPED: {why}");
}

/// A sink that grows.
#[derive(Debug, Default)]
pub struct VecSink(pub Vec<u8>);

impl Sink for VecSink {
    fn put(&mut self, bytes: &[u8]) -> Result {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// What `write` writes.
pub fn written(write: impl FnOnce(&mut VecSink) -> Result) -> Result<Vec<u8>> {
    let mut sink = VecSink::default();
    write(&mut sink)?;
    Ok(sink.0)
}
