// SPDX-License-Identifier: GPL-2.0

//! The moments at which certificates must be valid.
//!
//! The time of signing counts, which the signature states and protects. The system's clock counts
//! only with `validity=clock`: a clock may be wrong, and an expired certificate must not prevent a
//! boot. Without the clock, a signature needs no time. Only revocation ends the use of a key for
//! good.

use crate::{
    reason::Reason,
    sys::{
        clock,
        module::Text, //
    },
};
use digest_logic::refusal::Cause;
use kernel::prelude::*;

/// Whether the system's clock counts (`validity=`). Fixed while the module is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    /// It does not: the time of signing counts.
    Signing,
    /// It does, as well as the time of signing.
    Clock,
}

impl Validity {
    const WORDS: [(&'static str, Self); 2] = [("signing", Self::Signing), ("clock", Self::Clock)];

    /// The value of the module parameter.
    ///
    /// # Errors
    ///
    /// `EINVAL`, with the reason in the kernel log.
    pub(crate) fn from_parameter() -> Result<Self> {
        Text::Validity.choose("validity", &Self::WORDS, "signing or clock")
    }

    pub(crate) fn name(self) -> &'static str {
        let mut words = Self::WORDS.into_iter();
        words
            .find(|(_, known)| *known == self)
            .map_or("", |(word, _)| word)
    }

    /// The moments to check for a signature made at `signed` (seconds since 1970), if it has a
    /// time.
    pub(in crate::lists) fn moment(self, signed: Option<i64>) -> Moment {
        Moment {
            signed,
            now: (self == Self::Clock).then(clock::seconds),
        }
    }
}

/// The moments to check, in seconds since 1970.
#[derive(Clone, Copy)]
pub(in crate::lists) struct Moment {
    signed: Option<i64>,
    now: Option<i64>,
}

impl Moment {
    /// Refuses a key that is not valid at each of them; it is valid from `from` to `to`, in seconds
    /// since 1970.
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

    /// Refuses what ends at `end` (seconds since 1970), by the clock.
    pub(in crate::lists) fn check_end(&self, end: u64) -> Result<(), Reason> {
        match self.now {
            Some(now) if i64::try_from(end).is_ok_and(|end| now > end) => {
                Err(Cause::KeyExpired.into())
            }
            _ => Ok(()),
        }
    }

    /// The moments to check for a signature made at another time. That time is not kept; it was
    /// checked when the signature was verified.
    pub(super) fn of_earlier_signature(self) -> Self {
        Self {
            signed: None,
            ..self
        }
    }
}
