// SPDX-License-Identifier: GPL-2.0

//! The items of a file, one by one, for seq_file.

use super::node::Node;
use crate::sys::seq_file::SeqOut;
use core::marker::PhantomData;
use kernel::{
    bindings as c,
    error::from_err_ptr,
    ffi,
    prelude::*, //
};

/// The sequence operations of a node's file.
pub(super) struct SeqOps<T>(PhantomData<T>);

impl<T: Node> SeqOps<T> {
    /// What seq_file is given.
    pub(super) const VTABLE: c::seq_operations = c::seq_operations {
        start: Some(start::<T>),
        stop: Some(stop::<T>),
        next: Some(next::<T>),
        show: Some(show::<T>),
    };
}

/// The node behind a sequence file.
///
/// # Safety
///
/// `seq` belongs to an open file made by [`super::Dir::add`] with a `T`.
pub(super) unsafe fn node<'a, T: Node>(seq: *mut c::seq_file) -> &'a T {
    // SAFETY: `open()` has put the pointer there, and the open file keeps the node alive.
    unsafe { &*(*seq).private.cast::<T>() }
}

/// The item at `pos` in a leaked box; null after the last; or an error pointer.
fn item_at<T: Node>(node: &T, pos: i64) -> *mut ffi::c_void {
    let Some(item) = usize::try_from(pos).ok().and_then(|i| node.item(i)) else {
        return core::ptr::null_mut();
    };
    match KBox::new(item, GFP_KERNEL) {
        Ok(boxed) => KBox::into_raw(boxed).cast(),
        Err(_) => ENOMEM.to_ptr(),
    }
}

/// Frees an item from [`item_at`].
///
/// # Safety
///
/// `v` came from [`item_at`] with the same `T` and was not taken back yet.
unsafe fn take_back<T: Node>(v: *mut ffi::c_void) {
    if !v.is_null() && from_err_ptr(v).is_ok() {
        // SAFETY: `v` is neither null nor an error, so it is a box. By the requirement on the
        // caller it is ours.
        drop(unsafe { KBox::from_raw(v.cast::<T::Item>()) });
    }
}

/// # Safety
///
/// Called by seq_file.
unsafe extern "C" fn start<T: Node>(
    seq: *mut c::seq_file,
    pos: *mut c::loff_t,
) -> *mut ffi::c_void {
    // SAFETY: seq_file passes its own file and a valid position.
    unsafe { item_at(node::<T>(seq), *pos) }
}

/// # Safety
///
/// Called by seq_file with what `start` or `next` returned.
unsafe extern "C" fn next<T: Node>(
    seq: *mut c::seq_file,
    v: *mut ffi::c_void,
    pos: *mut c::loff_t,
) -> *mut ffi::c_void {
    // SAFETY: `v` came from `start()` or `next()`; seq_file passes its own file and a valid
    // position.
    unsafe {
        take_back::<T>(v);
        *pos = (*pos).wrapping_add(1);
        item_at(node::<T>(seq), *pos)
    }
}

/// # Safety
///
/// Called by seq_file with what `start` or `next` returned last.
unsafe extern "C" fn stop<T: Node>(_seq: *mut c::seq_file, v: *mut ffi::c_void) {
    // SAFETY: `v` came from `start()` or `next()`.
    unsafe { take_back::<T>(v) };
}

/// # Safety
///
/// Called by seq_file with what `start` or `next` returned.
unsafe extern "C" fn show<T: Node>(seq: *mut c::seq_file, v: *mut ffi::c_void) -> ffi::c_int {
    // SAFETY: `v` is a boxed item, since seq_file shows neither null nor error pointers.
    unsafe { node::<T>(seq).show(&*v.cast::<T::Item>(), SeqOut::from_raw(seq)) };
    0
}
