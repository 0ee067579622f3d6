// SPDX-License-Identifier: GPL-2.0

//! Which PCRs of a TPM 2.0 platform can protect a measurement list.
//!
//! | PCR | extended by | answer |
//! |-----|-------------|--------|
//! | 0 to 7 | firmware | refused |
//! | 8 | GRUB's commands; free with a unified kernel image | taken |
//! | 9 | GRUB's files, kernel and initramfs | refused |
//! | 10 | IMA | refused |
//! | 11 to 15 | systemd-stub, systemd and others, in part | taken |
//! | 16, 23 | anybody; can be reset by root at any time | refused, except in tests |
//! | 17 to 22 | a dynamic launch; not at all from a running system | refused |
//!
//! Source: TCG PC Client Platform Firmware Profile, and the Linux TPM PCR Registry of the UAPI
//! group.

use crate::refusal::Cause;
use core::fmt;

/// The last PCR of a TPM 2.0 platform.
pub const LAST: u32 = 23;

/// Why a PCR cannot protect the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Firmware or boot loader extend it, and their log would no longer replay.
    Firmware,
    /// IMA extends it in every kernel with `CONFIG_IMA`, policy or not.
    Ima,
    /// Root can set it to zero.
    Resettable,
    /// A running system cannot extend it.
    Locality,
    /// There is no such PCR.
    Missing,
}

impl Unusable {
    /// Its row in the table of refusals.
    pub const fn cause(self) -> Cause {
        match self {
            Self::Firmware | Self::Ima => Cause::PcrInUse,
            Self::Resettable | Self::Locality => Cause::PcrUnsuitable,
            Self::Missing => Cause::PolicyWord,
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Firmware => {
                "the firmware and the boot loader extend this PCR, and its log would no longer replay"
            }
            Self::Ima => "IMA extends this PCR, and its log would no longer replay",
            Self::Resettable => "root can reset this PCR, so it vouches for nothing",
            Self::Locality => "a running system cannot extend this PCR",
            Self::Missing => "a TPM has the PCRs 0 to 23",
        })
    }
}

/// Whether records may extend `pcr`. A `test` may use PCRs that can be reset.
///
/// # Errors
///
/// Why not.
pub const fn check(pcr: u32, test: bool) -> Result<(), Unusable> {
    match pcr {
        0..=7 | 9 => Err(Unusable::Firmware),
        10 => Err(Unusable::Ima),
        16 | 23 if !test => Err(Unusable::Resettable),
        17..=22 => Err(Unusable::Locality),
        0..=LAST => Ok(()),
        _ => Err(Unusable::Missing),
    }
}
