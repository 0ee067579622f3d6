// SPDX-License-Identifier: GPL-2.0

//! Causes of refusal on their way to user space: a line in the kernel log and an errno of their
//! own.

use crate::sys::console::Show;
use digest_logic::{
    error::Error as Cause,
    pcr::{
        self,
        Unusable, //
    },
};
use kernel::prelude::*;

/// Logs why `what` was refused and returns the errno of the cause.
pub(crate) fn refuse(what: impl core::fmt::Display, cause: Cause) -> Error {
    pr_err!("{}: {}\n", Show(what), cause.cause());
    Error::from_errno(cause.errno().wrapping_neg())
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
        match unusable {
            Unusable::Firmware | Unusable::Ima => EBUSY,
            Unusable::Resettable | Unusable::Locality => Error::from_errno(-99), // EADDRNOTAVAIL
            Unusable::Missing => EINVAL,
        }
    })
}
