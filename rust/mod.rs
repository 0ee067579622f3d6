// SPDX-License-Identifier: GPL-2.0

//! What the kernel crate lacks: one file per kernel facility, each a safe type in the style of
//! `rust/kernel`. All `unsafe` code and all bindings of the module are here. Nothing here knows of
//! digest lists.

pub(crate) mod atomic;
pub(crate) mod audit;
mod bindings;
pub(crate) mod bytes;
pub(crate) mod clock;
pub(crate) mod console;
pub(crate) mod cred;
pub(crate) mod delayed_work;
pub(crate) mod exec_files;
pub(crate) mod file;
pub(crate) mod inode;
pub(crate) mod inode_map;
pub(crate) mod kernel_crate;
pub(crate) mod key;
pub(crate) mod label;
pub(crate) mod lsm;
pub(crate) mod module;
mod page_cache;
pub(crate) mod pages;
pub(crate) mod path;
pub(crate) mod random;
pub(crate) mod rcu_cell;
pub(crate) mod reboot;
pub(crate) mod securityfs;
pub(crate) mod seq_file;
pub(crate) mod sha;
pub(crate) mod shrinker;
pub(crate) mod storage;
pub(crate) mod task;
pub(crate) mod text;
pub(crate) mod tpm;
pub(crate) mod witness;
pub(crate) mod x509;
