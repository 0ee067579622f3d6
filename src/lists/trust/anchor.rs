// SPDX-License-Identifier: GPL-2.0

//! A key in the keyring, with facts that the kernel does not keep.

use super::{
    algorithm::{
        Algorithm,
        Fingerprint, //
    },
    moment::Moment, //
};
use crate::{
    reason::Reason,
    sys::{
        bytes::joined,
        key::{
            is_certificate_blacklisted,
            Key, //
        },
        x509::Certificate, //
    },
};
use core::fmt;
use digest_logic::{
    digest::Hex,
    refusal::Cause,
    x509::Purpose, //
};
use kernel::prelude::*;

/// How a key came to be trusted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was linked into the module.
    Module,
    /// A key of the kernel's keyrings signed its certificate.
    System,
    /// This key of the module's keyring signed its certificate.
    Certified(Fingerprint),
    /// It came in a file signed by this key of the module's keyring.
    Signed(Fingerprint),
}

impl Origin {
    const fn name(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::System => "system",
            Self::Certified(_) => "certified",
            Self::Signed(_) => "key-file",
        }
    }

    /// Whether no key of the module's keyring vouches for it.
    pub(super) const fn is_root(self) -> bool {
        matches!(self, Self::Module | Self::System)
    }
}

/// The form in which a key came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// In an X.509 certificate.
    X509,
    /// In an OpenPGP certificate. The X.509 certificate around it was made here.
    OpenPgp,
}

/// What a signature is for. The certificate says what a key may sign, because formats overlap:
/// - the bytes that an OpenPGP signature covers may be those of an IMA signature of another
///   document;
/// - IMA signs lists in the same way as other files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::lists) enum Use {
    /// An OpenPGP signature of an RPM header.
    Header,
    /// A CMS signature of a list.
    CmsList,
    /// A CMS signature of a key file.
    CmsKeyFile,
    /// A CMS signature at the end of a kernel module or image.
    CmsModule,
    /// An IMA signature of a list.
    ImaList,
    /// An IMA signature of a key file. The first line tells key files from other files.
    ImaKeyFile,
    /// An IMA signature of a file's content.
    ImaContent,
}

/// How a key is identified.
#[derive(Clone, Copy)]
pub(in crate::lists) enum KeyId<'a> {
    /// The last bytes of the subject key identifier.
    Suffix(&'a [u8]),
    /// The whole subject key identifier, or serial number and issuer name.
    Exact(&'a [u8]),
}

/// The names of a key, from its certificate.
struct Names {
    /// The serial number, then the name of the issuer.
    certificate: KVVec<u8>,
    /// The subject key identifier.
    key: KVVec<u8>,
    subject: KVVec<u8>,
    /// The subject key identifier of the issuer.
    issuer_key: KVVec<u8>,
}

pub(crate) struct Anchor {
    pub(in crate::lists) key: Key,
    pub(super) fingerprint: Fingerprint,
    pub(super) tbs_digest: [u8; 32],
    pub(in crate::lists) algorithm: Algorithm,
    pub(super) may_sign: bool,
    pub(super) may_certify: bool,
    pub(super) origin: Origin,
    format: Format,
    purpose: Purpose,
    names: Names,
    valid: (i64, i64),
}

impl Anchor {
    /// Facts about `key` from `cert`, whose extensions allow `purpose`.
    pub(super) fn new(
        cert: &Certificate<'_>,
        key: Key,
        origin: Origin,
        format: Format,
        purpose: Purpose,
    ) -> Result<Self, Reason> {
        let public = cert.public_key();
        let [_, issuer_key, _] = cert.issuer();
        Ok(Self {
            key,
            fingerprint: Fingerprint::of(&public)?,
            tbs_digest: cert.tbs_digest(),
            algorithm: Algorithm::of(&public)?,
            may_sign: public.may_sign(),
            may_certify: public.may_certify() && !matches!(origin, Origin::Signed(_)),
            origin,
            format,
            purpose,
            names: Names {
                certificate: joined(&[cert.id()])?,
                key: joined(&[cert.key_id().unwrap_or_default()])?,
                subject: joined(&[cert.subject()])?,
                issuer_key: joined(&[issuer_key.unwrap_or_default()])?,
            },
            valid: cert.validity(),
        })
    }

    /// Its identifier for display: the subject key identifier, or without one the SHA-256 of the
    /// signed part of the certificate.
    pub(in crate::lists) fn id(&self) -> &[u8] {
        match &*self.names.key {
            [] => &self.tbs_digest,
            id => id,
        }
    }

    /// The subject key identifier of its issuer; empty if its certificate has none.
    pub(super) fn issuer_key(&self) -> &[u8] {
        &self.names.issuer_key
    }

    /// Whether this is the key that is looked for.
    pub(super) fn is(&self, id: KeyId<'_>) -> bool {
        match id {
            KeyId::Suffix(end) => !end.is_empty() && self.names.key.ends_with(end),
            KeyId::Exact(id) => {
                !id.is_empty() && (*self.names.key == *id || *self.names.certificate == *id)
            }
        }
    }

    /// Whether `cert` is one of this key.
    pub(in crate::lists) fn is_key_of(&self, cert: &Certificate<'_>) -> bool {
        Fingerprint::of(&cert.public_key()).is_ok_and(|key| key == self.fingerprint)
    }

    /// Whether `cert` names this key as its issuer. As in the kernel, the subject counts only if
    /// there is no better identifier.
    pub(super) fn is_named_by(&self, cert: &Certificate<'_>) -> bool {
        let names = &self.names;
        match cert.issuer() {
            [Some(id), Some(key), _] => *names.certificate == *id && *names.key == *key,
            [Some(id), None, _] => *names.certificate == *id,
            [None, Some(key), _] => *names.key == *key,
            [None, None, Some(subject)] => *names.subject == *subject,
            [None, None, None] => false,
        }
    }

    /// Whether the key may make signatures for `purpose`. `dedicated` says whether all signatures
    /// of lists and key files need a dedicated key.
    pub(super) fn check_use(&self, purpose: Use, dedicated: bool) -> Result<(), Reason> {
        match purpose {
            _ if !self.may_sign => Err(Cause::KeyUsage.into()),
            Use::Header => Ok(()),
            _ if self.format == Format::OpenPgp => Err(Cause::HeadersOnly.into()),
            Use::ImaList if !self.purpose.lists => Err(Cause::NotDedicated.into()),
            // In a package, a key file is signed for IMA like any other file.
            Use::CmsList | Use::CmsKeyFile | Use::ImaKeyFile
                if dedicated && !self.purpose.lists =>
            {
                Err(Cause::NotDedicated.into())
            }
            // A key for lists that also signs files would make lists of these files.
            Use::ImaContent if self.purpose.lists => Err(Cause::KeyUsage.into()),
            Use::CmsList
            | Use::CmsKeyFile
            | Use::CmsModule
            | Use::ImaList
            | Use::ImaKeyFile
            | Use::ImaContent => Ok(()),
        }
    }

    /// Whether `below` authorities may stand between this one and the signer.
    pub(super) fn allows_below(&self, below: usize) -> bool {
        (self.purpose.path_len).is_none_or(|limit| below <= usize::from(limit))
    }

    /// Whether the key by itself may be used, without the keys that vouch for it. May sleep.
    pub(super) fn check(&self, moment: Moment) -> Result<(), Reason> {
        self.key.validate().map_err(Reason::of_key)?;
        moment.check(self.valid)?;
        if is_certificate_blacklisted(&self.tbs_digest) {
            return Err(Cause::Blacklisted.into());
        }
        Ok(())
    }
}

/// A key for display, with whether it may be used.
pub(crate) struct ShownKey {
    pub(super) anchor: kernel::sync::Arc<Anchor>,
    pub(super) state: Result<(), Reason>,
}

impl fmt::Display for ShownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let anchor = &*self.anchor;
        let sign = match (anchor.may_sign, anchor.format) {
            (false, _) => "",
            (true, Format::OpenPgp) => "headers",
            (true, Format::X509) if anchor.purpose.lists => "lists",
            (true, Format::X509) => "sign",
        };
        let (comma, certify) = match (anchor.may_sign, anchor.may_certify) {
            (true, true) => (",", "certify"),
            (false, true) => ("", "certify"),
            (false, false) => ("", "none"),
            (true, false) => ("", ""),
        };
        let state = match self.state {
            Ok(()) => "valid",
            Err(Reason::Cause(Cause::KeyRevoked)) => "revoked",
            Err(Reason::Cause(Cause::KeyExpired)) => "expired",
            Err(Reason::Cause(Cause::KeyNotYetValid)) => "not-yet-valid",
            Err(Reason::Cause(Cause::Blacklisted)) => "blacklisted",
            Err(Reason::Cause(Cause::Issuer)) => "issuer-not-trusted",
            Err(_) => "unusable",
        };
        write!(
            f,
            "{} algo={} usage={sign}{comma}{certify} origin={} valid_from={} valid_to={} state={state}",
            Hex(anchor.id()),
            anchor.algorithm,
            anchor.origin.name(),
            anchor.valid.0,
            anchor.valid.1
        )
    }
}
