// SPDX-License-Identifier: GPL-2.0

//! The keys by which lists may be signed, and which keys vouch for them.
//!
//! All of them are in the keyring `.digest_lists`:
//! - keys linked into the module;
//! - keys whose certificate is signed by one of these, or by a key of the kernel's builtin,
//!   secondary or machine keyring;
//! - keys from a file signed by one of them.
//!
//! The kernel does not keep the validity, extensions and issuer of a key. It also does not check
//! the blacklist for a key that is in a keyring already. So all of this is kept here and checked
//! at each use. The keyring itself is never searched. [`anchor`] tells what a key may sign,
//! [`moment`] when.

mod algorithm;
mod anchor;
mod keys;
mod linked;
mod moment;
mod openpgp;
mod revoked;
mod signed;

use super::list::SignerId;
use crate::{
    reason::Reason,
    sys::{
        kernel_crate::{
            EKEYREJECTED,
            ENOKEY,
            ENOPKG, //
        },
        key::{
            system_vouches_for,
            Keyring,
            SystemKeys, //
        },
        x509::Certificate, //
    },
};
use algorithm::Fingerprint;
use anchor::{
    Format,
    Origin, //
};
use digest_logic::{
    candidate::{
        self,
        Usage,
        Way, //
    },
    refusal::Cause,
    x509::{
        self,
        Purpose, //
    }, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
};
use keys::Keys;
use revoked::Revoked;

pub(super) use algorithm::Algorithm;
pub(crate) use anchor::ShownKey;
pub(super) use anchor::{
    Anchor,
    KeyId,
    Use, //
};
pub(super) use moment::Moment;
pub(crate) use moment::Validity;

/// The identifier of the key in `cert`, as in [`Anchor::id`].
fn id_of<'a>(cert: &'a Certificate<'_>, tbs_digest: &'a [u8; 32]) -> &'a [u8] {
    match cert.key_id() {
        Some([]) | None => tbs_digest,
        Some(id) => id,
    }
}

/// What the administrator set about keys by module parameters.
#[derive(Clone, Copy)]
pub(crate) struct KeySettings {
    /// When certificates of signers must be valid.
    pub(crate) validity: Validity,
    /// Whether keys of the kernel's secondary keyring, which includes the machine keyring, vouch
    /// for others.
    pub(crate) trust_machine_keyring: bool,
    /// Whether signatures of lists and key files need a key dedicated to lists. IMA signatures of
    /// lists always do.
    pub(crate) dedicated_keys: bool,
}

#[pin_data]
pub(crate) struct Trust {
    ring: Keyring,
    settings: KeySettings,
    #[pin]
    keys: Mutex<Keys>,
}

impl Trust {
    /// An empty keyring. May sleep.
    pub(crate) fn new(settings: KeySettings) -> impl PinInit<Self, Error> {
        let ring = || {
            let ring = Keyring::new(c".digest_lists")?;
            ring.close()?;
            Ok::<_, Error>(ring)
        };
        try_pin_init!(Self {
            ring: ring()?,
            settings,
            keys <- new_mutex!(Keys {
                anchors: KVVec::new(),
                revoked: Revoked::default(),
            }),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.lock().anchors.len()
    }

    /// The key at `index` for display. May sleep.
    pub(crate) fn get(&self, index: usize) -> Option<ShownKey> {
        let keys = self.keys.lock();
        let anchor = keys.anchors.get(index)?.clone();
        let state = keys.check_chain(&anchor, self.moment(None), false);
        Some(ShownKey { anchor, state })
    }

    /// The moments to check for a signature made at `signed` (seconds since 1970), if it has a
    /// time.
    pub(super) fn moment(&self, signed: Option<i64>) -> Moment {
        self.settings.validity.moment(signed)
    }

    /// The key with this identifier if it may make signatures for `purpose`. May sleep.
    pub(super) fn signer(
        &self,
        id: KeyId<'_>,
        purpose: Use,
        moment: Moment,
    ) -> Result<Arc<Anchor>, Reason> {
        self.keys.lock().find(
            |anchor| anchor.is(id),
            |anchor| anchor.check_use(purpose, self.settings.dedicated_keys),
            moment,
            false,
        )
    }

    /// Whether a certificate may be trusted at all, whatever vouches for it. May sleep.
    fn judge(&self, cert: &Certificate<'_>, der: &[u8], moment: Moment) -> Result<Purpose, Reason> {
        if cert.is_blacklisted() {
            return Err(Cause::Blacklisted.into());
        }
        let key = cert.public_key();
        Algorithm::of(&key)?;
        candidate::check(der)?;
        if cert.is_unverifiable() {
            return Err(Cause::UnverifiableSignature(x509::unverifiable(der)).into());
        }
        let purpose = Purpose::of_certificate(der)?;
        moment.check(cert.validity())?;
        let revoked = &mut self.keys.lock().revoked;
        let fingerprint = Fingerprint::of(&key)?;
        if revoked.has(&fingerprint, id_of(cert, &cert.tbs_digest())) {
            // It may have been revoked by its identifier alone.
            revoked.add_key(fingerprint)?;
            return Err(Cause::KeyRevoked.into());
        }
        let [_, issuer, _] = cert.issuer();
        if issuer.is_some_and(|issuer| revoked.has_id(issuer)) {
            return Err(Cause::Issuer.into());
        }
        Ok(purpose)
    }

    /// The identifier of the key of a certificate in a CMS message, if it may sign for `purpose`
    /// and a trusted key vouches for it. `der` is the encoding of the certificate. May sleep.
    pub(super) fn enclosed_signer(
        &self,
        cert: &Certificate<'_>,
        der: &[u8],
        moment: Moment,
        purpose: Use,
    ) -> Result<SignerId, Reason> {
        let extensions = self.judge(cert, der, moment)?;
        if !cert.public_key().may_sign() {
            return Err(Cause::KeyUsage.into());
        }
        if self.settings.dedicated_keys && purpose == Use::CmsList && !extensions.lists {
            return Err(Cause::NotDedicated.into());
        }
        self.vouch(cert, der, moment)?;
        SignerId::new(id_of(cert, &cert.tbs_digest()))
    }

    /// What vouches for a certificate with the encoding `der`. May sleep.
    fn vouch(&self, cert: &Certificate<'_>, der: &[u8], moment: Moment) -> Result<Origin, Reason> {
        let certifies = |anchor: &Anchor| {
            let is_authority = cert.public_key().may_certify();
            if !anchor.may_certify || !anchor.allows_below(usize::from(is_authority)) {
                return Err(Cause::KeyUsage.into());
            }
            anchor
                .key
                .verify_certificate(cert)
                .map_err(Reason::of_verification)
        };
        let issuer =
            self.keys
                .lock()
                .find(|anchor| anchor.is_named_by(cert), certifies, moment, true);
        match issuer {
            Ok(issuer) => Ok(Origin::Certified(issuer.fingerprint)),
            Err(Reason::Cause(Cause::UnknownKey)) => {
                self.by_system(|keys| system_vouches_for(der, keys))?;
                Ok(Origin::System)
            }
            Err(reason) => Err(reason),
        }
    }

    /// Calls `ask` with the kernel's keys that count. May sleep.
    ///
    /// # Errors
    ///
    /// [`Cause::MachineKeyring`] if only a key that does not count succeeds.
    pub(super) fn by_system(&self, ask: impl Fn(SystemKeys) -> Result) -> Result<(), Reason> {
        if self.settings.trust_machine_keyring {
            return ask(SystemKeys::Secondary).map_err(Reason::of_verification);
        }
        match ask(SystemKeys::Builtin) {
            Err(e) if e == ENOKEY && ask(SystemKeys::Secondary).is_ok() => {
                Err(Cause::MachineKeyring.into())
            }
            answer => answer.map_err(Reason::of_verification),
        }
    }

    /// Adds the key of a certificate signed by a trusted key. May sleep.
    pub(crate) fn add(&self, der: &[u8]) -> Result<ShownKey, Reason> {
        let cert = parse(der)?;
        let moment = self.moment(None);
        self.judge(&cert, der, moment)?;
        usage_of(&cert).check(Way::Certificate)?;
        let origin = self.vouch(&cert, der, moment)?;
        self.enter(&cert, der, origin, Format::X509)
    }

    fn enter(
        &self,
        cert: &Certificate<'_>,
        der: &[u8],
        origin: Origin,
        format: Format,
    ) -> Result<ShownKey, Reason> {
        let purpose = Purpose::of_certificate(der)?;
        let moment = self.moment(None);
        let mut keys = self.keys.lock();
        let tbs_digest = cert.tbs_digest();
        let former = keys
            .anchors
            .iter()
            .position(|known| known.tbs_digest == tbs_digest);
        let anchor = match former.and_then(|index| keys.anchors.get(index)) {
            // It needs no other key, in particular not itself.
            Some(known) if known.origin == Origin::Module => known.clone(),
            // A key file would only take rights away from it.
            Some(known)
                if matches!(origin, Origin::Signed(_))
                    && keys.check_chain(known, moment, false).is_ok() =>
            {
                known.clone()
            }
            _ => {
                keys.anchors.reserve(1, GFP_KERNEL)?;
                Algorithm::of(&cert.public_key())?;
                // The same certificate again: the new key replaces the former one in the keyring
                // and here.
                let key = self
                    .ring
                    .add(cert, der)
                    .map_err(|e| of_certificate(e, der))?;
                let anchor =
                    Arc::new(Anchor::new(cert, key, origin, format, purpose)?, GFP_KERNEL)?;
                if let Some(former) = former {
                    let _ = keys.anchors.remove(former);
                }
                keys.anchors.push(anchor.clone(), GFP_KERNEL)?;
                anchor
            }
        };
        let state = keys.check_chain(&anchor, moment, false);
        Ok(ShownKey { anchor, state })
    }

    /// Revokes the key with the identifier `id` for good, with all its certificates. It need not be
    /// here, because signatures may bring certificates. Lists that it signed stay loaded. Returns
    /// the number of keys of the keyring that are concerned. May sleep.
    pub(crate) fn revoke(&self, id: &[u8]) -> Result<usize, Reason> {
        if id.len() < revoked::MIN_ID {
            return Err(Cause::BadKeyId.into());
        }
        let mut keys = self.keys.lock();
        let Keys { anchors, revoked } = &mut *keys;
        let theirs = anchors.iter().filter(|anchor| *anchor.id() == *id);
        revoked.add(id, theirs.map(|anchor| anchor.fingerprint))?;
        let mut count = 0usize;
        for anchor in anchors.iter() {
            if revoked.has(&anchor.fingerprint, anchor.id()) {
                // The set decides here. This is for users who look at the keyring.
                anchor.key.revoke();
                count = count.saturating_add(1);
            }
        }
        Ok(count)
    }
}

/// What a certificate lets its key do.
fn usage_of(cert: &Certificate<'_>) -> Usage {
    let key = cert.public_key();
    Usage {
        sign: key.may_sign(),
        certify: key.may_certify(),
    }
}

/// Parses the certificate in `der`. May sleep.
fn parse(der: &[u8]) -> Result<Certificate<'_>, Reason> {
    Certificate::parse(der).map_err(|e| of_certificate(e, der))
}

/// Why the kernel does not parse the certificate in `der`.
fn of_certificate(error: Error, der: &[u8]) -> Reason {
    match error {
        EKEYREJECTED => Cause::DoesNotVerify.into(),
        ENOMEM => Reason::Kernel(error),
        ENOPKG => Cause::UnverifiableSignature(x509::unverifiable(der)).into(),
        _ => Cause::BadKey.into(),
    }
}
