// SPDX-License-Identifier: GPL-2.0

//! The kernel's TPM chip API.
//!
//! C header: [`include/linux/tpm.h`](srctree/include/linux/tpm.h)

use super::bindings;
use core::ptr::NonNull;
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    num::u32_as_usize, //
};
use kernel::{
    bindings as c,
    prelude::*,
    str::CStr, //
};

/// The most banks of a chip.
pub(crate) const MAX_BANKS: usize = u32_as_usize(bindings::TPM2_MAX_PCR_BANKS);

/// The size in bytes of the largest PCR (`TPM2_MAX_DIGEST_SIZE`).
pub(crate) const MAX_DIGEST_SIZE: usize = u32_as_usize(bindings::TPM2_MAX_DIGEST_SIZE);

/// One allocated bank of PCRs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bank {
    /// Algorithm of the bank (`TPM_ALG_ID`).
    pub(crate) algo: u16,
    /// Size of its PCRs in bytes.
    pub(crate) size: usize,
}

/// A TPM chip.
///
/// # Invariants
///
/// Owns one reference to the chip.
pub(crate) struct Chip(NonNull<bindings::tpm_chip>);

// SAFETY: The chip API may be called from any task and serialises commands by itself.
unsafe impl Send for Chip {}
// SAFETY: As above.
unsafe impl Sync for Chip {}

impl Chip {
    /// The first chip of the system that works, or `None`. May sleep.
    pub(crate) fn find() -> Option<Self> {
        // SAFETY: No requirement but task context.
        // INVARIANT: `tpm_default_chip()` gives a reference with the chip.
        NonNull::new(unsafe { bindings::tpm_default_chip() }).map(Self)
    }

    /// The device of the TPM, which tells it from other TPMs.
    pub(crate) fn owner(&self) -> Option<Device> {
        // SAFETY: The chip is alive by the type invariants.
        let device = unsafe { bindings::diglist_tpm_owner(self.0.as_ptr()) };
        // INVARIANT: The function gives a reference with the device.
        NonNull::new(device).map(Device)
    }

    /// Its device name, such as `tpm0`.
    pub(crate) fn name(&self) -> &CStr {
        // SAFETY: The chip is alive by the type invariants, and a device keeps its name.
        unsafe { CStr::from_char_ptr(c::dev_name(self.device())) }
    }

    /// Its allocated banks, in the order in which [`Chip::extend`] passes digests.
    pub(crate) fn banks(&self) -> impl Iterator<Item = Bank> + '_ {
        let ptr = self.0.as_ptr();
        // SAFETY: The chip is alive by the type invariants. Its banks, at most `MAX_BANKS` in an
        // array of that length, are set up before it is registered.
        let banks = unsafe {
            let count = u32_as_usize(bindings::diglist_tpm_bank_count(ptr));
            core::slice::from_raw_parts(bindings::diglist_tpm_banks(ptr), count.min(MAX_BANKS))
        };
        banks.iter().map(|bank| Bank {
            algo: bank.alg_id,
            size: usize::from(bank.digest_size),
        })
    }

    fn device(&self) -> *mut c::device {
        // SAFETY: The chip is alive by the type invariants; an address in it is taken.
        unsafe { bindings::diglist_tpm_device(self.0.as_ptr()) }
    }

    /// Whether there is a bank with algorithm `algo`.
    pub(crate) fn has_bank(&self, algo: u16) -> bool {
        self.banks().any(|bank| bank.algo == algo)
    }

    /// Extends PCR `pcr` of every allocated bank by one TPM command. `digest_of` writes the digest
    /// into a zeroed buffer of the bank's size. May sleep, 5 to 60 ms on real chips.
    ///
    /// # Errors
    ///
    /// The errno of the transport, or `EIO` with a TPM response code in the kernel log.
    pub(crate) fn extend(&self, pcr: u32, mut digest_of: impl FnMut(Bank, &mut [u8])) -> Result {
        let mut digests = [const {
            bindings::tpm_digest {
                alg_id: 0,
                digest: [0; MAX_DIGEST_SIZE],
            }
        }; MAX_BANKS];
        for (bank, slot) in self.banks().zip(digests.iter_mut()) {
            let mut value = [0; MAX_DIGEST_SIZE];
            if let Some(room) = value.get_mut(..bank.size) {
                digest_of(bank, room);
            }
            slot.alg_id = bank.algo;
            slot.digest = value;
        }
        // SAFETY: The chip is alive; `digests` has an entry for each of its banks (at most
        // `MAX_BANKS`), in order.
        check(unsafe { bindings::tpm_pcr_extend(self.0.as_ptr(), pcr, digests.as_mut_ptr()) })
    }

    /// PCR `pcr` of the bank of `algo`. May sleep.
    pub(crate) fn pcr(&self, pcr: u32, algo: HashAlgo) -> Result<Digest> {
        let mut value = [0; MAX_DIGEST_SIZE];
        let value = value.get_mut(..algo.digest_size()).ok_or(EINVAL)?;
        self.read(pcr, algo.tpm_alg_id(), value)?;
        Digest::new(algo, value).map_err(|_| EINVAL)
    }

    /// Reads PCR `pcr` of the bank with algorithm `algo` into `out`. May sleep.
    pub(crate) fn read(&self, pcr: u32, algo: u16, out: &mut [u8]) -> Result {
        let mut digest = bindings::tpm_digest {
            alg_id: algo,
            digest: [0; MAX_DIGEST_SIZE],
        };
        // SAFETY: The chip is alive and `digest` is valid for writes.
        check(unsafe { bindings::tpm_pcr_read(self.0.as_ptr(), pcr, &mut digest) })?;
        let value = digest.digest;
        for (to, from) in out.iter_mut().zip(value) {
            *to = from;
        }
        Ok(())
    }
}

impl Drop for Chip {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is one reference to give back.
        unsafe { c::put_device(self.device()) };
    }
}

/// The device of a TPM. It stays when its driver is unbound and bound, which makes a new chip.
///
/// # Invariants
///
/// Owns one reference to the device, so no other device has its address.
pub(crate) struct Device(NonNull<kernel::bindings::device>);

// SAFETY: Only the address of the device and its atomic reference count are used.
unsafe impl Send for Device {}

impl PartialEq for Device {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is one reference to give back.
        unsafe { kernel::bindings::put_device(self.0.as_ptr()) };
    }
}

/// Turns an errno or a TPM response code (positive) into a result.
fn check(rc: i32) -> Result {
    if rc > 0 {
        pr_err!("the TPM answered with response code {:#x}\n", rc);
        return Err(EIO);
    }
    kernel::error::to_result(rc)
}
