// SPDX-License-Identifier: GPL-2.0

//! The keys that were revoked at run time, for good. Both identifiers and fingerprints are kept, so
//! that another certificate does not bring a key back.

use super::algorithm::Fingerprint;
use crate::sys::bytes::joined;
use kernel::prelude::*;

/// The shortest identifier in bytes. OpenPGP's and X.509's have 20 or more; some CAs use 8.
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

    /// Whether the key was revoked, by its fingerprint or by one of its identifiers.
    pub(super) fn has(&self, key: &Fingerprint, id: &[u8]) -> bool {
        self.keys.contains(key) || self.has_id(id)
    }

    /// Adds the identifier `id` and the keys that have it. Adds all or nothing.
    pub(super) fn add(
        &mut self,
        id: &[u8],
        keys: impl Iterator<Item = Fingerprint> + Clone,
    ) -> Result {
        // Steps that can fail come first. The rest needs no memory.
        let copy = joined(&[id])?;
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
