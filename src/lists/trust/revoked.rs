// SPDX-License-Identifier: GPL-2.0

//! The keys that were revoked at run time, for good: by their identifiers, and by what they are, so
//! that another certificate does not bring one back.

use super::algorithm::Fingerprint;
use kernel::prelude::*;

/// The shortest identifier of a key in bytes: OpenPGP's and X.509's have 20 or more, some CAs
/// use 8.
pub(super) const MIN_ID: usize = 8;

/// The revoked keys.
#[derive(Default)]
pub(super) struct Revoked {
    ids: KVVec<KVVec<u8>>,
    keys: KVVec<Fingerprint>,
}

impl Revoked {
    pub(super) fn has_id(&self, id: &[u8]) -> bool {
        self.ids.iter().any(|revoked| **revoked == *id)
    }

    /// Whether the key was revoked, by itself or by one of its identifiers.
    pub(super) fn has(&self, key: &Fingerprint, id: &[u8]) -> bool {
        self.keys.contains(key) || self.has_id(id)
    }

    /// Adds the identifier `id` and those keys that have it, or nothing.
    pub(super) fn add(
        &mut self,
        id: &[u8],
        keys: impl Iterator<Item = Fingerprint> + Clone,
    ) -> Result {
        // What can fail comes first: what follows needs no memory.
        let mut copy = KVVec::new();
        copy.extend_from_slice(id, GFP_KERNEL)?;
        self.ids.reserve(1, GFP_KERNEL)?;
        self.keys.reserve(keys.clone().count(), GFP_KERNEL)?;
        if !self.has_id(id) {
            self.ids.push(copy, GFP_KERNEL)?;
        }
        for key in keys {
            self.add_key(key)?;
        }
        Ok(())
    }

    pub(super) fn add_key(&mut self, key: Fingerprint) -> Result {
        if !self.keys.contains(&key) {
            self.keys.push(key, GFP_KERNEL)?;
        }
        Ok(())
    }
}
