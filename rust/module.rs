// SPDX-License-Identifier: GPL-2.0

//! The module itself and the kernel that it runs in.

use super::{
    bindings,
    task, //
};
use core::ptr;
use kernel::{
    prelude::*,
    str::CStr, //
};

/// Keeps `module` loaded until reboot: its reference count never reaches zero again.
pub(crate) fn pin(module: &'static ThisModule) {
    // SAFETY: The module is loaded, since this is its code, and its `init` is running or has run.
    unsafe { kernel::bindings::__module_get(module.as_ptr()) };
}

/// Keeps `module` as it was before delete_module(2) called its exit function, which may be by force
/// (`O_TRUNC`) in spite of [`pin`]. The task that asked for it sleeps for ever. Call it from the
/// exit function, before anything is torn down.
pub(crate) fn refuse_unload(module: &'static ThisModule) -> ! {
    // SAFETY: The module stays, since its exit function does not return. delete_module(2) was the
    // last to change the state, and does nothing until then. The kernel gave the reference back.
    unsafe {
        ptr::write_volatile(
            &raw mut (*module.as_ptr()).state,
            kernel::bindings::module_state_MODULE_STATE_LIVE,
        );
    }
    task::sleep_forever()
}

/// A type of module parameters: an enum that has those of one type, numbered as in C, and reads
/// their values.
macro_rules! parameters {
    ($type:ident, $value:ty, $read:expr, $($parameter:ident = $number:ident,)+) => {
        // CAST: Numbers of one digit.
        #[derive(Clone, Copy)]
        pub(crate) enum $type {
            $(
                #[doc = concat!("`", stringify!($number), "`.")]
                $parameter = bindings::$number as isize,
            )+
        }

        impl $type {
            /// The value given, or the default.
            pub(crate) fn get(self) -> $value {
                let read: fn(u32) -> $value = $read;
                // CAST: The numbers are C's own.
                read(self as u32)
            }
        }
    };
}

parameters!(
    Text,
    &'static CStr,
    // SAFETY: The parameter is a NUL-terminated string, written only while the module is being
    // loaded (its permissions in sysfs are read-only) and freed only after the module's exit
    // function.
    |text| unsafe { CStr::from_char_ptr(bindings::diglist_param_text(text)) },
    ImaPolicy = diglist_text_DIGLIST_IMA_POLICY,
    ImaAppraise = diglist_text_DIGLIST_IMA_APPRAISE,
    EvmXattrs = diglist_text_DIGLIST_EVM_XATTRS,
    Attach = diglist_text_DIGLIST_ATTACH,
    Validity = diglist_text_DIGLIST_VALIDITY,
    OwnStorage = diglist_text_DIGLIST_OWN_STORAGE,
);

impl Text {
    /// What the value stands for among `words`. `name` is that of the parameter, and `expected`
    /// lists the words, for the kernel log.
    ///
    /// # Errors
    ///
    /// `EINVAL` for another word, with the reason in the kernel log.
    pub(crate) fn choose<T: Copy>(
        self,
        name: &str,
        words: &[(&str, T)],
        expected: &str,
    ) -> Result<T> {
        let given = self.get().to_str().unwrap_or("?");
        let found = words.iter().find(|(word, _)| *word == given);
        found.map(|(_, chosen)| *chosen).ok_or_else(|| {
            pr_err!("{}={}: expected {}\n", name, given, expected);
            EINVAL
        })
    }
}

parameters!(
    Number,
    u32,
    // SAFETY: The parameter is written only while the module is being loaded: its permissions in
    // sysfs are read-only.
    |number| unsafe { bindings::diglist_param_number(number) },
    Pcr = diglist_number_DIGLIST_PCR,
    MaxListSize = diglist_number_DIGLIST_MAX_LIST_SIZE,
    CheckpointInterval = diglist_number_DIGLIST_CHECKPOINT_INTERVAL,
);

parameters!(
    Switch,
    bool,
    // SAFETY: As for numbers.
    |switch| unsafe { bindings::diglist_param_switch(switch) },
    TpmRequired = diglist_switch_DIGLIST_TPM_REQUIRED,
    Batch = diglist_switch_DIGLIST_BATCH,
    PolicyLock = diglist_switch_DIGLIST_POLICY_LOCK,
    RequireSignature = diglist_switch_DIGLIST_REQUIRE_SIGNATURE,
    TrustMachineKeyring = diglist_switch_DIGLIST_TRUST_MACHINE_KEYRING,
    DedicatedKeys = diglist_switch_DIGLIST_DEDICATED_KEYS,
    AllowUnload = diglist_switch_DIGLIST_ALLOW_UNLOAD,
);

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
