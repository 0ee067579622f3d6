// SPDX-License-Identifier: GPL-2.0

//! What the hooks ask, and of whom.

use crate::sys::{
    atomic::Inline as _,
    cred::{
        Cred,
        Ids, //
    },
    file::File,
    inode::{
        InodeKey,
        InodeRef, //
    },
    kernel_crate::{
        new_srcu,
        Srcu, //
    },
    path::{
        Dentry,
        Path, //
    },
};
use core::ptr;
use kernel::{
    ffi,
    prelude::*,
    str::CStr,
    sync::{
        atomic::{
            Atomic,
            Full,
            Release, //
        },
        Arc, //
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

/// Bytes that the kernel is about to use and that come from no file.
pub(crate) struct Loaded<'a> {
    /// What they are.
    pub(crate) what: KernelRead,
    /// The bytes.
    pub(crate) content: &'a [u8],
    /// How they came, in the kernel's words: `init_module`, `blob` (firmware by sysfs), `platform`
    /// (firmware in the machine's own).
    pub(crate) way: &'a CStr,
}

/// The kind of an access: the hook, with the part of its arguments that matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessKind {
    /// A program is executed, with the credentials of the caller (`bprm_check_security`).
    Exec,
    /// A program is executed, with the credentials that it will have (`bprm_creds_from_file`).
    ExecAs,
    /// A file is mapped (`mmap_file`).
    Map {
        /// Executable as asked for.
        requested: bool,
        /// Executable in fact.
        in_force: bool,
    },
    /// A file was opened with these accesses, of `MAY_*` (`file_post_open`).
    Open(u32),
}

impl AccessKind {
    /// A number that no other kind has.
    #[inline(always)]
    pub(crate) const fn code(self) -> u32 {
        match self {
            Self::Exec => 1 << 8,
            Self::ExecAs => 2 << 8,
            // `MAY_*` are eight bits.
            Self::Open(mask) => 3 << 8 | mask & 0xff,
            Self::Map {
                requested,
                in_force,
                // CAST: 0 or 1.
            } => 4 << 8 | (requested as u32) << 1 | in_force as u32,
        }
    }
}

/// How an access is to be answered. All functions may sleep but those that say otherwise.
///
/// # Whose ids a rule means
///
/// The current credentials of a task are not always its own: some callers take over others for a
/// while. For each hook that such a caller reaches, IMA's answer is the measure where it has one.
///
/// | hook | credentials | IMA |
/// |---|---|---|
/// | `bprm_check_security`, `bprm_creds_for_exec` | current: those of the caller of `execve()` | same |
/// | `bprm_creds_from_file` | those that the program will have | same |
/// | `mmap_file`, `file_mprotect` | current: those of the task | same |
/// | `mmap_backing_file` | the task's own: overlayfs calls it with those of the mounter | has none |
/// | `file_open` | the task's own; they only choose the PCR of a violation and the rule that an audit record names | has none |
/// | `file_post_open`, nfsd | current: those of the client, as the export maps them | same |
/// | `file_post_open`, io_uring with a personality | current: those of the personality | same |
/// | `kernel_read_file` and what follows | current: for firmware those of the kernel (uid 0) | same |
/// | `kernel_load_data`, `kernel_post_load_data` | current: those of the task | same |
/// | `key_post_create_or_update` | current: those of the task | same |
///
/// The label of the task (`subj_user=` and so on) is that of the same credentials, save in
/// `bprm_creds_from_file`: there it is, as in IMA, that of the caller.
///
/// # Safety
///
/// [`Handler::is_settled`] does not sleep: it is called without what keeps the module's code in
/// place while a task sleeps there. [`Handler::inode_freed`] does not sleep either.
pub(crate) unsafe trait Handler: Send + Sync + 'static {
    /// What the handler takes down in [`Handler::may_make_exec`] to compare in
    /// [`Handler::mapping_made_exec`].
    type Token: Send + 'static;

    /// Whether nothing need be done for this access: none of the functions below is called then.
    /// Must not sleep.
    fn is_settled(&self, kind: AccessKind, file: &File, cred: Cred<'_>) -> bool;

    /// A program is about to be executed (`bprm_check_security`), once per interpreter as well; or
    /// an interpreter asks whether it may run a script (`AT_EXECVE_CHECK`, `bprm_creds_for_exec`).
    fn exec(&self, file: &File) -> Result;

    /// A program is about to be executed and will run with the ids `ids` in `cred`
    /// (`bprm_creds_from_file`).
    fn exec_as(&self, file: &File, ids: Ids, cred: Cred<'_>) -> Result;

    /// A file is about to be mapped (`mmap_file`), executable as asked for (`requested`), in fact
    /// (`in_force`), or both.
    fn map_exec(&self, file: &File, requested: bool, in_force: bool) -> Result;

    /// A file that is open for writing is about to be mapped shared (`mmap_file`), so that it can
    /// be written through the mapping now or later. An error refuses the mapping. The mapping may
    /// still fail afterwards.
    fn map_shared(&self, file: &File) -> Result;

    /// A stacked file system is about to map `backing` for execution, another content than what a
    /// read of `file` gives (`mmap_backing_file`), with the address space locked for writing: no
    /// file must be read. The current credentials are those of the mounter.
    /// [`Handler::mapping_made_exec`] follows, for `backing`.
    fn may_map_another(&self, file: &File, backing: &File) -> Result<Self::Token>;

    /// A mapping of `file` is about to become executable (`file_mprotect`), with the address space
    /// locked for writing: the file must not be read. [`Handler::mapping_made_exec`] follows.
    fn may_make_exec(&self, file: &File) -> Result<Self::Token>;

    /// A mapping of `file` became executable (`file_mprotect`, `mmap_backing_file`); `token` is
    /// from before it did. Called before the task that asked for it returns to user space; it is
    /// too late to refuse. The task may be being killed, while others live on that share its
    /// address space.
    fn mapping_made_exec(&self, file: &File, token: Self::Token);

    /// `file` is about to be opened for writing (`file_open`): by a path, or in any other way that
    /// gives a file that can be written. It counts as a writer already. The file system has not
    /// opened it yet, so it cannot be read itself, and may still fail to: neither
    /// [`Handler::opened`] nor [`Handler::released`] follows then. Of a stacked file system each
    /// file below comes here too, with the credentials of the mounter.
    fn opening_to_write(&self, file: &File) -> Result;

    /// `file` is opened for writing past the page cache (`file_open`; [`Handler::opening_to_write`]
    /// follows), or changed to that (`file_fcntl`). Of a stacked file system each file below that
    /// is opened so comes here too.
    fn writing_directly(&self, file: &File);

    /// Parts of `file`, or of others beside it, are about to be given other storage (`file_ioctl`,
    /// `file_ioctl_compat`, [`digest_logic::hook::remaps`]).
    fn remapping(&self, file: &File) -> Result;

    /// A file was opened with the accesses `mask`, of `MAY_*` (`file_post_open`), by a path or by
    /// nfsd.
    fn opened(&self, file: &File, mask: u32) -> Result;

    /// A file was opened to be executed, or as the interpreter of what is (`file_post_open`,
    /// [`File::is_opened_to_execute`]): the kernel will read its headers, and only then ask.
    /// [`Handler::opened`] follows, unless it is settled.
    fn opened_to_execute(&self, file: &File);

    /// A file is about to be cut or extended by its path (`path_truncate`), or cut by an open for
    /// reading only (`file_truncate`, `O_RDONLY | O_TRUNC`). What does that counts as a writer.
    fn truncated(&self, path: &Path) -> Result;

    /// A regular file was made other than by opening it (`path_post_mknod`,
    /// `inode_post_create_tmpfile`).
    fn created(&self, inode: InodeRef<'_>);

    /// The extended attribute `name` of a file is about to be set or removed (`inode_setxattr`,
    /// `inode_removexattr`), with the inode locked.
    fn xattr_changed(&self, dentry: &Dentry, name: &CStr) -> Result;

    /// The kernel is about to use bytes that come from no file (`kernel_load_data`). They follow in
    /// [`Handler::kernel_loaded`], unless the kernel shows them to nobody (`is_unseen`), as those
    /// of kexec_load(2).
    fn kernel_load(&self, what: KernelRead, is_unseen: bool) -> Result;

    /// The kernel has the bytes and is about to use them (`kernel_post_load_data`).
    fn kernel_loaded(&self, loaded: Loaded<'_>) -> Result;

    /// The last reference to a file open for writing is going (`file_release`). It still counts as
    /// a writer. Returns whether [`Handler::left_by_writer`] shall be called when it does not; that
    /// is not always possible.
    fn released(&self, file: &File) -> bool;

    /// A file open for writing was closed and counts no more; `path` leads to it. Called before the
    /// task that closed it returns to user space.
    fn left_by_writer(&self, path: &Path);

    /// An inode is being freed; nobody has it open any more (`inode_free_security`). Called for
    /// every inode from before the first call of any other function until [`Handler::detaching`]
    /// returns. Must not sleep.
    fn inode_freed(&self, key: InodeKey);

    /// The hooks are going. [`Handler::inode_freed`] alone is still called; nothing may rely on it
    /// after this returns, so whatever is kept by inode must be gone by then, and stay so.
    fn detaching(&self);

    /// The kernel is about to read parts of `file` (`kernel_read_file`), or has read all of it, and
    /// `content` is what it will use (`kernel_post_read_file`).
    fn kernel_read(&self, file: &File, content: Option<&[u8]>, what: KernelRead) -> Result;

    /// The kernel is about to read a file; [`Handler::kernel_read`] will follow, by the same task.
    fn kernel_read_begins(&self);

    /// A BPF program is about to be loaded that can be attached to a kernel function to give its
    /// result in its place (`bpf_prog_load`, `BPF_MODIFY_RETURN`): no hook is called then. Only
    /// functions called `security_*`, system calls, and few others take such a program.
    fn bpf_gives_results(&self) -> Result;

    /// A hash or a certificate was added to the kernel's blacklist keyring.
    fn blacklisted(&self);

    /// An asymmetric key was added to, or updated in, the keyring `keyring`; `payload` is what it
    /// was made from (`key_post_create_or_update`).
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
static ACTIVE: Atomic<*mut ffi::c_void> = Atomic::new(ptr::null_mut());

/// Calls `f` with the handler in service, if there is one. All that is attached calls the same `H`.
/// Never inlined, so that a function of `stubs` that returns without it saves no registers.
#[inline(never)]
pub(super) fn enter<H: Handler, R>(idle: R, f: impl FnOnce(&H) -> R) -> R {
    let active = ACTIVE.read_acquire().cast::<Active<H>>();
    // SAFETY: The functions of `stubs` are attached only while `ACTIVE` holds an `Active` of the
    // same `H`, and `Registration` frees that only when no task is in here: a task that has not
    // reached `read_lock()` has not slept, so `synchronize_rcu_tasks()` waits for it; one that has
    // is waited for by `synchronize_srcu()`.
    let Some(active) = (unsafe { active.as_ref() }) else {
        return idle;
    };
    let _running = active.running.read_lock();
    f(&active.handler)
}

/// As [`enter`], unless the handler says that nothing need be done.
#[inline(always)]
pub(super) fn enter_unless_settled<H: Handler>(
    kind: AccessKind,
    file: &File,
    cred: Cred<'_>,
    f: impl FnOnce(&H) -> ffi::c_int,
) -> ffi::c_int {
    let active = ACTIVE.read_acquire().cast::<Active<H>>();
    // SAFETY: As in `enter()`: `is_settled()` does not sleep, as `Handler` promises, so neither
    // does this task between its arrival in the stub and either its return or the `read_lock()` of
    // `enter()`.
    let Some(active) = (unsafe { active.as_ref() }) else {
        return 0;
    };
    if active.handler.is_settled(kind, file, cred) {
        return 0;
    }
    enter(0, f)
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
                running <- new_srcu(),
            }? Error),
            GFP_KERNEL,
        )?;
        let this = Arc::as_ptr(&active).cast_mut().cast();
        ACTIVE
            .cmpxchg(ptr::null_mut(), this, Full)
            .map_err(|_| EBUSY)?;
        Ok(active)
    }

    /// The handler.
    pub(super) fn handler(&self) -> &H {
        &self.handler
    }

    /// Waits for the hooks that are inside the handler. May sleep.
    pub(super) fn synchronize(&self) {
        self.running.synchronize();
    }

    /// Takes the handler out of service. No function of `stubs` is attached or running any more.
    pub(super) fn retire(&self) {
        ACTIVE.store(ptr::null_mut(), Release);
    }
}
