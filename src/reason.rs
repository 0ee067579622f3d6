// SPDX-License-Identifier: GPL-2.0

//! Refusals on their way to user space: one errno and one line of the kernel log per cause.
//!
//! The table of causes is `digest_logic::refusal`; `Documentation/abi.md` shows it.

use crate::sys::console::Show;
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

/// Why something is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A cause of the table.
    Cause(Cause),
    /// An error of the kernel, of which nothing more is known.
    Kernel(Error),
}

impl Reason {
    /// What a failed verification by the kernel means.
    pub(crate) fn of_verification(error: Error) -> Self {
        match error {
            // The signature is not as long as the key; wrong padding; wrong digest.
            EINVAL | EBADMSG | EKEYREJECTED => Cause::DoesNotVerify.into(),
            // The kernel has no such algorithm.
            ENOENT | ENOPKG => Cause::UnverifiableSignature(PublicKeyAlgo::Unknown).into(),
            _ => Self::of_key(error),
        }
    }

    /// What a failed search for a key, or its failed validation, means.
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

/// Logs why `what` is refused and returns the errno.
pub(crate) fn refuse(what: impl fmt::Display, reason: impl Into<Reason>) -> Error {
    let reason = reason.into();
    pr_err!("{}: {}\n", Show(what), Show(reason));
    match reason {
        Reason::Cause(cause) => error_of(cause),
        Reason::Kernel(error) => error,
    }
}

/// The errno of `cause`, for callers that have logged more than its text.
pub(crate) fn error_of(cause: Cause) -> Error {
    Error::from_errno(cause.errno().number().wrapping_neg())
}

/// Refuses the PCRs that cannot vouch for the list. With `allow_unload=1`, for tests, those that
/// can be reset are taken.
///
/// # Errors
///
/// `EBUSY` for PCRs of the firmware, the boot loader and IMA; `EADDRNOTAVAIL` for those that root
/// can reset or nobody can extend; `EINVAL` for one that does not exist. The reason is in the
/// kernel log.
pub(crate) fn check_pcr(pcr: u32) -> Result {
    let test = *crate::module_parameters::allow_unload.value_ref();
    pcr::check(pcr, test).map_err(|unusable| {
        pr_err!("pcr={}: {}\n", pcr, Show(unusable));
        error_of(unusable.cause())
    })
}
