// SPDX-License-Identifier: GPL-2.0

//! The hooks of what the kernel reads, or is given, for itself.

use super::{
    super::handler::{
        enter,
        Handler,
        KernelRead,
        Loaded, //
    },
    verdict, //
};
use crate::sys::{
    bindings,
    file::File, //
};
use kernel::{
    bindings as c,
    ffi,
    prelude::*,
    str::CStr, //
};

fn kind_of_read(id: c::kernel_read_file_id) -> KernelRead {
    match id {
        c::kernel_read_file_id_READING_FIRMWARE => KernelRead::Firmware,
        c::kernel_read_file_id_READING_MODULE => KernelRead::Module,
        c::kernel_read_file_id_READING_MODULE_COMPRESSED => KernelRead::CompressedModule,
        c::kernel_read_file_id_READING_KEXEC_IMAGE => KernelRead::KexecKernel,
        c::kernel_read_file_id_READING_KEXEC_INITRAMFS => KernelRead::KexecInitramfs,
        c::kernel_read_file_id_READING_POLICY => KernelRead::Policy,
        _ => KernelRead::Other,
    }
}

/// # Safety
///
/// Called as the hook `kernel_read_file`.
pub(in crate::sys::lsm) unsafe extern "C" fn kernel_read_file<H: Handler>(
    file: *mut c::file,
    id: c::kernel_read_file_id,
    contents: bool,
) -> ffi::c_int {
    enter((), |h: &H| h.kernel_read_begins());
    // The whole content will come by `kernel_post_read_file()`.
    if contents || file.is_null() {
        return 0;
    }
    // SAFETY: The hook passes an open file, checked for null above.
    let file = unsafe { File::from_raw(file) };
    enter(0, |h: &H| {
        verdict(h.kernel_read(file, None, kind_of_read(id)))
    })
}

/// # Safety
///
/// Called as the hook `kernel_post_read_file`.
pub(in crate::sys::lsm) unsafe extern "C" fn kernel_post_read_file<H: Handler>(
    file: *mut c::file,
    buf: *mut ffi::c_char,
    size: c::loff_t,
    id: c::kernel_read_file_id,
) -> ffi::c_int {
    let (Ok(size), false) = (usize::try_from(size), buf.is_null() || file.is_null()) else {
        return 0;
    };
    // SAFETY: The hook passes an open file, checked for null, and the `size` bytes that were read
    // from it. Until `kernel_read_file()`, which calls the hook, returns, nobody writes to them: it
    // has either allocated the buffer, or been given it by its caller, who waits for the result
    // before a device or another task gets to see it.
    let (file, content) = unsafe {
        (
            File::from_raw(file),
            core::slice::from_raw_parts(buf.cast::<u8>(), size),
        )
    };
    let what = kind_of_read(id);
    enter(0, |h: &H| verdict(h.kernel_read(file, Some(content), what)))
}

fn kind_of_load(id: c::kernel_load_data_id) -> KernelRead {
    match id {
        c::kernel_load_data_id_LOADING_FIRMWARE => KernelRead::Firmware,
        c::kernel_load_data_id_LOADING_MODULE => KernelRead::Module,
        c::kernel_load_data_id_LOADING_KEXEC_IMAGE => KernelRead::KexecKernel,
        c::kernel_load_data_id_LOADING_KEXEC_INITRAMFS => KernelRead::KexecInitramfs,
        c::kernel_load_data_id_LOADING_POLICY => KernelRead::Policy,
        _ => KernelRead::Other,
    }
}

/// # Safety
///
/// Called as the hook `kernel_load_data`.
pub(in crate::sys::lsm) unsafe extern "C" fn kernel_load_data<H: Handler>(
    id: c::kernel_load_data_id,
    contents: bool,
) -> ffi::c_int {
    enter(0, |h: &H| {
        verdict(h.kernel_load(kind_of_load(id), !contents))
    })
}

/// # Safety
///
/// Called as the hook `kernel_post_load_data`.
pub(in crate::sys::lsm) unsafe extern "C" fn kernel_post_load_data<H: Handler>(
    buf: *mut ffi::c_char,
    size: c::loff_t,
    id: c::kernel_load_data_id,
    description: *mut ffi::c_char,
) -> ffi::c_int {
    let Ok(size) = usize::try_from(size) else {
        return 0;
    };
    let content: &[u8] = if buf.is_null() {
        &[]
    } else {
        // SAFETY: The hook passes `size` bytes. They lie in a buffer of the kernel that only the
        // caller knows; firmware written to sysfs is complete, and the caller holds the lock that
        // writers take.
        unsafe { core::slice::from_raw_parts(buf.cast::<u8>(), size) }
    };
    let way = if description.is_null() {
        c""
    } else {
        // SAFETY: The hook passes a NUL-terminated constant.
        unsafe { CStr::from_char_ptr(description) }
    };
    let what = kind_of_load(id);
    enter(0, |h: &H| {
        verdict(h.kernel_loaded(Loaded { what, content, way }))
    })
}

/// # Safety
///
/// Called as the hook `bpf_prog_load`.
pub(in crate::sys::lsm) unsafe extern "C" fn bpf_prog_load<H: Handler>(
    _prog: *mut c::bpf_prog,
    attr: *mut c::bpf_attr,
    _token: *mut c::bpf_token,
    _kernel: bool,
) -> ffi::c_int {
    // SAFETY: The hook passes a copy of what user space asked for.
    if !unsafe { bindings::diglist_bpf_gives_results(attr) } {
        return 0;
    }
    enter(0, |h: &H| verdict(h.bpf_gives_results()))
}
