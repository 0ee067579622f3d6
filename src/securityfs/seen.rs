// SPDX-License-Identifier: GPL-2.0

//! The files about evidence of use.

use crate::{
    access::Monitor,
    requests::checkpoint::checkpoint,
    sys::securityfs::Dialog, //
};
use digest_logic::seen::Take;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// `known_files_seen`: which digests of the lists accesses had found at the first read.
pub(super) struct KnownFilesSeen(pub(super) Arc<Monitor>);

impl Dialog for KnownFilesSeen {
    const MODE: u16 = 0o440;

    fn unasked(&self) -> Result<KVVec<u8>> {
        self.0.stores().lists.seen()
    }
}

/// `checkpoint`: writing `1` or `reset` records `known_files_seen`, and reading the same open file
/// shows what was recorded. Without a write, reading shows the last checkpoint.
pub(super) struct Checkpoint(pub(super) Arc<Monitor>);

impl Dialog for Checkpoint {
    const MAX_QUESTION: usize = 6;

    fn answer(&self, question: KVVec<u8>) -> Result<KVVec<u8>> {
        let how = match question.strip_suffix(b"\n").unwrap_or(&question) {
            b"1" => Take::Keep,
            b"reset" => Take::Reset,
            _ => {
                pr_err!("checkpoint: neither 1 nor reset was written\n");
                return Err(EINVAL);
            }
        };
        checkpoint(self.0.stores(), how)
    }

    fn unasked(&self) -> Result<KVVec<u8>> {
        self.0.stores().lists.last_checkpoint()
    }
}
