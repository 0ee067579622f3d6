// SPDX-License-Identifier: GPL-2.0

//! Refusals: each cause becomes an errno for user space and a line in the kernel log.
//!
//! The table of causes is `digest_logic::refusal`; `Documentation/abi.md` shows it.

use crate::sys::{
    console::Show,
    kernel_crate::{
        EBADMSG,
        EKEYEXPIRED,
        EKEYREJECTED,
        EKEYREVOKED,
        ENOKEY,
        ENOPKG, //
    },
};
use core::fmt;
use digest_logic::{
    for_each_errno,
    openpgp::PublicKeyAlgo,
    pcr,
    refusal::Cause, //
};
use kernel::{
    alloc::AllocError,
    prelude::*, //
};

macro_rules! assert_numbers {
    ($($name:ident = $number:literal,)*) => {
        $(const _: () = assert!(
            kernel::bindings::$name == $number,
            concat!("src/logic/errno.rs has another number for ", stringify!($name))
        );)*
    };
}

for_each_errno!(assert_numbers);

/// Why a request is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A cause of the table.
    Cause(Cause),
    /// An error of the kernel without a known cause.
    Kernel(Error),
}

impl Reason {
    /// The cause of a failed verification by the kernel.
    pub(crate) fn of_verification(error: Error) -> Self {
        match error {
            // The signature's length, its padding or the digest is wrong.
            EINVAL | EBADMSG | EKEYREJECTED => Cause::DoesNotVerify.into(),
            // The kernel does not have the algorithm.
            ENOENT | ENOPKG => Cause::UnverifiableSignature(PublicKeyAlgo::Unknown).into(),
            _ => Self::of_key(error),
        }
    }

    /// The cause of a failed write to memory that grows.
    pub(crate) fn of_writing(cause: Cause) -> Self {
        match cause {
            Cause::BufferTooSmall => Self::Kernel(ENOMEM),
            cause => cause.into(),
        }
    }

    /// The cause of a failed search for a key, or of its failed validation.
    pub(crate) fn of_key(error: Error) -> Self {
        match error {
            ENOKEY => Cause::UnknownKey.into(),
            EKEYEXPIRED => Cause::KeyExpired.into(),
            EKEYREVOKED => Cause::KeyRevoked.into(),
            _ => Self::Kernel(error),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cause(cause) => f.write_str(cause.text()),
            Self::Kernel(error) => write!(f, "failed with {}", error.to_errno()),
        }
    }
}

impl PartialEq<Cause> for Reason {
    fn eq(&self, other: &Cause) -> bool {
        matches!(self, Self::Cause(cause) if cause == other)
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

/// Logs why `what` is refused. Returns the errno.
pub(crate) fn refuse(what: impl fmt::Display, reason: impl Into<Reason>) -> Error {
    let reason = reason.into();
    pr_err!("{}: {}\n", Show(what), Show(reason));
    match reason {
        Reason::Cause(cause) => error_of(cause),
        Reason::Kernel(error) => error,
    }
}

/// The errno of `cause`, for callers that log more than its text.
pub(crate) fn error_of(cause: Cause) -> Error {
    Error::from_errno(cause.errno().number().wrapping_neg())
}

/// Refuses PCRs that cannot protect the list. PCRs that can be reset are accepted with
/// `allow_unload=1`, for tests.
///
/// # Errors
///
/// `EBUSY` for PCRs of the firmware, the boot loader and IMA; `EADDRNOTAVAIL` for PCRs that root
/// can reset or that cannot be extended; `EINVAL` for a PCR that does not exist. The reason is in
/// the kernel log.
pub(crate) fn check_pcr(pcr: u32) -> Result {
    let test = crate::sys::module::Switch::AllowUnload.get();
    pcr::check(pcr, test).map_err(|unusable| {
        pr_err!("pcr={}: {}\n", pcr, Show(unusable));
        error_of(unusable.cause())
    })
}
