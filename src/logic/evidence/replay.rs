// SPDX-License-Identifier: GPL-2.0

//! What PCRs become by records: `PCR := H(PCR || H(template data))`, in the hash of each bank.
//!
//! A violation extends with ones. A bank of an algorithm that is not known here cannot be replayed.

use super::records::Extend;
use crate::{
    digest::Digest,
    hash_algo::HashAlgo, //
};

/// Hashes for this crate, which cannot.
pub trait Hasher {
    /// The digest by `algo` of what the `parts` are together.
    fn hash(&self, algo: HashAlgo, parts: &[&[u8]]) -> Digest;
}

/// The value of the PCR that was `before` and is extended with `digest`.
#[must_use]
pub fn extended(hasher: &impl Hasher, before: &Digest, digest: &Digest) -> Digest {
    hasher.hash(before.algo(), &[before.as_bytes(), digest.as_bytes()])
}

impl Extend<'_> {
    /// Whether the template digest is that of the template data, or that of a violation; and of a
    /// batch, whether those of its records are.
    pub fn is_consistent(&self, hasher: &impl Hasher) -> bool {
        (self.is_violation() || is_of(&self.template_digest, self.data, hasher))
            && (!self.is_batch()
                || self
                    .records()
                    .all(|record| is_of(&record.template_digest, record.data, hasher)))
    }

    /// With what it extends a bank of `algo`.
    pub fn digest_for(&self, algo: HashAlgo, hasher: &impl Hasher) -> Digest {
        if self.is_violation() {
            Digest::ones(algo)
        } else {
            hasher.hash(algo, &[self.data])
        }
    }
}

fn is_of(digest: &[u8], data: &[u8], hasher: &impl Hasher) -> bool {
    hasher.hash(HashAlgo::Sha1, &[data]).as_bytes() == digest
}
