// SPDX-License-Identifier: GPL-2.0

//! The moments at which certificates have to be valid.
//!
//! What counts is when a signature was made, as it says itself under its own protection. The
//! system's clock is asked only where the administrator wants it (`validity=clock`): a clock may be
//! wrong, and a certificate that ends must not end a boot. A signature that says no time is then
//! not asked for one; what ends the use of a key for good is revocation.

use crate::{
    reason::Reason,
    sys::{
        clock,
        module, //
    },
};
use digest_logic::refusal::Cause;
use kernel::prelude::*;

/// Whether the system's clock is asked (`validity=`). Never changes while the module is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    /// It is not: the time of signing counts.
    Signing,
    /// It is, besides the time of signing.
    Clock,
}

impl Validity {
    /// What the module parameter names.
    ///
    /// # Errors
    ///
    /// `EINVAL`, with the reason in the kernel log.
    pub(crate) fn from_parameter() -> Result<Self> {
        let name = module::Text::Validity.get();
        match name.to_bytes() {
            b"signing" => Ok(Self::Signing),
            b"clock" => Ok(Self::Clock),
            _ => {
                pr_err!(
                    "validity={}: expected signing or clock\n",
                    name.to_str().unwrap_or("?")
                );
                Err(EINVAL)
            }
        }
    }

    /// The word of the parameter.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Clock => "clock",
        }
    }

    /// The moments that count for a signature that was made at `signed`, in seconds since 1970, if
    /// it says so.
    pub(in crate::lists) fn moment(self, signed: Option<i64>) -> Moment {
        Moment {
            signed,
            now: (self == Self::Clock).then(clock::seconds),
        }
    }
}

/// The moments that count, in seconds since 1970.
#[derive(Clone, Copy)]
pub(in crate::lists) struct Moment {
    signed: Option<i64>,
    now: Option<i64>,
}

impl Moment {
    /// Refuses a key that is valid from `from` to `to`, in seconds since 1970, if one of them lies
    /// outside.
    pub(super) fn check(&self, (from, to): (i64, i64)) -> Result<(), Reason> {
        match self.signed {
            Some(signed) if signed > to => return Err(Cause::SignedAfterExpiry.into()),
            Some(signed) if signed < from => return Err(Cause::SignedBeforeValidity.into()),
            _ => (),
        }
        match self.now {
            Some(now) if now > to => Err(Cause::KeyExpired.into()),
            Some(now) if now < from => Err(Cause::KeyNotYetValid.into()),
            _ => Ok(()),
        }
    }

    /// Refuses what ends at `end`, in seconds since 1970, by the clock.
    pub(in crate::lists) fn check_end(&self, end: u64) -> Result<(), Reason> {
        match self.now {
            Some(now) if i64::try_from(end).is_ok_and(|end| now > end) => {
                Err(Cause::KeyExpired.into())
            }
            _ => Ok(()),
        }
    }

    /// The moments that count for a signature of another time, of which nothing is kept: it was
    /// asked for when it was verified.
    pub(super) fn of_earlier_signature(self) -> Self {
        Self {
            signed: None,
            ..self
        }
    }
}
