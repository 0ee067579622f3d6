// SPDX-License-Identifier: GPL-2.0

//! The module itself and the kernel that it runs in.

use super::bindings;
use kernel::{
    prelude::*,
    str::CStr, //
};

/// Keeps `module` loaded for good: its reference count never reaches zero again.
pub(crate) fn pin(module: &'static ThisModule) {
    // SAFETY: The module is loaded, since this is its code, and its `init` is running or has run.
    unsafe { bindings::diglist_module_pin(module.as_ptr()) };
}

/// The module parameter `ima_policy`, empty where it was not given.
pub(crate) fn ima_policy() -> &'static CStr {
    // SAFETY: The parameter is a NUL-terminated string, written only while the module is being loaded (its
    // permissions in sysfs are read-only) and freed only after the module's exit function.
    unsafe { CStr::from_char_ptr(bindings::diglist_param_ima_policy()) }
}

/// The module parameter `ima_appraise`.
pub(crate) fn ima_appraise() -> &'static CStr {
    // SAFETY: As for `ima_policy()`.
    unsafe { CStr::from_char_ptr(bindings::diglist_param_ima_appraise()) }
}

/// The module parameter `evm_xattrs`.
pub(crate) fn evm_xattrs() -> &'static CStr {
    // SAFETY: As for `ima_policy()`.
    unsafe { CStr::from_char_ptr(bindings::diglist_param_evm_xattrs()) }
}

/// The module parameter `attach`.
pub(crate) fn attach() -> &'static CStr {
    // SAFETY: As for `ima_policy()`.
    unsafe { CStr::from_char_ptr(bindings::diglist_param_attach()) }
}

/// The module parameter `validity`.
pub(crate) fn validity() -> &'static CStr {
    // SAFETY: As for `ima_policy()`.
    unsafe { CStr::from_char_ptr(bindings::diglist_param_validity()) }
}

/// The module parameter `force`, which may change at any time.
pub(crate) fn force() -> bool {
    // SAFETY: Callable in any context.
    unsafe { bindings::diglist_param_force() }
}

/// The kernel's release, as `uname -r` prints it.
pub(crate) fn kernel_release() -> &'static CStr {
    // SAFETY: The release of the initial UTS namespace is a NUL-terminated string that never changes.
    unsafe { CStr::from_char_ptr(bindings::diglist_kernel_release()) }
}

/// Monotonic time in nanoseconds.
pub(crate) fn now_ns() -> u64 {
    // SAFETY: Callable in any context.
    unsafe { bindings::diglist_now_ns() }
}
