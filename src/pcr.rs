// SPDX-License-Identifier: GPL-2.0

//! Which PCRs records may extend.

use crate::sys::console::Show;
use digest_logic::pcr::{
    self,
    Unusable, //
};
use kernel::prelude::*;

/// Refuses the PCRs that cannot vouch for the list. With `allow_unload=1`, for tests, those that can be reset are taken.
///
/// # Errors
///
/// `EBUSY` for PCRs of the firmware, the boot loader and IMA; `EADDRNOTAVAIL` for those that root can reset or nobody can
/// extend; `EINVAL` for one that does not exist. The reason is in the kernel log.
pub(crate) fn check(pcr: u32) -> Result {
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
