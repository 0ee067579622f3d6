// SPDX-License-Identifier: GPL-2.0

//! The keys that were linked into the module. `scripts/trusted-certs` wrote each file of
//! `TRUSTED_CERTS` after its length (u32, little endian), without armor: X.509 certificates in DER,
//! OpenPGP certificates in packets.

use super::{
    anchor::{
        Format,
        Origin, //
    },
    openpgp,
    parse,
    Trust, //
};
use crate::{
    reason::Reason,
    sys::{
        console::Show,
        x509, //
    },
};
use digest_logic::{
    cursor::Cursor,
    key_file::KeyFile,
    refusal::Cause, //
};
use kernel::prelude::*;

impl Trust {
    /// Adds the keys that were linked into the module. Logs and skips those that cannot be used.
    /// May sleep.
    pub(crate) fn add_linked(&self) {
        let mut cursor = Cursor::new(x509::linked_in());
        while !cursor.is_empty() {
            let Ok(data) = cursor.prefixed_le() else {
                pr_err!("the linked-in certificates are damaged\n");
                return;
            };
            let added = match KeyFile::of_certificate(data) {
                Ok(KeyFile::X509(der)) => self.add_linked_one(der, Format::X509),
                Ok(KeyFile::OpenPgp(data)) => {
                    openpgp::add_keys(data, |der| self.add_linked_one(der, Format::OpenPgp))
                }
                Err(cause) => Err(cause.into()),
            };
            if let Err(reason) = added {
                pr_err!("a linked-in certificate: {}\n", Show(reason));
            }
        }
    }

    fn add_linked_one(&self, der: &[u8], format: Format) -> Result<(), Reason> {
        let cert = parse(der)?;
        if cert.is_blacklisted() {
            return Err(Cause::Blacklisted.into());
        }
        self.enter(&cert, der, Origin::Module, format)?;
        Ok(())
    }
}
