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
