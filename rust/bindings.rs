// SPDX-License-Identifier: GPL-2.0

//! Bindings of what the kernel crate does not bind, made by bindgen from `bindings_helper.h`.

#![allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    improper_ctypes,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    dead_code,
    unused_imports
)]

include!(env!("DIGEST_LISTS_BINDINGS"));
