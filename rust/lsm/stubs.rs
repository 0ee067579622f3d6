// SPDX-License-Identifier: GPL-2.0

//! The functions that take the place of the BPF LSM's empty ones. Each has the name and the
//! signature of its hook
//! ([`include/linux/lsm_hook_defs.h`](srctree/include/linux/lsm_hook_defs.h)), which
//! [`super::table`] compares with what the kernel declares, and only translates.
//!
//! Outside of [`enter`] nothing may sleep: unloading waits only for tasks that run and for those
//! that are in there.

mod changes;
mod loads;

pub(super) use changes::{
    file_fcntl,
    file_ioctl,
    file_ioctl as file_ioctl_compat,
    file_truncate,
    inode_removexattr,
    inode_setxattr,
    path_truncate, //
};
pub(super) use loads::{
    bpf_prog_load,
    kernel_load_data,
    kernel_post_load_data,
    kernel_post_read_file,
    kernel_read_file, //
};

use super::{
    deferred,
    handler::{
        enter,
        enter_unless_settled,
        AccessKind,
        Handler, //
    },
    probe, //
};
use crate::sys::{
    bindings,
    cred::{
        self,
        Cred,
        Ids, //
    },
    file::File,
    inode::{
        InodeKey,
        InodeRef, //
    },
    task, //
};
use digest_logic::hook::KeyEvent;
use kernel::{
    bindings as c,
    ffi,
    mm::virt::VmaRef,
    prelude::*,
    str::CStr, //
};

// CAST: Widening.
/// May be executed.
const PROT_EXEC: ffi::c_ulong = bindings::diglist_flags_DIGLIST_PROT_EXEC as ffi::c_ulong;

// CAST: Widening.
/// May be read.
const PROT_READ: ffi::c_ulong = bindings::diglist_flags_DIGLIST_PROT_READ as ffi::c_ulong;

// CAST: Widening.
/// What is stored goes to the file (`MAP_SHARED`, and also set in `MAP_SHARED_VALIDATE`).
const MAP_SHARED: ffi::c_ulong = bindings::diglist_flags_DIGLIST_MAP_SHARED as ffi::c_ulong;

fn verdict(result: Result) -> ffi::c_int {
    match result {
        Ok(()) => 0,
        Err(e) => e.to_errno(),
    }
}

/// # Safety
///
/// Called as the hook `bprm_check_security`.
pub(super) unsafe extern "C" fn bprm_check_security<H: Handler>(
    bprm: *mut c::linux_binprm,
) -> ffi::c_int {
    // SAFETY: The hook passes a program that is being executed, whose file is open.
    let file = unsafe { File::from_raw(bindings::diglist_bprm_file(bprm)) };
    enter_unless_settled(AccessKind::Exec, file, Cred::CURRENT, |h: &H| {
        verdict(h.exec(file))
    })
}

/// # Safety
///
/// Called as the hook `bprm_creds_for_exec`.
pub(super) unsafe extern "C" fn bprm_creds_for_exec<H: Handler>(
    bprm: *mut c::linux_binprm,
) -> ffi::c_int {
    // SAFETY: The hook passes a program that is being executed.
    if !unsafe { bindings::diglist_bprm_is_check(bprm) } {
        return 0;
    }
    // SAFETY: As above; its file is open.
    let file = unsafe { File::from_raw(bindings::diglist_bprm_file(bprm)) };
    enter(0, |h: &H| verdict(h.exec(file)))
}

/// # Safety
///
/// Called as the hook `bprm_creds_from_file`.
pub(super) unsafe extern "C" fn bprm_creds_from_file<H: Handler>(
    bprm: *mut c::linux_binprm,
    file: *const c::file,
) -> ffi::c_int {
    // SAFETY: The hook passes a program that is being executed, with its new credentials, and an
    // open file.
    let (cred, file) = unsafe {
        (
            Cred::from_raw(bindings::diglist_bprm_cred(bprm)),
            File::from_raw(file.cast_mut()),
        )
    };
    enter_unless_settled(AccessKind::ExecAs, file, cred, |h: &H| {
        verdict(h.exec_as(file, Ids::of(cred), cred))
    })
}

/// # Safety
///
/// Called as the hook `mmap_file`.
pub(super) unsafe extern "C" fn mmap_file<H: Handler>(
    file: *mut c::file,
    reqprot: ffi::c_ulong,
    prot: ffi::c_ulong,
    flags: ffi::c_ulong,
) -> ffi::c_int {
    if file.is_null() {
        return 0;
    }
    // SAFETY: The hook passes a file that the caller holds open, checked for anonymous mappings
    // above.
    let file = unsafe { File::from_raw(file) };
    if flags & MAP_SHARED != 0 && file.is_writable() {
        let refused = enter(0, |h: &H| verdict(h.map_shared(file)));
        if refused != 0 {
            return refused;
        }
    }
    // The kernel asks again later whether the mount is `noexec`, and a user may change that for own
    // mounts meanwhile. So where reading implies executing, the present answer in `prot` counts for
    // nothing.
    let implied =
        reqprot & (PROT_READ | PROT_EXEC) == PROT_READ && task::reading_implies_executing();
    if (prot | reqprot) & PROT_EXEC == 0 && !implied {
        return 0;
    }
    let (requested, in_force) = (reqprot & PROT_EXEC != 0, prot & PROT_EXEC != 0 || implied);
    let kind = AccessKind::Map {
        requested,
        in_force,
    };
    enter_unless_settled(kind, file, Cred::CURRENT, |h: &H| {
        verdict(h.map_exec(file, requested, in_force))
    })
}

/// # Safety
///
/// Called as the hook `mmap_backing_file`, with the address space locked for writing, after
/// `mmap_file` for `user`.
pub(super) unsafe extern "C" fn mmap_backing_file<H: Handler>(
    vma: *mut c::vm_area_struct,
    backing: *mut c::file,
    user: *mut c::file,
) -> ffi::c_int {
    // SAFETY: The hook passes a mapping that is being made, and two open files.
    let (flags, backing, user) = unsafe {
        (
            VmaRef::from_raw(vma).flags(),
            File::from_raw(backing),
            File::from_raw(user),
        )
    };
    enter(0, |h: &H| {
        if flags & c::VM_SHARED != 0 && backing.is_writable() {
            if let Err(e) = h.map_shared(backing) {
                return e.to_errno();
            }
        }
        if flags & c::VM_EXEC == 0 || !backing.is_another_content_than(user) {
            return 0;
        }
        // What was measured is not what will be executed; see `file_mprotect()` for why this waits.
        verdict(
            h.may_map_another(user, backing)
                .and_then(|token| deferred::queue::<H>(backing, token)),
        )
    })
}

/// # Safety
///
/// Called as the hook `file_mprotect`, with the address space locked for writing.
pub(super) unsafe extern "C" fn file_mprotect<H: Handler>(
    vma: *mut c::vm_area_struct,
    _reqprot: ffi::c_ulong,
    prot: ffi::c_ulong,
) -> ffi::c_int {
    if prot & PROT_EXEC == 0 {
        return 0;
    }
    // SAFETY: The hook passes a mapping that is locked.
    let (flags, file) = unsafe { (VmaRef::from_raw(vma).flags(), (*vma).vm_file) };
    if flags & c::VM_EXEC != 0 || file.is_null() {
        return 0;
    }
    // SAFETY: The mapping keeps its file open.
    let file = unsafe { File::from_raw(file) };
    // Reading a file here could deadlock: writers of files take the address space's lock while they
    // hold the file's.
    enter(0, |h: &H| {
        verdict(
            h.may_make_exec(file)
                .and_then(|token| deferred::queue::<H>(file, token)),
        )
    })
}

/// # Safety
///
/// Called as the hook `file_open`.
pub(super) unsafe extern "C" fn file_open<H: Handler>(file: *mut c::file) -> ffi::c_int {
    // SAFETY: The hook passes a file that is being opened: its path, inode and mode are there.
    let file = unsafe { File::from_raw(file) };
    if file.hide_if_unasked() || !file.is_writable() {
        return 0;
    }
    enter(0, |h: &H| {
        if file.is_direct() {
            h.writing_directly(file);
        }
        verdict(h.opening_to_write(file))
    })
}

/// # Safety
///
/// Called as the hook `file_post_open`.
pub(super) unsafe extern "C" fn file_post_open<H: Handler>(
    file: *mut c::file,
    mask: ffi::c_int,
) -> ffi::c_int {
    probe::arrived();
    // SAFETY: The hook passes a file that was just opened.
    let file = unsafe { File::from_raw(file) };
    // CAST: `mask` is a set of bits.
    let mask = mask as u32;
    if file.is_opened_to_execute() {
        enter((), |h: &H| h.opened_to_execute(file));
    }
    enter_unless_settled(AccessKind::Open(mask), file, Cred::CURRENT, |h: &H| {
        verdict(h.opened(file, mask))
    })
}

/// # Safety
///
/// Called as the hook `file_release`.
pub(super) unsafe extern "C" fn file_release<H: Handler>(file: *mut c::file) {
    // SAFETY: The hook passes a file whose last reference is being dropped, still whole.
    let file = unsafe { File::from_raw(file) };
    if !file.is_writable() {
        return;
    }
    enter((), |h: &H| {
        if h.released(file) {
            deferred::queue_left::<H>(file);
        }
    });
}

/// # Safety
///
/// Called as the hook `inode_free_security`.
pub(super) unsafe extern "C" fn inode_free_security<H: Handler>(inode: *mut c::inode) {
    enter((), |h: &H| h.inode_freed(InodeKey::from_raw(inode)));
}

/// # Safety
///
/// Called as the hook `path_post_mknod`.
pub(super) unsafe extern "C" fn path_post_mknod<H: Handler>(
    _idmap: *mut c::mnt_idmap,
    dentry: *mut c::dentry,
) {
    enter((), |h: &H| {
        // SAFETY: The hook passes a dentry that the caller holds; it may have no inode, if the file
        // system looks it up later.
        let inode = unsafe { InodeRef::upmost(dentry) };
        if let Some(inode) = inode.filter(|inode| inode.is_regular()) {
            h.created(inode);
        }
    });
}

/// # Safety
///
/// Called as the hook `inode_post_create_tmpfile`.
pub(super) unsafe extern "C" fn inode_post_create_tmpfile<H: Handler>(
    _idmap: *mut c::mnt_idmap,
    inode: *mut c::inode,
) {
    enter((), |h: &H| {
        // overlayfs makes such files for a copy-up, which brings the content of another file, with
        // the credentials of the mount.
        if cred::has_own_cred() {
            // SAFETY: The hook passes an inode that the caller holds.
            h.created(unsafe { InodeRef::of_unnamed(inode) });
        }
    });
}

/// # Safety
///
/// Called as the hook `key_post_create_or_update`.
pub(super) unsafe extern "C" fn key_post_create_or_update<H: Handler>(
    keyring: *mut c::key,
    key: *mut c::key,
    payload: *const ffi::c_void,
    payload_len: usize,
    _flags: ffi::c_ulong,
    _create: bool,
) {
    // SAFETY: The hook passes a key and the keyring it is in, both alive. The description of a
    // keyring is null or NUL-terminated, and lives as long as it.
    let (name, is_asymmetric) = unsafe {
        let name = bindings::diglist_key_description(keyring);
        (
            (!name.is_null()).then(|| CStr::from_char_ptr(name).to_bytes()),
            bindings::diglist_key_is_asymmetric(key),
        )
    };
    match KeyEvent::new(name, is_asymmetric) {
        KeyEvent::Blacklisted => enter((), |h: &H| h.blacklisted()),
        KeyEvent::Added(name) if !payload.is_null() => {
            // SAFETY: The payload has `payload_len` bytes and was checked for null.
            let payload = unsafe { core::slice::from_raw_parts(payload.cast::<u8>(), payload_len) };
            enter((), |h: &H| h.key_added(name, payload));
        }
        KeyEvent::Added(_) | KeyEvent::Other => (),
    }
}
