// SPDX-License-Identifier: GPL-2.0

//! Why a list, a signature or a key was refused: one errno and one line of the kernel log per
//! cause.
//!
//! `Documentation/abi.md` has the table.

use crate::sys::console::Show;
use core::fmt;
use digest_logic::error::Error as Cause;
use kernel::{
    alloc::AllocError,
    prelude::*, //
};

/// A cause.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// One that the formats know.
    Cause(Cause),
    /// One of the kernel's, of which nothing more is known.
    Kernel(Error),
    /// The file is not the one that the metadata describe.
    OtherFile,
    /// There is no signature where one is required.
    Unsigned,
    /// No trusted key has the identifier that the signature, or the certificate's issuer, names.
    UnknownKey,
    /// The key, or its certificate, is past its validity.
    KeyExpired,
    /// The key was revoked.
    KeyRevoked,
    /// The certificate is not valid yet.
    KeyNotYetValid,
    /// The signature was made when the certificate was no longer valid, by what the signature says.
    SignedAfterExpiry,
    /// The signature was made when the certificate was not valid yet.
    SignedBeforeValidity,
    /// The key came in an OpenPGP certificate, and this is no RPM header.
    HeadersOnly,
    /// A signature of a list by a key that is not dedicated to lists, in a format or under a
    /// parameter that asks for one.
    NotDedicated,
    /// Only a key of the kernel's secondary or machine keyring vouches.
    MachineKeyring,
    /// The certificate does not let its key do this.
    KeyUsage,
    /// A key that vouches for the key may not be used any more.
    Issuer,
    /// The key is one of the kernel's keyrings, and nothing more is known of it.
    CertificateMissing,
    /// The kernel's blacklist keyring has the certificate or the list.
    Blacklisted,
    /// The signature is not the key's over these data.
    DoesNotVerify,
    /// The list file is larger than `max_list_size`.
    ListTooLarge,
    /// The file with metadata is larger than metadata may be.
    MetadataTooLarge,
    /// The file with a policy is larger than a policy may be.
    PolicyTooLarge,
    /// The list revokes digests that no other list revokes, and files are being appraised.
    WouldUnrevoke,
    /// A rule of the policy in force appraises the file, and nothing vouches for it.
    Denied,
    /// The module has not finished starting.
    NotRunning,
    /// Something else than what the file takes was written.
    NotOne,
    /// A key file, or its signature, is larger than it may be.
    KeyFileTooLarge,
    /// The digests would take more than `max_digest_memory`.
    MemoryLimit,
    /// No such list is loaded.
    NotLoaded,
}

impl Reason {
    /// The positive errno.
    fn errno(self) -> i32 {
        match self {
            Self::Cause(cause) => cause.errno(),
            Self::Kernel(error) => error.to_errno().wrapping_neg(),
            Self::NotLoaded => 2,                // ENOENT
            Self::NotRunning => 11,              // EAGAIN
            Self::Unsigned | Self::Denied => 13, // EACCES
            Self::WouldUnrevoke => 16,           // EBUSY
            Self::NotOne => 22,                  // EINVAL
            Self::ListTooLarge
            | Self::MetadataTooLarge
            | Self::PolicyTooLarge
            | Self::KeyFileTooLarge => 27, // EFBIG
            Self::NotDedicated => 44,            // ECHRNG
            Self::HeadersOnly => 45,             // EL2NSYNC
            Self::KeyUsage => 49,                // EUNATCH
            Self::KeyNotYetValid | Self::SignedBeforeValidity => 62, // ETIME
            Self::CertificateMissing => 66,      // EREMOTE
            Self::Issuer => 67,                  // ENOLINK
            Self::MachineKeyring => 68,          // EADV
            Self::DoesNotVerify => 78,           // EREMCHG
            Self::OtherFile => 116,              // ESTALE
            Self::MemoryLimit => 122,            // EDQUOT
            Self::UnknownKey => 126,             // ENOKEY
            Self::KeyExpired | Self::SignedAfterExpiry => 127, // EKEYEXPIRED
            Self::KeyRevoked => 128,             // EKEYREVOKED
            Self::Blacklisted => 132,            // ERFKILL
        }
    }

    /// Logs why `what` was refused and returns the errno.
    pub(crate) fn refuse(self, what: impl fmt::Display) -> Error {
        pr_err!("{}: {}\n", Show(what), Show(self));
        Error::from_errno(self.errno().wrapping_neg())
    }

    /// What a failed verification by the kernel means.
    pub(crate) fn of_verification(error: Error) -> Self {
        match error.to_errno().wrapping_neg() {
            // EINVAL: the signature is not as long as the key; EBADMSG: wrong padding;
            // EKEYREJECTED: wrong digest.
            22 | 74 | 129 => Self::DoesNotVerify,
            // ENOENT and ENOPKG: the kernel has no such algorithm.
            2 | 65 => Self::Cause(Cause::UnverifiableSignature(
                digest_logic::openpgp::PublicKeyAlgo::Unknown,
            )),
            _ => Self::of_key(error),
        }
    }

    /// What a failed search for a key, or its failed validation, means.
    pub(crate) fn of_key(error: Error) -> Self {
        match error.to_errno().wrapping_neg() {
            126 => Self::UnknownKey,
            127 => Self::KeyExpired,
            128 => Self::KeyRevoked,
            _ => Self::Kernel(error),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cause(cause) => cause.cause(),
            Self::Kernel(error) => {
                return write!(f, "failed with {}", error.to_errno());
            }
            Self::OtherFile => "the file is not the list that the metadata describe",
            Self::Unsigned => "the list is not signed",
            Self::UnknownKey => "no trusted key has this identifier",
            Self::KeyExpired => "the key has expired",
            Self::KeyRevoked => "the key was revoked",
            Self::KeyNotYetValid => "the key is not valid yet, by this system's clock",
            Self::SignedAfterExpiry => {
                "the signature was made after the validity of the certificate had ended"
            }
            Self::SignedBeforeValidity => {
                "the signature was made before the validity of the certificate began"
            }
            Self::HeadersOnly => "the key came in an OpenPGP certificate, and signs RPM headers only",
            Self::NotDedicated => {
                "the signature counts only by a key whose certificate dedicates it to lists"
            }
            Self::MachineKeyring => {
                "only a key of the kernel's secondary or machine keyring vouches, without trust_machine_keyring=1"
            }
            Self::KeyUsage => "the certificate does not allow its key this use",
            Self::Issuer => {
                "a key that vouches for the key was revoked or blacklisted, was not valid, or may not vouch for it"
            }
            Self::CertificateMissing => {
                "a key of the kernel's keyrings signs only with its certificate in the message"
            }
            Self::Blacklisted => "blacklisted by the kernel",
            Self::DoesNotVerify => "the signature does not verify",
            Self::ListTooLarge => "larger than max_list_size",
            Self::MetadataTooLarge => "larger than the 16 MiB that metadata may have",
            Self::PolicyTooLarge => "larger than the 1 MiB that a policy may have",
            Self::KeyFileTooLarge => "larger than the 1 MiB of a key file, or the 64 KiB of its signature",
            Self::WouldUnrevoke => {
                "revokes what no other list revokes, which cannot be undone while files are appraised"
            }
            Self::Denied => "denied by a rule of the policy in force; the audit record has the cause",
            Self::NotRunning => "the module is still starting",
            Self::NotOne => "takes only 1",
            Self::MemoryLimit => "the digests would take more memory than max_digest_memory",
            Self::NotLoaded => "no such list is loaded",
        })
    }
}

impl From<Cause> for Reason {
    fn from(cause: Cause) -> Self {
        Self::Cause(cause)
    }
}

impl From<Error> for Reason {
    fn from(error: Error) -> Self {
        Self::Kernel(error)
    }
}

impl From<AllocError> for Reason {
    fn from(error: AllocError) -> Self {
        Self::Kernel(error.into())
    }
}
