// SPDX-License-Identifier: GPL-2.0

//! Which hooks are served, in what order and how they are attached.
//!
//! C header: [`include/linux/bpf_lsm.h`](srctree/include/linux/bpf_lsm.h), which declares the BPF
//! LSM's empty function for every hook. A kernel whose hook is gone or has other arguments fails to
//! build with this table.

use super::{
    handler::Handler,
    stubs, //
};
use crate::sys::bindings;
use core::marker::PhantomData;
use kernel::{
    c_str,
    prelude::*,
    str::CStr, //
};

/// How often a hook is passed, and by whom.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// With every access or file. Others rarely use it.
    Often,
    /// With every access; service managers or security agents attach BPF programs to it.
    OftenBesideOthers,
    /// A few more instructions do not count here.
    Seldom,
}

/// One hook that is served.
///
/// # Invariants
///
/// `function` is the address of a function with the signature of the function called `stub`. It may
/// be called wherever that is, as long as a handler of the type that it was made for is in service.
#[derive(Clone, Copy)]
pub(super) struct Hook {
    /// The empty function of the BPF LSM.
    pub(super) stub: &'static CStr,
    /// What takes its place.
    function: *const (),
    pub(super) passed: Passed,
}

impl Hook {
    /// The name of the hook.
    pub(super) fn name(&self) -> &'static str {
        let stub = self.stub.to_str().unwrap_or("?");
        stub.strip_prefix("bpf_lsm_").unwrap_or(stub)
    }

    /// Says in the kernel log why it cannot be attached.
    pub(super) fn complain(&self, error: Error) {
        pr_err!("cannot attach to {} ({})\n", self.name(), error.to_errno());
    }

    /// The address of what takes the stub's place.
    pub(super) fn address(&self) -> usize {
        // CAST: Function pointers have the size of `usize`.
        self.function as usize
    }
}

/// The hooks with the functions that call an `H`.
pub(super) struct Hooks<H>(PhantomData<H>);

/// Makes [`Hooks::ALL`] from the names of hooks.
macro_rules! hooks {
    ($($name:ident: $passed:ident,)*) => {
        impl<H: Handler> Hooks<H> {
            /// All hooks, in the order in which they are attached.
            pub(super) const ALL: &'static [Hook] = kernel::macros::paste! {
                &[$({
                    // Two functions make an array only if they have one type. Never called, since
                    // the kernel's function is not exported to modules.
                    let _ = || [bindings::[<bpf_lsm_ $name>], stubs::$name::<H>];
                    // INVARIANT: The types were compared just above. The functions of `stubs` say
                    // that they may be called as the hook whose name they have.
                    Hook {
                        stub: c_str!(concat!("bpf_lsm_", stringify!($name))),
                        // CAST: An address, of which ftrace makes a function again.
                        function: stubs::$name::<H> as *const (),
                        passed: Passed::$passed,
                    }
                }),*]
            };
        }
    };
}

// The order counts for the first and the last. While any other is attached, no inode is freed
// unseen. Attachment is tested by the last (`probe`), so that all are there when it succeeds.
// Those that are passed seldom stand together: they are attached together.
hooks! {
    inode_free_security: Often,
    bprm_check_security: OftenBesideOthers,
    bprm_creds_for_exec: OftenBesideOthers,
    bprm_creds_from_file: OftenBesideOthers,
    mmap_backing_file: Seldom,
    kernel_read_file: Seldom,
    kernel_post_read_file: Seldom,
    kernel_load_data: Seldom,
    kernel_post_load_data: Seldom,
    bpf_prog_load: Seldom,
    path_truncate: Seldom,
    file_truncate: Seldom,
    file_fcntl: Seldom,
    file_ioctl_compat: Seldom,
    path_post_mknod: Seldom,
    inode_post_create_tmpfile: Seldom,
    inode_setxattr: Seldom,
    inode_removexattr: Seldom,
    key_post_create_or_update: Seldom,
    mmap_file: OftenBesideOthers,
    file_mprotect: OftenBesideOthers,
    file_open: OftenBesideOthers,
    file_ioctl: Often,
    file_release: Often,
    file_post_open: Often,
}
