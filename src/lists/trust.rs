// SPDX-License-Identifier: GPL-2.0

//! The keys by which lists may be signed, and who vouches for them.
//!
//! All of them are in the keyring `.digest_lists`: those that were linked into the module, and those whose certificate
//! one of these, or a key of the kernel's builtin, secondary or machine keyring, has signed. The kernel keeps neither
//! the validity of a certificate nor the blacklisting of a key that is in a keyring already, so both are kept and asked
//! here, at every use.

mod linked;
mod wrap;

use super::{
    reason::Reason,
    signature::SignerId, //
};
use crate::sys::{
    clock,
    console::Show,
    key::{
        is_certificate_blacklisted,
        system_vouches_for,
        Key,
        KeyId,
        Keyring, //
    },
    x509::{
        Certificate,
        PublicKey, //
    },
};
use core::{
    fmt,
    sync::atomic::{
        AtomicBool,
        Ordering, //
    },
};
use digest_logic::{
    cms::rsa_bits,
    digest::Hex,
    error::Error as Cause,
    openpgp::{
        PublicKeyAlgo,
        WeakHash, //
    },
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
};

/// The shortest modulus of an RSA key in bits.
const MIN_RSA_BITS: usize = 2048;

/// What a key signs with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSA.
    Rsa {
        /// The length of the modulus.
        bits: usize,
    },
    /// ECDSA over P-256, P-384 or P-521.
    Ecdsa,
}

impl Algorithm {
    /// The algorithm of a key if it is strong enough and the kernel can verify it.
    fn of(key: &PublicKey<'_>) -> Result<Self, Reason> {
        match key.algo() {
            "rsa" => match rsa_bits(key.as_bytes())? {
                bits if bits < MIN_RSA_BITS => Err(Cause::WeakKey.into()),
                bits => Ok(Self::Rsa { bits }),
            },
            "ecdsa-nist-p256" | "ecdsa-nist-p384" | "ecdsa-nist-p521" => Ok(Self::Ecdsa),
            _ => Err(Cause::UnverifiableSignature(PublicKeyAlgo::Unknown).into()),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "rsa{bits}"),
            Self::Ecdsa => f.write_str("ecdsa"),
        }
    }
}

/// How a key came to be trusted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Voucher {
    /// It was linked into the module, or a key that is in the module's keyring signed its certificate.
    Module,
    /// A key of the kernel's keyrings signed its certificate.
    System,
}

/// What is known of a key in the keyring beyond what the keyring knows.
pub(crate) struct Anchor {
    serial: i32,
    id: KVVec<u8>,
    tbs_digest: [u8; 32],
    valid: (i64, i64),
    algorithm: Algorithm,
    may_sign: bool,
    may_certify: bool,
    origin: &'static str,
    revoked: AtomicBool,
}

impl Anchor {
    /// Whether the key may be used now.
    fn check(&self, key: &Key) -> Result<(), Reason> {
        if self.revoked.load(Ordering::Acquire) {
            return Err(Reason::KeyRevoked);
        }
        key.validate().map_err(Reason::of_key)?;
        check_time(self.valid)?;
        if is_certificate_blacklisted(&self.tbs_digest) {
            return Err(Reason::Blacklisted);
        }
        Ok(())
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = match (self.may_sign, self.may_certify) {
            (true, true) => "sign,certify",
            (true, false) => "sign",
            (false, true) => "certify",
            (false, false) => "none",
        };
        let state = if self.revoked.load(Ordering::Acquire) {
            "revoked"
        } else {
            match check_time(self.valid) {
                Err(Reason::KeyExpired) => "expired",
                Err(_) => "not-yet-valid",
                Ok(()) if is_certificate_blacklisted(&self.tbs_digest) => "blacklisted",
                Ok(()) => "valid",
            }
        };
        write!(
            f,
            "{} algo={} usage={usage} origin={} valid_from={} valid_to={} state={state}",
            Hex(&self.id),
            self.algorithm,
            self.origin,
            self.valid.0,
            self.valid.1
        )
    }
}

fn check_time((from, to): (i64, i64)) -> Result<(), Reason> {
    let now = clock::seconds();
    if now > to {
        Err(Reason::KeyExpired)
    } else if now < from {
        Err(Reason::KeyNotYetValid)
    } else {
        Ok(())
    }
}

/// A key that may sign lists now.
pub(super) struct Signer {
    pub(super) key: Key,
    pub(super) id: SignerId,
    pub(super) algorithm: Algorithm,
}

/// The keyring and what is known of its keys.
#[pin_data]
pub(crate) struct Trust {
    ring: Keyring,
    #[pin]
    anchors: Mutex<KVVec<Arc<Anchor>>>,
}

impl Trust {
    /// A keyring with the keys that were linked into the module. One of these that cannot be used is logged and left
    /// out. May sleep.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        let ring = || {
            let ring = Keyring::new(c".digest_lists")?;
            ring.close()?;
            Ok::<_, Error>(ring)
        };
        try_pin_init!(Self {
            ring: ring()?,
            anchors <- new_mutex!(KVVec::new()),
        })
    }

    /// Adds the keys that were linked into the module. May sleep.
    pub(crate) fn add_linked(&self) {
        linked::for_each(|der| {
            if let Err(reason) = self.add_linked_one(der) {
                pr_err!("a linked-in certificate: {}\n", Show(reason));
            }
        });
    }

    fn add_linked_one(&self, der: &[u8]) -> Result<(), Reason> {
        let cert = Certificate::parse(der).map_err(of_certificate)?;
        if cert.is_blacklisted() {
            return Err(Reason::Blacklisted);
        }
        self.enter(&cert, der, "module")
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.anchors.lock().len()
    }

    /// The key at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<Arc<Anchor>> {
        self.anchors.lock().get(index).cloned()
    }

    pub(super) fn keyring(&self) -> &Keyring {
        &self.ring
    }

    /// The anchor of a key that was found in the keyring.
    fn anchor_of(&self, key: &Key) -> Result<Arc<Anchor>, Reason> {
        let serial = key.serial();
        self.anchors
            .lock()
            .iter()
            .find(|anchor| anchor.serial == serial)
            .cloned()
            .ok_or(Reason::UnknownKey)
    }

    /// The key with this identifier if it may sign lists now. May sleep.
    pub(super) fn signer(&self, id: KeyId<'_>) -> Result<Signer, Reason> {
        let key = self.ring.find(id).map_err(Reason::of_key)?;
        let anchor = self.anchor_of(&key)?;
        anchor.check(&key)?;
        if !anchor.may_sign {
            return Err(Reason::KeyUsage);
        }
        Ok(Signer {
            key,
            id: SignerId::new(&anchor.id)?,
            algorithm: anchor.algorithm,
        })
    }

    /// Whether a certificate is of a kind that may be trusted at all, whoever vouches for it.
    fn judge(&self, cert: &Certificate<'_>) -> Result<Algorithm, Reason> {
        if cert.is_blacklisted() {
            return Err(Reason::Blacklisted);
        }
        let key = cert.public_key();
        match key.signed_by() {
            Some("sha1") => return Err(Cause::WeakSignatureHash(WeakHash::Sha1).into()),
            Some("md4" | "md5") => return Err(Cause::WeakSignatureHash(WeakHash::Md5).into()),
            _ => (),
        }
        if cert.is_unverifiable() {
            return Err(Cause::UnverifiableSignature(PublicKeyAlgo::Unknown).into());
        }
        check_time(cert.validity())?;
        let revoked = self.anchors.lock().iter().any(|anchor| {
            anchor.tbs_digest == cert.tbs_digest() && anchor.revoked.load(Ordering::Acquire)
        });
        if revoked {
            return Err(Reason::KeyRevoked);
        }
        Algorithm::of(&key)
    }

    /// Whether the key of a certificate that came with a signature may sign lists, if somebody vouches for it.
    pub(super) fn judge_signer(&self, cert: &Certificate<'_>) -> Result<(), Reason> {
        self.judge(cert)?;
        if !cert.public_key().may_sign() {
            return Err(Reason::KeyUsage);
        }
        Ok(())
    }

    /// Who vouches for a certificate, of which `der` is the encoding. May sleep.
    pub(super) fn vouch(&self, cert: &Certificate<'_>, der: &[u8]) -> Result<Voucher, Reason> {
        match self.ring.find_issuer(cert) {
            Ok(key) => {
                let issuer = self.anchor_of(&key)?;
                issuer.check(&key)?;
                if !issuer.may_certify {
                    return Err(Reason::KeyUsage);
                }
                key.verify_certificate(cert)
                    .map_err(Reason::of_verification)?;
                Ok(Voucher::Module)
            }
            Err(error) => match Reason::of_key(error) {
                Reason::UnknownKey => {
                    system_vouches_for(der).map_err(Reason::of_verification)?;
                    Ok(Voucher::System)
                }
                reason => Err(reason),
            },
        }
    }

    /// Adds the key of a certificate that a trusted key has signed. May sleep.
    pub(crate) fn add(&self, der: &[u8]) -> Result<Arc<Anchor>, Reason> {
        let cert = Certificate::parse(der).map_err(of_certificate)?;
        self.judge(&cert)?;
        let key = cert.public_key();
        if !key.may_sign() && !key.may_certify() {
            return Err(Reason::KeyUsage);
        }
        let origin = match self.vouch(&cert, der)? {
            Voucher::Module => "certified",
            Voucher::System => "system",
        };
        self.enter(&cert, der, origin)?;
        let anchors = self.anchors.lock();
        anchors.last().cloned().ok_or(Reason::NoSuchKey)
    }

    fn enter(
        &self,
        cert: &Certificate<'_>,
        der: &[u8],
        origin: &'static str,
    ) -> Result<(), Reason> {
        let public = cert.public_key();
        let algorithm = Algorithm::of(&public)?;
        let tbs_digest = cert.tbs_digest();
        let mut id = KVVec::new();
        id.extend_from_slice(cert.key_id().unwrap_or(&tbs_digest), GFP_KERNEL)?;
        let mut anchors = self.anchors.lock();
        anchors.reserve(1, GFP_KERNEL)?;
        let key = self.ring.add(der).map_err(of_certificate)?;
        let anchor = Anchor {
            serial: key.serial(),
            id,
            tbs_digest,
            valid: cert.validity(),
            algorithm,
            may_sign: public.may_sign(),
            may_certify: public.may_certify(),
            origin,
            revoked: AtomicBool::new(false),
        };
        // The same certificate again takes the place of its former key in the keyring, and here.
        let former = anchors
            .iter()
            .position(|known| known.tbs_digest == tbs_digest);
        if let Some(former) = former {
            let _ = anchors.remove(former);
        }
        anchors.push(Arc::new(anchor, GFP_KERNEL)?, GFP_KERNEL)?;
        Ok(())
    }

    /// Revokes for good the key whose identifier is `id`. Lists that it has signed stay loaded. May sleep.
    pub(crate) fn revoke(&self, id: &[u8]) -> Result<(), Reason> {
        let anchors = self.anchors.lock();
        let anchor = anchors
            .iter()
            .find(|anchor| !id.is_empty() && *anchor.id == *id)
            .ok_or(Reason::NoSuchKey)?;
        if let Ok(key) = self.ring.find(KeyId::Exact(id)) {
            if key.serial() == anchor.serial {
                key.revoke();
            }
        }
        anchor.revoked.store(true, Ordering::Release);
        Ok(())
    }
}

/// What it means that the kernel does not parse a certificate.
fn of_certificate(error: Error) -> Reason {
    match error.to_errno().wrapping_neg() {
        129 => Reason::DoesNotVerify,
        12 => Reason::Kernel(error),
        65 => Cause::UnverifiableSignature(PublicKeyAlgo::Unknown).into(),
        _ => Cause::BadKey.into(),
    }
}
