// SPDX-License-Identifier: GPL-2.0

//! The module itself and the kernel that it runs in.

use super::bindings;
use kernel::{
    prelude::*,
    str::CStr, //
};

/// Keeps `module` loaded until reboot: its reference count never reaches zero again.
pub(crate) fn pin(module: &'static ThisModule) {
    // SAFETY: The module is loaded, since this is its code, and its `init` is running or has run.
    unsafe { kernel::bindings::__module_get(module.as_ptr()) };
}

// CAST: Numbers of one digit.
#[derive(Clone, Copy)]
pub(crate) enum Text {
    /// `ima_policy`.
    ImaPolicy = bindings::diglist_text_DIGLIST_IMA_POLICY as isize,
    /// `ima_appraise`.
    ImaAppraise = bindings::diglist_text_DIGLIST_IMA_APPRAISE as isize,
    /// `evm_xattrs`.
    EvmXattrs = bindings::diglist_text_DIGLIST_EVM_XATTRS as isize,
    /// `attach`.
    Attach = bindings::diglist_text_DIGLIST_ATTACH as isize,
    /// `validity`.
    Validity = bindings::diglist_text_DIGLIST_VALIDITY as isize,
    /// `own_storage`.
    OwnStorage = bindings::diglist_text_DIGLIST_OWN_STORAGE as isize,
}

impl Text {
    /// The value given, or the default.
    pub(crate) fn get(self) -> &'static CStr {
        // SAFETY: The parameter is a NUL-terminated string, written only while the module is being
        // loaded (its permissions in sysfs are read-only) and freed only after the module's exit
        // function. CAST: The numbers are C's own.
        unsafe { CStr::from_char_ptr(bindings::diglist_param_text(self as u32)) }
    }
}

// CAST: Numbers of one digit.
#[derive(Clone, Copy)]
pub(crate) enum Number {
    /// `pcr`.
    Pcr = bindings::diglist_number_DIGLIST_PCR as isize,
    /// `max_list_size`.
    MaxListSize = bindings::diglist_number_DIGLIST_MAX_LIST_SIZE as isize,
    /// `checkpoint_interval`.
    CheckpointInterval = bindings::diglist_number_DIGLIST_CHECKPOINT_INTERVAL as isize,
}

impl Number {
    /// The value given, or the default.
    pub(crate) fn get(self) -> u32 {
        // SAFETY: The parameter is written only while the module is being loaded: its permissions
        // in sysfs are read-only. CAST: The numbers are C's own.
        unsafe { bindings::diglist_param_number(self as u32) }
    }
}

// CAST: Numbers of one digit.
#[derive(Clone, Copy)]
pub(crate) enum Switch {
    /// `tpm_required`.
    TpmRequired = bindings::diglist_switch_DIGLIST_TPM_REQUIRED as isize,
    /// `batch`.
    Batch = bindings::diglist_switch_DIGLIST_BATCH as isize,
    /// `policy_lock`.
    PolicyLock = bindings::diglist_switch_DIGLIST_POLICY_LOCK as isize,
    /// `require_signature`.
    RequireSignature = bindings::diglist_switch_DIGLIST_REQUIRE_SIGNATURE as isize,
    /// `trust_machine_keyring`.
    TrustMachineKeyring = bindings::diglist_switch_DIGLIST_TRUST_MACHINE_KEYRING as isize,
    /// `dedicated_keys`.
    DedicatedKeys = bindings::diglist_switch_DIGLIST_DEDICATED_KEYS as isize,
    /// `allow_unload`.
    AllowUnload = bindings::diglist_switch_DIGLIST_ALLOW_UNLOAD as isize,
}

impl Switch {
    /// The value given, or the default.
    pub(crate) fn get(self) -> bool {
        // SAFETY: As for numbers. CAST: The numbers are C's own.
        unsafe { bindings::diglist_param_switch(self as u32) }
    }
}

/// The module parameter `max_digest_memory`, in bytes.
pub(crate) fn max_digest_memory() -> u64 {
    // SAFETY: As for numbers.
    unsafe { bindings::diglist_param_max_digest_memory() }
}

/// The module parameter `force`, which may change at any time.
pub(crate) fn force() -> bool {
    // SAFETY: Callable in any context.
    unsafe { bindings::diglist_param_force() }
}

/// The kernel's release, as `uname -r` prints it.
pub(crate) fn kernel_release() -> &'static CStr {
    // SAFETY: The release of the initial UTS namespace is a NUL-terminated string that never
    // changes.
    unsafe { CStr::from_char_ptr(bindings::diglist_kernel_release()) }
}

/// Monotonic time in nanoseconds.
pub(crate) fn now_ns() -> u64 {
    // SAFETY: Callable in any context.
    let now = unsafe { kernel::bindings::ktime_get() };
    // CAST: Never negative.
    now as u64
}
