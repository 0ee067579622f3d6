// SPDX-License-Identifier: GPL-2.0

//! What the kernel crate of the newest kernel has and that of an older one lacks. All that differs
//! between kernels, seen from Rust, is here.
//!
//! Kbuild sets `before_linux_7_3`, by the version of the kernel that is built for. Nothing else in
//! the module asks for a version.

#[cfg(before_linux_7_3)]
mod linux_7_2;

#[cfg(before_linux_7_3)]
pub(crate) use linux_7_2::*;

#[cfg(not(before_linux_7_3))]
mod newest {
    use kernel::{
        alloc::Flags,
        prelude::*, //
    };

    pub(crate) use kernel::{
        bindings::kvfree_rcu_head as KvfreeRcuHead,
        error::code::{
            EBADMSG,
            EKEYEXPIRED,
            EKEYREJECTED,
            EKEYREVOKED,
            ENODATA,
            ENOKEY,
            ENOPKG,
            ENOSYS,
            EOPNOTSUPP, //
        },
        sync::{
            barrier::{
                smp_mb,
                Full,
                Read,
                Write, //
            },
            rcu::synchronize_rcu,
            Srcu, //
        },
    };

    /// Initializes an [`Srcu`]. May sleep.
    pub(crate) fn new_srcu() -> impl PinInit<Srcu, Error> {
        kernel::new_srcu!("digest_lists")
    }

    /// `len` bytes, all zero. Sleeps as `flags` say.
    pub(crate) fn kvec_zeroed(len: usize, flags: Flags) -> Result<KVec<u8>> {
        Ok(KVec::zeroed(len, flags)?)
    }

    /// As [`kvec_zeroed`], also for many.
    pub(crate) fn kvvec_zeroed(len: usize, flags: Flags) -> Result<KVVec<u8>> {
        Ok(KVVec::zeroed(len, flags)?)
    }
}

#[cfg(not(before_linux_7_3))]
pub(crate) use newest::*;
