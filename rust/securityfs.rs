// SPDX-License-Identifier: GPL-2.0

//! Files in securityfs.
//!
//! C header: [`include/linux/security.h`](srctree/include/linux/security.h). Reads use
//! [`seq_file`](srctree/include/linux/seq_file.h), so a file of any length needs no buffer of that
//! size.

mod dialog;
mod node;
mod request;
mod sequence;

pub(crate) use dialog::Dialog;
pub(crate) use node::Node;

use super::bindings;
use core::ptr::NonNull;
use kernel::{
    bindings as c,
    error::{
        from_err_ptr,
        from_result,
        to_result, //
    },
    ffi,
    prelude::*,
    str::CStr,
    sync::Arc, //
};
use request::{
    report,
    request, //
};
use sequence::{
    node,
    SeqOps, //
};

/// A directory with its files, removed when dropped.
///
/// An open file keeps the module loaded. Two cases need more:
/// - `init` fails: then open files do not keep the module. So files cannot be opened before
///   [`Dir::open`], after which `init` must not fail.
/// - A task has found a file but the kernel does not count it yet, or only by `O_PATH`. Its open
///   may come after the removal. So removed files get operations of the kernel's own.
///
/// # Invariants
///
/// The dentry came from `securityfs_create_dir()` and has not been removed. `closed` are operations
/// that refuse opens and exist as long as the kernel. Each file's inode has `closed`, or its own
/// operations if `is_open`.
pub(crate) struct Dir {
    /// Stays loaded while a file is open.
    module: &'static ThisModule,
    dentry: NonNull<c::dentry>,
    closed: *const c::file_operations,
    files: KVec<File>,
    is_open: bool,
}

/// # Invariants
///
/// `dentry` is a file in the directory. `fops` came from `KBox::into_raw()`. `node` came from
/// `Arc::into_raw()`, and `drop_node` takes it back. Both are ours.
struct File {
    dentry: *mut c::dentry,
    fops: *mut c::file_operations,
    node: *const ffi::c_void,
    drop_node: unsafe fn(*const ffi::c_void),
}

// SAFETY: securityfs locks its own structures. The nodes are `Send` and `Sync`.
unsafe impl Send for Dir {}
// SAFETY: As above.
unsafe impl Sync for Dir {}

impl Dir {
    /// Makes the directory `name` at the root of securityfs. May sleep.
    pub(crate) fn new(module: &'static ThisModule, name: &CStr) -> Result<Self> {
        // SAFETY: `name` is NUL-terminated; no parent means the root.
        let ptr = from_err_ptr(unsafe {
            c::securityfs_create_dir(name.as_char_ptr(), core::ptr::null_mut())
        })?;
        // INVARIANT: Just created; without `closed` no file is added.
        let mut dir = Self {
            module,
            dentry: NonNull::new(ptr).ok_or(ENODEV)?,
            closed: core::ptr::null(),
            files: KVec::new(),
            is_open: false,
        };
        // SAFETY: The directory exists.
        dir.closed = unsafe { bindings::diglist_closed_fops(ptr) };
        if dir.closed.is_null() {
            return Err(ENOMEM);
        }
        Ok(dir)
    }

    /// Adds a file to the directory. May sleep.
    pub(crate) fn add<T: Node>(&mut self, name: &CStr, node: T) -> Result {
        let fops = c::file_operations {
            open: Some(open::<T>),
            read: Some(c::seq_read),
            write: (T::MAX_WRITE > 0).then_some(write::<T>),
            llseek: Some(c::seq_lseek),
            release: Some(release::<T>),
            ..pin_init::zeroed()
        };
        // SAFETY: The functions are those for a `T`.
        unsafe { self.create(name, T::MODE, fops, node) }
    }

    /// Makes a file that [`Dir::open`] gives the operations `fops`.
    ///
    /// # Safety
    ///
    /// The functions in `fops` take `i_private` of the inode for a `T` that is alive and shared.
    unsafe fn create<T: Send + Sync + 'static>(
        &mut self,
        name: &CStr,
        mode: u16,
        mut fops: c::file_operations,
        node: T,
    ) -> Result {
        fops.owner = self.module.as_ptr();
        let fops = KBox::new(fops, GFP_KERNEL)?;
        self.files.reserve(1, GFP_KERNEL)?;
        let node = Arc::into_raw(Arc::new(node, GFP_KERNEL)?);
        // SAFETY: The directory exists, `name` is NUL-terminated, and `closed` stays valid by the
        // type invariants. The node stays as long as the file can be opened.
        let created = from_err_ptr(unsafe {
            c::securityfs_create_file(
                name.as_char_ptr(),
                mode,
                self.dentry.as_ptr(),
                node.cast_mut().cast(),
                self.closed,
            )
        });
        let dentry = created.inspect_err(|_| {
            // SAFETY: From `into_raw()` just above, and there is no file that refers to it.
            drop(unsafe { Arc::from_raw(node) });
        })?;
        // INVARIANT: Just made. There is room; without it the file would stay closed and its node
        // would leak.
        self.files.push(
            File {
                dentry,
                fops: KBox::into_raw(fops),
                node: node.cast(),
                drop_node: drop_node::<T>,
            },
            GFP_KERNEL,
        )?;
        Ok(())
    }

    /// Lets user space open the files. From here on the module's `init` must not fail. Does not
    /// sleep.
    pub(crate) fn open(&mut self) {
        // INVARIANT: Every file gets its own operations below.
        self.is_open = true;
        for file in &self.files {
            // SAFETY: The file exists. Its operations live as long as it can be opened.
            unsafe { bindings::diglist_set_fops(file.dentry, file.fops) };
        }
    }
}

/// Takes back a node.
///
/// # Safety
///
/// `node` came from `Arc::<T>::into_raw()` and is taken back once.
unsafe fn drop_node<T>(node: *const ffi::c_void) {
    // SAFETY: By the requirement on the caller.
    drop(unsafe { Arc::from_raw(node.cast::<T>()) });
}

impl Drop for Dir {
    /// Removes the directory and its files. May sleep.
    fn drop(&mut self) {
        if self.is_open {
            for file in &self.files {
                // SAFETY: The file exists, and `closed` is valid for good.
                unsafe { bindings::diglist_set_fops(file.dentry, self.closed) };
            }
        }
        // SAFETY: By the type invariants the directory exists. Its files are removed with it.
        unsafe { c::securityfs_remove(self.dentry.as_ptr()) };
        if self.is_open {
            // An open reads the operations and takes the module reference without sleeping in
            // between.
            // SAFETY: Task context; may sleep.
            unsafe { c::synchronize_rcu_tasks() };
        }
        for file in &self.files {
            // SAFETY: By the type invariants these are ours, and they are freed once. No inode has
            // the operations. Opens that had read them found the module going. No task has a file
            // open, because an open file keeps the module from being torn down. (A forced unload
            // tears it down with its code in any case.)
            unsafe {
                drop(KBox::from_raw(file.fops));
                (file.drop_node)(file.node);
            }
        }
    }
}

/// # Safety
///
/// Called by the VFS for a file made by [`Dir::add`] with a `T`.
unsafe extern "C" fn open<T: Node>(inode: *mut c::inode, file: *mut c::file) -> ffi::c_int {
    from_result(|| {
        // SAFETY: `i_private` is what `Dir::add()` gave securityfs, a `T` that the open file keeps
        // alive; nothing else uses `file` yet.
        let (node, writes) = unsafe { (&*(*inode).i_private.cast::<T>(), is_writable(file)) };
        node.opened(writes)?;
        // SAFETY: `file` is being opened; the table is a constant.
        let opened = to_result(unsafe { c::seq_open(file, &const { SeqOps::<T>::VTABLE }) });
        opened.inspect_err(|_| node.closed(writes))?;
        // SAFETY: `seq_open()` has put a `seq_file` there.
        unsafe {
            let seq = (*file).private_data.cast::<c::seq_file>();
            (*seq).private = (*inode).i_private;
        }
        Ok(0)
    })
}

/// # Safety
///
/// Called by the VFS once for a file that [`open`] opened.
unsafe extern "C" fn release<T: Node>(inode: *mut c::inode, file: *mut c::file) -> ffi::c_int {
    // SAFETY: As in `open()`. Of a file that is open these do not change.
    let (node, writes) = unsafe { (&*(*inode).i_private.cast::<T>(), is_writable(file)) };
    // SAFETY: `open()` has put a `seq_file` there, and nothing uses the file any more.
    let released = unsafe { c::seq_release(inode, file) };
    node.closed(writes);
    released
}

/// Whether `file` was opened for writing.
///
/// # Safety
///
/// It is open, or being opened.
unsafe fn is_writable(file: *const c::file) -> bool {
    /// `FMODE_WRITE`.
    const WRITE: u32 = 2;
    // SAFETY: By the requirement on the caller; other bits may change meanwhile.
    unsafe { core::ptr::read_volatile(&raw const (*file).f_mode) & WRITE != 0 }
}

/// # Safety
///
/// Called by the VFS for a file made by [`Dir::add`] with a `T`.
unsafe extern "C" fn write<T: Node>(
    file: *mut c::file,
    buf: *const ffi::c_char,
    count: usize,
    pos: *mut c::loff_t,
) -> isize {
    from_result(|| {
        let data = request(buf, count, T::MAX_WRITE)?;
        // SAFETY: `open()` has put a `seq_file` there, and the VFS passes a valid position.
        let (node, continues) = unsafe { (node::<T>((*file).private_data.cast()), *pos > 0) };
        node.write(data, continues).inspect_err(report)?;
        let written = isize::try_from(count).map_err(|_| EFBIG)?;
        // SAFETY: As above. CAST: A size of the file's own limit.
        unsafe { *pos = (*pos).saturating_add(count as i64) };
        Ok(written)
    })
}
