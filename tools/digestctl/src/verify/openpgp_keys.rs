// SPDX-License-Identifier: GPL-2.0

//! OpenPGP keys, as vendors publish them.

use std::{
    collections::HashMap,
    path::PathBuf, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::openpgp::{
    Certificate,
    KeyId,
    Material,
    PublicKey, //
};
use sha1::{
    Digest,
    Sha1, //
};

use crate::{
    armor,
    format,
    output::Buffer,
    report::{
        complain,
        quoted, //
    }, //
};

/// A public key.
pub(super) struct Key {
    /// As a `SubjectPublicKeyInfo`.
    pub(super) spki: Vec<u8>,
    /// The length of an RSA modulus in bytes.
    pub(super) rsa_len: Option<usize>,
    /// What its certificate allows and when, as the module asks it.
    uses: Uses,
}

/// For what, and when, a key may be used.
struct Uses {
    signs: bool,
    revoked: bool,
    /// In seconds since 1970.
    from: u64,
    to: Option<u64>,
}

impl Key {
    /// Refuses what the module refuses: keys that were revoked, that are not for signing data, and
    /// those outside their validity at one of `moments`, in seconds since 1970.
    pub(super) fn check(&self, moments: impl Iterator<Item = u64>) -> Result<()> {
        if self.uses.revoked {
            bail!("the key was revoked");
        }
        if !self.uses.signs {
            bail!("the key is not for signing");
        }
        for moment in moments {
            if moment < self.uses.from {
                bail!("the key was not valid yet");
            }
            if self.uses.to.is_some_and(|end| moment > end) {
                bail!("the key had expired");
            }
        }
        Ok(())
    }
}

/// Keys by id.
pub(super) struct Keys(HashMap<[u8; 8], Key>);

impl Keys {
    /// Reads the certificates in `files`.
    pub(super) fn read(files: &[PathBuf]) -> Result<Self> {
        let mut keys = Self(HashMap::new());
        for file in files {
            let data = format::read(file)?;
            let name = || format!("{} has no OpenPGP key that can be used", quoted(file));
            let blocks = armor::remove(data).with_context(name)?;
            // A vendor puts keys of several kinds into one file. As in the module, a certificate
            // that cannot be read is no reason to refuse the others.
            let taken: Vec<_> = blocks.iter().map(|block| keys.take(block)).collect();
            let any = taken.iter().any(Result::is_ok);
            for error in taken.into_iter().filter_map(Result::err) {
                if !any {
                    return Err(error).with_context(name);
                }
                complain(format_args!(
                    "note: a certificate in {} is left out: {error:#}",
                    quoted(file)
                ));
            }
        }
        Ok(keys)
    }

    fn take(&mut self, data: &[u8]) -> Result<()> {
        for key in Certificate::parse(data)?.keys(fingerprint) {
            // Keys of kinds that nobody can verify with here are no reason to refuse the others.
            let Ok(material) = key.key.material() else {
                continue;
            };
            let mut spki = Buffer::default();
            material.write_spki(&mut spki)?;
            let rsa_len = match material {
                Material::Rsa { n, .. } => Some(n.bits().div_ceil(8) as usize),
                Material::Ecdsa { .. } => None,
            };
            let uses = Uses {
                signs: key.signs,
                revoked: key.revoked,
                from: key.key.created().into(),
                to: key.expires,
            };
            let key_id = key.id().0;
            // Of a key that stands in several files, a copy that was revoked counts.
            if self.0.get(&key_id).is_some_and(|key| key.uses.revoked) {
                continue;
            }
            self.0.insert(
                key_id,
                Key {
                    spki: spki.0,
                    rsa_len,
                    uses,
                },
            );
        }
        Ok(())
    }

    /// The key with this id.
    pub(super) fn find(&self, id: &KeyId) -> Option<&Key> {
        self.0.get(&id.0)
    }
}

/// By which the module shows a key.
pub(crate) fn fingerprint(key: &PublicKey<'_>) -> [u8; 20] {
    let mut bytes = Buffer::default();
    // A buffer takes all that is put.
    let _ = key.write_fingerprinted(&mut bytes);
    Sha1::digest(&bytes.0).into()
}
