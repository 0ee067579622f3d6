// SPDX-License-Identifier: GPL-2.0

//! Changing the trusted keys at run time.

use super::{
    line_of,
    own_file::{
        self,
        as_path,
        Limit, //
    },
};
use crate::{
    access::Monitor,
    reason::refuse,
    stores::Stores,
    sys::{
        bytes::joined,
        console::Show, //
    },
};
use digest_logic::{
    digest::decode_hex,
    refusal::Cause, //
};
use kernel::prelude::*;

/// The name of the record of a key that was added.
const KEY_EVENT: &[u8] = b"digest_lists_key";

/// The prefix of a key identifier in a request to revoke.
const REVOKE: &[u8] = b"revoke ";

/// The suffix of the file with a key file's signature.
const SIGNATURE: &[u8] = b".sig";

/// The largest key file, and the largest signature of one, in bytes.
const MAX_FILE: usize = 1 << 20;
const MAX_SIGNATURE: usize = 64 << 10;

/// Serves a write to `trusted_keys`. May sleep.
/// - An X.509 certificate in DER: its key is added if a trusted key signed it.
/// - The absolute path of a key file: its keys are added if a trusted key signed the file.
/// - `revoke` and the identifier of a key.
///
/// A key is recorded before it counts.
///
/// # Errors
///
/// One errno per cause (`Documentation/signatures.md`), with the reason in the kernel log.
pub(crate) fn change_trusted_keys(monitor: &Monitor, data: &[u8]) -> Result {
    match data.strip_prefix(REVOKE) {
        Some(id) => revoke_key(monitor.stores(), line_of(id)),
        None => match as_path(data) {
            Some(path) => add_key_file(monitor, path),
            None => add_key(monitor.stores(), data),
        },
    }
}

fn add_key_file(monitor: &Monitor, path: &[u8]) -> Result {
    let stores = monitor.stores();
    let read = |path, bytes| {
        let limit = Limit(bytes, Cause::KeyFileTooLarge);
        own_file::read(monitor.exempt(), path, limit, |_, _| Ok(())).map(|(data, ())| data)
    };
    let signature_path = joined(&[path, SIGNATURE])?;
    let file = read(path, MAX_FILE)?;
    let signature = read(&signature_path, MAX_SIGNATURE)?;
    stores.log.measure_attempt(&file, KEY_EVENT, || {
        let added = stores.lists.trust().add_signed(&file, &signature);
        added.map_err(|reason| refuse(path.escape_ascii(), reason))
    })
}

fn add_key(stores: &Stores, der: &[u8]) -> Result {
    let key = stores.log.measure_attempt(der, KEY_EVENT, || {
        let added = stores.lists.trust().add(der);
        added.map_err(|reason| refuse("trusted_keys", reason))
    })?;
    pr_info!("trusted key added: {}\n", Show(key));
    Ok(())
}

fn revoke_key(stores: &Stores, hex: &[u8]) -> Result {
    let mut id = [0; 64];
    let len = decode_hex(hex, &mut id).map_err(|_| refuse("trusted_keys", Cause::BadKeyId))?;
    let id = id.get(..len).unwrap_or_default();
    let revoked = stores.lists.trust().revoke(id);
    let count = revoked.map_err(|reason| refuse("trusted_keys", reason))?;
    // Files that passed by its signatures are evaluated again.
    stores.lists.invalidate();
    pr_info!(
        "key revoked: {}; it is that of {} trusted certificates\n",
        Show(hex.escape_ascii()),
        count
    );
    Ok(())
}
