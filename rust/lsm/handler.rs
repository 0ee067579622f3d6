// SPDX-License-Identifier: GPL-2.0

//! What the hooks ask, and of whom.

use crate::sys::{
    file::File,
    inode::InodeKey,
    path::{
        Dentry,
        Path, //
    },
    task::Ids,
    witness::Cred, //
};
use core::{
    ptr,
    sync::atomic::{
        AtomicPtr,
        Ordering, //
    },
};
use kernel::{
    ffi, new_srcu,
    prelude::*,
    str::CStr,
    sync::{
        Arc,
        Srcu, //
    },
};

/// What is being read into the kernel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum KernelRead {
    /// Firmware of a device.
    Firmware,
    /// A kernel module.
    Module,
    /// A kernel module before it is decompressed.
    CompressedModule,
    /// A kernel image for kexec.
    KexecKernel,
    /// An initial RAM disk for kexec.
    KexecInitramfs,
    /// A policy of IMA.
    Policy,
    /// Anything else, such as a certificate.
    Other,
}

/// A hook with the part of its arguments that matters, for [`Handler::is_settled`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    /// `bprm_check_security`
    Exec,
    /// `bprm_creds_from_file`
    ExecAs,
    /// `mmap_file`
    Map {
        /// Executable as asked for.
        requested: bool,
        /// Executable in fact.
        in_force: bool,
    },
    /// `file_post_open`, with the accesses, of `MAY_*`.
    Open(u32),
}

/// How an access is to be answered. All functions but [`Handler::inode_freed`] may sleep.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Whether nothing need be done for this access: none of the functions below is called then. Called without the
    /// protection that lets those sleep: must not sleep.
    fn is_settled(&self, hook: Hook, file: &File, cred: Cred) -> bool;

    /// A program is about to be executed (`bprm_check_security`), once per interpreter as well; or an interpreter asks
    /// whether it may run a script (`AT_EXECVE_CHECK`, `bprm_creds_for_exec`).
    fn exec(&self, file: &File) -> Result;

    /// A program is about to be executed and will run with the ids `ids` in `cred` (`bprm_creds_from_file`).
    fn exec_as(&self, file: &File, ids: Ids, cred: Cred) -> Result;

    /// A file is about to be mapped (`mmap_file`), executable as asked for (`requested`), in fact (`in_force`), or both.
    fn map_exec(&self, file: &File, requested: bool, in_force: bool) -> Result;

    /// A file that is open for writing is about to be mapped shared (`mmap_file`), so that it can be written through the
    /// mapping now or later.
    fn map_shared(&self, file: &File);

    /// A stacked file system is about to map, for execution, another content than what a read of `file` gives
    /// (`mmap_backing_file`), with the address space locked for writing: the file must not be read.
    fn may_map_another(&self, file: &File) -> Result;

    /// A mapping of `file` is about to become executable (`file_mprotect`), with the address space locked for writing:
    /// the file must not be read.
    fn may_make_exec(&self, file: &File) -> Result;

    /// A mapping of `file` became executable (`file_mprotect`, `mmap_backing_file`). Called before the task that asked for it
    /// returns to user space; it is too late to refuse. The task may be being killed, while others live on that share its
    /// address space.
    fn mapping_made_exec(&self, file: &File);

    /// A file was opened with the accesses `mask`, of `MAY_*` (`file_post_open`).
    fn opened(&self, file: &File, mask: u32) -> Result;

    /// A file is about to be cut or extended by its path (`path_truncate`).
    fn truncated(&self, path: &Path) -> Result;

    /// A regular file was made other than by opening it (`path_post_mknod`, `inode_post_create_tmpfile`).
    fn created(&self, key: InodeKey);

    /// The extended attribute `name` of a file is about to be set or removed (`inode_setxattr`, `inode_removexattr`), with the
    /// inode locked.
    fn xattr_changed(&self, dentry: &Dentry, name: &CStr) -> Result;

    /// The kernel is about to use bytes that come from no file (`kernel_load_data`).
    fn kernel_load(&self, what: KernelRead) -> Result;

    /// The last reference to a file open for writing is going (`file_release`). It still counts as a writer.
    fn released(&self, file: &File);

    /// An inode is being freed; nobody has it open any more (`inode_free_security`). Must not sleep.
    fn inode_freed(&self, key: InodeKey);

    /// The kernel is about to read parts of `file` (`kernel_read_file`), or has read all of it, and `content` is what
    /// it will use (`kernel_post_read_file`).
    fn kernel_read(&self, file: &File, content: Option<&[u8]>, what: KernelRead) -> Result;

    /// The kernel is about to read a file; [`Handler::kernel_read`] will follow, by the same task.
    fn kernel_read_begins(&self);

    /// A hash or a certificate was added to the kernel's blacklist keyring.
    fn blacklisted(&self);

    /// An asymmetric key was added to, or updated in, the keyring `keyring`; `payload` is what it was made from
    /// (`key_post_create_or_update`).
    fn key_added(&self, keyring: &[u8], payload: &[u8]);
}

/// A handler in service.
#[pin_data]
pub(super) struct Active<H> {
    handler: Arc<H>,
    /// Held by every hook while it is inside the handler.
    #[pin]
    running: Srcu,
}

/// The [`Active`] that the functions of [`super::stubs`] call, or null.
static ACTIVE: AtomicPtr<ffi::c_void> = AtomicPtr::new(ptr::null_mut());

/// Calls `f` with the handler in service, if there is one.
pub(super) fn enter<H: Handler, R>(idle: R, f: impl FnOnce(&H) -> R) -> R {
    let active = ACTIVE.load(Ordering::Acquire).cast::<Active<H>>();
    // SAFETY: The functions of `stubs` are attached only while `ACTIVE` holds an `Active` of the same `H`, and
    // `Registration` frees that only when no task is in here: a task that has not reached `read_lock()` has not slept,
    // so `synchronize_rcu_tasks()` waits for it; one that has is waited for by `synchronize_srcu()`.
    let Some(active) = (unsafe { active.as_ref() }) else {
        return idle;
    };
    let _running = active.running.read_lock();
    f(&active.handler)
}

/// As [`enter`], unless the handler says that nothing need be done.
pub(super) fn enter_unless_settled<H: Handler>(
    hook: Hook,
    file: &File,
    cred: Cred,
    f: impl FnOnce(&H) -> ffi::c_int,
) -> ffi::c_int {
    let active = ACTIVE.load(Ordering::Acquire).cast::<Active<H>>();
    // SAFETY: As in `enter()`: `is_settled()` does not sleep, by its contract, so neither does this task between its
    // arrival in the stub and either its return or `read_lock()`.
    let Some(active) = (unsafe { active.as_ref() }) else {
        return 0;
    };
    if active.handler.is_settled(hook, file, cred) {
        return 0;
    }
    let _running = active.running.read_lock();
    f(&active.handler)
}

impl<H: Handler> Active<H> {
    /// Puts `handler` into service.
    ///
    /// # Errors
    ///
    /// `EBUSY` if there is one in service already.
    pub(super) fn new(handler: Arc<H>) -> Result<Arc<Self>> {
        let active = Arc::pin_init(
            try_pin_init!(Self {
                handler,
                running <- new_srcu!("digest_lists"),
            }? Error),
            GFP_KERNEL,
        )?;
        let this = Arc::as_ptr(&active).cast_mut().cast();
        ACTIVE
            .compare_exchange(ptr::null_mut(), this, Ordering::AcqRel, Ordering::Relaxed)
            .map_err(|_| EBUSY)?;
        Ok(active)
    }

    /// Waits for the hooks that are inside the handler. May sleep.
    pub(super) fn synchronize(&self) {
        self.running.synchronize();
    }

    /// Takes the handler out of service. No function of `stubs` is attached or running any more.
    pub(super) fn retire(&self) {
        ACTIVE.store(ptr::null_mut(), Ordering::Release);
    }
}
