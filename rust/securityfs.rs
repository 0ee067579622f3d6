// SPDX-License-Identifier: GPL-2.0

//! Files in securityfs.
//!
//! C header: [`include/linux/security.h`](srctree/include/linux/security.h). Reads go through
//! [`seq_file`](srctree/include/linux/seq_file.h), so that a list of any length needs no buffer of
//! its own.

mod dialog;
mod request;

pub(crate) use dialog::Dialog;

use super::{
    bindings,
    seq_file::SeqOut, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    bindings as c,
    error::{
        from_err_ptr,
        from_result, //
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

/// What stands behind a file: a sequence of items to read, and possibly something to write to.
pub(crate) trait Node: Send + Sync + 'static {
    /// One piece of the file's text, kept while it is being shown.
    type Item: Send;

    /// Permission bits.
    const MODE: u16;

    /// The most bytes that one `write()` may pass; 0 for a file that cannot be written.
    const MAX_WRITE: usize = 0;

    /// The item at `index`, or `None` after the last. May sleep.
    fn item(&self, index: usize) -> Option<Self::Item>;

    /// Writes one item out. May be called again for the same item.
    fn show(&self, item: &Self::Item, out: &mut SeqOut);

    /// Takes the data of one `write()`, all of it or nothing. `continues` says that it does not
    /// begin at the start of the file, as the second write by the same open file. The caller has
    /// `CAP_SYS_ADMIN`. May sleep.
    fn write(&self, _data: KVVec<u8>, _continues: bool) -> Result {
        Err(EINVAL)
    }
}

/// A directory with its files, removed when dropped.
///
/// An open file keeps the module loaded, but not one whose `init` fails, and not what it has found
/// before the kernel counts it: whoever is about to open a file, or has got hold of one without
/// opening it (`O_PATH`), may come to that when the file is gone. So the files cannot be opened
/// until [`Dir::open`], from where on `init` must not fail, and when they are removed everybody who
/// can still find them finds operations of the kernel's own.
///
/// # Invariants
///
/// The dentry came from `securityfs_create_dir()` and has not been removed. `closed` are operations
/// by which nothing can be opened, and which are there as long as the kernel. Every file's inode
/// has `closed` unless `is_open`, and then its own.
pub(crate) struct Dir {
    dentry: NonNull<c::dentry>,
    closed: *const c::file_operations,
    files: KVec<File>,
    is_open: bool,
}

/// One file.
///
/// # Invariants
///
/// `dentry` is a file that was made in the directory. `fops` came from `KBox::into_raw()`, `node`
/// from `Arc::into_raw()`, which `drop_node` takes back; both are ours.
struct File {
    dentry: *mut c::dentry,
    fops: *mut c::file_operations,
    node: *const ffi::c_void,
    drop_node: unsafe fn(*const ffi::c_void),
}

// SAFETY: securityfs locks its own structures, and what stands behind the files is `Send` and
// `Sync`.
unsafe impl Send for Dir {}
// SAFETY: As above.
unsafe impl Sync for Dir {}

impl Dir {
    /// Makes the directory `name` at the root of securityfs. May sleep.
    pub(crate) fn new(name: &CStr) -> Result<Self> {
        // SAFETY: `name` is NUL-terminated; no parent means the root.
        let ptr = from_err_ptr(unsafe {
            c::securityfs_create_dir(name.as_char_ptr(), core::ptr::null_mut())
        })?;
        // INVARIANT: Just created; without `closed` no file is added.
        let mut dir = Self {
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

    /// Adds a file to the directory. `module` stays loaded while the file is open. May sleep.
    pub(crate) fn add<T: Node>(
        &mut self,
        module: &'static ThisModule,
        name: &CStr,
        node: Arc<T>,
    ) -> Result {
        let fops = c::file_operations {
            owner: module.as_ptr(),
            open: Some(open::<T>),
            read: Some(c::seq_read),
            write: if T::MAX_WRITE > 0 {
                Some(write::<T>)
            } else {
                None
            },
            llseek: Some(c::seq_lseek),
            release: Some(c::seq_release),
            ..pin_init::zeroed()
        };
        // SAFETY: The functions are those for a `T`.
        unsafe { self.create(name, T::MODE, fops, node) }
    }

    /// Makes a file that will be opened with `fops`.
    ///
    /// # Safety
    ///
    /// The functions in `fops` take `i_private` of the inode for a `T` that is alive and shared.
    unsafe fn create<T: Send + Sync + 'static>(
        &mut self,
        name: &CStr,
        mode: u16,
        fops: c::file_operations,
        node: Arc<T>,
    ) -> Result {
        let fops = KBox::new(fops, GFP_KERNEL)?;
        self.files.reserve(1, GFP_KERNEL)?;
        let node = Arc::into_raw(node);
        // SAFETY: The directory exists, `name` is NUL-terminated, and `closed` stays valid, by the
        // type invariants; the node stays until the file can be opened no more.
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
        // INVARIANT: Just made. There is room; without, the file would stay closed and its node be
        // leaked.
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

    /// Lets user space open the files. From here on the `init` of the module must not fail. Does
    /// not sleep.
    pub(crate) fn open(&mut self) {
        // INVARIANT: Every file gets its own operations below.
        self.is_open = true;
        for file in &self.files {
            // SAFETY: The file exists, and its operations live until it can be opened no more.
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
        // SAFETY: By the type invariants the directory is there. What is in it goes with it.
        unsafe { c::securityfs_remove(self.dentry.as_ptr()) };
        if self.is_open {
            // An open reads the operations from the inode and asks for the module without sleeping
            // in between.
            // SAFETY: Task context; may sleep.
            unsafe { c::synchronize_rcu_tasks() };
        }
        for file in &self.files {
            // SAFETY: By the type invariants these are ours, and they are freed once. No inode
            // refers to the operations any more, those who had read them before have found the
            // module going, and nobody has a file open: an open file holds a reference to the
            // module, which keeps it from being torn down. (A forced unload, which the kernel calls
            // dangerous, tears it down all the same, with its code.)
            unsafe {
                drop(KBox::from_raw(file.fops));
                (file.drop_node)(file.node);
            }
        }
    }
}

/// The sequence operations of a node's file.
struct SeqOps<T>(PhantomData<T>);

impl<T: Node> SeqOps<T> {
    const VTABLE: c::seq_operations = c::seq_operations {
        start: Some(start::<T>),
        stop: Some(stop::<T>),
        next: Some(next::<T>),
        show: Some(show::<T>),
    };
}

/// # Safety
///
/// Called by the VFS for a file made by [`Dir::add`] with a `T`.
unsafe extern "C" fn open<T: Node>(inode: *mut c::inode, file: *mut c::file) -> ffi::c_int {
    // SAFETY: `file` is being opened; the table is a constant.
    let rc = unsafe { c::seq_open(file, &const { SeqOps::<T>::VTABLE }) };
    if rc == 0 {
        // SAFETY: `seq_open()` has put a `seq_file` there, and `i_private` is what `Dir::add()`
        // gave securityfs.
        unsafe {
            let seq = (*file).private_data.cast::<c::seq_file>();
            (*seq).private = (*inode).i_private;
        }
    }
    rc
}

/// The node behind a sequence file.
///
/// # Safety
///
/// `seq` belongs to an open file made by [`Dir::add`] with a `T`.
unsafe fn node<'a, T: Node>(seq: *mut c::seq_file) -> &'a T {
    // SAFETY: `open()` has put the pointer there, and the open file keeps the node alive.
    unsafe { &*(*seq).private.cast::<T>() }
}

/// The item at `pos`, boxed and given away, or null after the last, or an error pointer.
fn item_at<T: Node>(node: &T, pos: i64) -> *mut ffi::c_void {
    let Some(item) = usize::try_from(pos).ok().and_then(|i| node.item(i)) else {
        return core::ptr::null_mut();
    };
    match KBox::new(item, GFP_KERNEL) {
        Ok(boxed) => KBox::into_raw(boxed).cast(),
        Err(_) => ENOMEM.to_ptr(),
    }
}

/// Takes back what [`item_at`] gave away.
///
/// # Safety
///
/// `v` came from [`item_at`] with the same `T` and was not taken back yet.
unsafe fn take_back<T: Node>(v: *mut ffi::c_void) {
    if !v.is_null() && from_err_ptr(v).is_ok() {
        // SAFETY: `v` is neither null nor an error, so it is a box; that it is still ours is the
        // caller's promise.
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
