// SPDX-License-Identifier: GPL-2.0

//! The keys that were linked into the module: `scripts/trusted-certs` has put each file that `TRUSTED_CERTS` named behind
//! its length (u32, little endian), without armor. An X.509 certificate is there in DER, an OpenPGP certificate in
//! packets.

use super::wrap;
use crate::sys::{
    console::Show,
    sha,
    x509, //
};
use digest_logic::{
    cursor::Cursor,
    error::Error as Cause,
    openpgp::{
        Certificate,
        CertifiedKey, //
    },
};
use kernel::prelude::*;

/// The most bytes that [`digest_logic::openpgp::PublicKey::write_fingerprinted`] writes.
const MAX_FINGERPRINTED: usize = (1 << 16) + 3;

/// Calls `add` with every certificate, in DER. What cannot be read is logged. May sleep.
pub(super) fn for_each(mut add: impl FnMut(&[u8])) {
    let mut cursor = Cursor::new(x509::linked_in());
    while !cursor.is_empty() {
        let Ok(data) = cursor.prefixed_le() else {
            pr_err!("the linked-in certificates are damaged\n");
            return;
        };
        if data.first() == Some(&0x30) {
            add(data);
        } else if let Err(cause) = for_each_key(data, &mut add) {
            pr_err!("a linked-in OpenPGP certificate: {}\n", cause.cause());
        }
    }
}

fn for_each_key(data: &[u8], add: &mut impl FnMut(&[u8])) -> Result<(), Cause> {
    let fingerprint = |key: &digest_logic::openpgp::PublicKey<'_>| {
        let mut bytes = Bytes(KVVec::new());
        match key.write_fingerprinted(&mut bytes) {
            Ok(()) => sha::sha1(&bytes.0),
            // Without memory: an identifier that no signature names.
            Err(_) => [0; 20],
        }
    };
    for key in Certificate::parse(data)?.keys(fingerprint) {
        match certificate_of(&key) {
            Ok(Some(der)) => add(&der),
            Ok(None) => (),
            Err(cause) => pr_err!("the OpenPGP key {}: {}\n", Show(key.id()), cause.cause()),
        }
    }
    Ok(())
}

/// A certificate around `key`; `None` for one that was not made for signing.
fn certificate_of(key: &CertifiedKey<'_>) -> Result<Option<KVVec<u8>>, Cause> {
    if !key.signs {
        return Ok(None);
    }
    if key.revoked {
        pr_err!("the OpenPGP key {}: revoked\n", Show(key.id()));
        return Ok(None);
    }
    let mut spki = Bytes(KVVec::new());
    key.key.material()?.write_spki(&mut spki)?;
    wrap::certificate(key, &spki.0)
        .map(Some)
        .map_err(|_| Cause::BufferTooSmall)
}

/// Takes bytes as long as there is memory.
struct Bytes(KVVec<u8>);

impl digest_logic::cursor::Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) -> digest_logic::error::Result {
        if self.0.len().saturating_add(bytes.len()) > MAX_FINGERPRINTED {
            return Err(Cause::BufferTooSmall);
        }
        self.0
            .extend_from_slice(bytes, GFP_KERNEL)
            .map_err(|_| Cause::BufferTooSmall)
    }
}
