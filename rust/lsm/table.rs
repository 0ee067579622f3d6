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
    str::CStr, //
};

/// Whether others are expected at a hook.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Neighbours {
    /// Service managers or security agents attach BPF programs to it.
    Expected,
    /// It is passed often, and rarely used by others.
    Rare,
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
    pub(super) neighbours: Neighbours,
}

impl Hook {
    /// The name of the hook.
    pub(super) fn name(&self) -> &'static str {
        let stub = self.stub.to_str().unwrap_or("?");
        stub.strip_prefix("bpf_lsm_").unwrap_or(stub)
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
    ($($name:ident: $neighbours:ident,)*) => {
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
                        neighbours: Neighbours::$neighbours,
                    }
                }),*]
            };
        }
    };
}

// The order counts for the first and the last. While any other is attached, no inode is freed
// unseen. Attachment is tested by the last (`probe`), so that all are there when it succeeds.
hooks! {
    inode_free_security: Rare,
    bprm_check_security: Expected,
    bprm_creds_for_exec: Rare,
    bprm_creds_from_file: Rare,
    mmap_file: Expected,
    mmap_backing_file: Rare,
    file_mprotect: Expected,
    file_open: Expected,
    file_release: Rare,
    kernel_read_file: Rare,
    kernel_post_read_file: Rare,
    kernel_load_data: Rare,
    kernel_post_load_data: Rare,
    bpf_prog_load: Rare,
    path_truncate: Expected,
    file_truncate: Rare,
    file_fcntl: Rare,
    path_post_mknod: Rare,
    inode_post_create_tmpfile: Rare,
    inode_setxattr: Rare,
    inode_removexattr: Rare,
    key_post_create_or_update: Rare,
    file_post_open: Rare,
}
