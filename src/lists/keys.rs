// SPDX-License-Identifier: GPL-2.0

//! Changing the trusted keys at run time.

use crate::{
    lists::{
        as_path,
        Limit, //
    },
    monitor::Monitor,
    reason::Reason,
    sys::console::Show, //
};
use digest_logic::digest::decode_hex;
use kernel::prelude::*;

/// The name of the record of a key that was added.
const KEY_EVENT: &[u8] = b"digest_lists_key";

/// What precedes the identifier of a key that is to be revoked.
const REVOKE: &[u8] = b"revoke ";

/// What the name of a key file's signature has behind that of the key file.
const SIGNATURE: &[u8] = b".sig";

impl Monitor {
    /// Takes what was written to `trusted_keys`: an X.509 certificate in DER, whose key is added if a trusted key has
    /// signed it; the absolute path of a key file, whose keys are added if a trusted key has signed the file; or
    /// `revoke` and the identifier of a key. A key is recorded before it counts. May sleep.
    ///
    /// # Errors
    ///
    /// One errno per cause (`Documentation/signatures.md`), with the reason in the kernel log.
    pub(crate) fn change_trusted_keys(&self, data: &[u8]) -> Result {
        match data.strip_prefix(REVOKE) {
            Some(id) => self.revoke_key(id.strip_suffix(b"\n").unwrap_or(id)),
            None => match as_path(data) {
                Some(path) => self.add_key_file(path),
                None => self.add_key(data),
            },
        }
    }

    fn add_key_file(&self, path: &[u8]) -> Result {
        let mut signature_path = KVVec::new();
        signature_path.extend_from_slice(path, GFP_KERNEL)?;
        signature_path.extend_from_slice(SIGNATURE, GFP_KERNEL)?;
        let (file, ()) = self.read_own_file(path, Limit::KEY_FILE, |_, _| Ok(()))?;
        let (signature, ()) =
            self.read_own_file(&signature_path, Limit::KEY_SIGNATURE, |_, _| Ok(()))?;
        self.log.measure_bytes(&file, KEY_EVENT)?;
        self.lists
            .trust
            .add_signed(&file, &signature)
            .map_err(|reason| reason.refuse(path.escape_ascii()))
    }

    fn add_key(&self, der: &[u8]) -> Result {
        self.log.measure_bytes(der, KEY_EVENT)?;
        let key = self
            .lists
            .trust
            .add(der)
            .map_err(|reason| reason.refuse("trusted_keys"))?;
        pr_info!("trusted key added: {}\n", Show(key));
        Ok(())
    }

    fn revoke_key(&self, hex: &[u8]) -> Result {
        let mut id = [0; 64];
        let len =
            decode_hex(hex, &mut id).map_err(|cause| Reason::from(cause).refuse("trusted_keys"))?;
        let count = self
            .lists
            .trust
            .revoke(id.get(..len).unwrap_or_default())
            .map_err(|reason| reason.refuse("trusted_keys"))?;
        // Files that passed by its signatures are looked at again.
        self.lists.doubt();
        pr_info!(
            "key revoked: {}; it is that of {} trusted certificates\n",
            Show(hex.escape_ascii()),
            count
        );
        Ok(())
    }
}
