// SPDX-License-Identifier: GPL-2.0

//! Keys that come in a signed file. They sign lists only. Only an authority can allow more.

use super::{
    anchor::{
        Format,
        Origin, //
    },
    openpgp,
    parse,
    usage_of,
    Trust, //
};
use crate::{
    lists::signature,
    reason::Reason,
    sys::console::Show, //
};
use digest_logic::{
    candidate::Way,
    key_file::KeyFile, //
};
use kernel::prelude::*;

impl Trust {
    /// Adds the keys in the key file `file` if `signature` over it is by a key in the keyring. May
    /// sleep.
    ///
    /// # Errors
    ///
    /// Those of the signature and of a certificate. Of an OpenPGP certificate, all usable keys are
    /// added.
    pub(crate) fn add_signed(&self, file: &[u8], signature: &[u8]) -> Result<(), Reason> {
        let keys = KeyFile::parse(file)?;
        let signer = signature::verify_key_file(self, file, signature)?;
        let add = |der: &[u8], format: Format| {
            let cert = parse(der)?;
            self.judge(&cert, der, self.moment(None))?;
            usage_of(&cert).check(Way::KeyFile)?;
            let key = self.enter(&cert, der, Origin::Signed(signer.fingerprint), format)?;
            pr_info!("trusted key added: {}\n", Show(key));
            Ok(())
        };
        match keys {
            KeyFile::X509(der) => add(der, Format::X509),
            KeyFile::OpenPgp(data) => openpgp::add_keys(data, |der| add(der, Format::OpenPgp)),
        }
    }
}
