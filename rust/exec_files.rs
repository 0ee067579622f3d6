// SPDX-License-Identifier: GPL-2.0

//! What running processes use: their programs, and files that they have mapped executable or shared
//! and writable.

use super::{
    bindings,
    cred::{
        Cred,
        Ids, //
    },
    file::{
        File,
        OwnedFile, //
    },
    inode::InodeKey,
    task, //
};
use core::ptr::NonNull;
use kernel::{
    bindings as c,
    mm::{
        virt::VmaRef,
        MmWithUser, //
    },
    prelude::*,
    rbtree::RBTree,
    sync::{
        aref::ARef,
        rcu, //
    },
    task::Task,
    time::{
        delay::fsleep,
        Delta, //
    },
};

/// The most uses that are collected.
pub(crate) const MAX_USES: usize = 32768;

/// How often a contended lock is tried, every 10 ms, over all processes: 3 s.
const PATIENCE: usize = 300;

/// Stores through a mapping with these flags can reach the file.
const SHARED_WRITABLE: c::vm_flags_t = c::VM_SHARED | c::VM_MAYWRITE;

/// How processes with certain ids use a file.
pub(crate) struct Use {
    /// The file.
    pub(crate) file: OwnedFile,
    /// The ids of these processes.
    pub(crate) ids: Ids,
    /// Whether it is their program.
    pub(crate) executed: bool,
    /// Whether they have it mapped executable.
    pub(crate) mapped: bool,
    /// Whether they have it mapped shared, and may write through the mapping.
    pub(crate) shared: bool,
}

pub(crate) struct Uses {
    tree: RBTree<(InodeKey, Ids), Use>,
    count: usize,
    /// How many processes were skipped because their lock could not be taken.
    pub(crate) unseen: usize,
    patience: usize,
}

impl Uses {
    /// The programs of all user processes, and their mappings that are executable, or shared and
    /// writable. May sleep; waits for locks at most 3 s.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `E2BIG` if there are [`MAX_USES`] or more.
    pub(crate) fn by_processes() -> Result<Self> {
        let mut uses = Self {
            tree: RBTree::new(),
            count: 0,
            unseen: 0,
            patience: PATIENCE,
        };
        for process in all_processes()? {
            // SAFETY: The process is there; the call takes a reference, or returns null.
            let mm = unsafe { bindings::diglist_process_mm(process.as_ptr()) };
            if let Some(mm) = NonNull::new(mm) {
                // SAFETY: The reference of `get_task_mm()` is taken over.
                let mm = unsafe { ARef::<MmWithUser>::from_raw(mm.cast()) };
                uses.add_process(&mm, ids_of(&process))?;
            }
        }
        Ok(uses)
    }

    /// All uses. Uses of one file are next to each other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Use> {
        self.tree.values()
    }

    /// The use of `file` with `ids`, new if there is none.
    fn entry(&mut self, file: &File, ids: Ids) -> Result<&mut Use> {
        let key = (file.own_inode().key(), ids);
        if self.tree.get(&key).is_none() {
            self.count = self.count.saturating_add(1);
            if self.count >= MAX_USES {
                return Err(E2BIG);
            }
            let new = Use {
                file: file.to_owned(),
                ids,
                executed: false,
                mapped: false,
                shared: false,
            };
            self.tree.try_create_and_insert(key, new, GFP_KERNEL)?;
        }
        self.tree.get_mut(&key).ok_or(EINVAL)
    }

    /// Adds the program of one process and its mappings of these kinds.
    fn add_process(&mut self, mm: &MmWithUser, ids: Ids) -> Result {
        // SAFETY: The address space is there; the call takes a reference, or returns null.
        let program =
            unsafe { OwnedFile::from_reference(bindings::diglist_mm_program(mm.as_raw())) };
        if let Some(program) = program {
            self.entry(&program, ids)?.executed = true;
        }
        // A task that shares the address space, or handles its page faults, can hold the lock for
        // any time.
        let _lock = loop {
            if let Some(lock) = mm.mmap_read_trylock() {
                break lock;
            }
            if self.patience == 0 || task::is_being_killed() {
                self.unseen = self.unseen.saturating_add(1);
                return Ok(());
            }
            self.patience = self.patience.saturating_sub(1);
            fsleep(Delta::from_millis(10));
        };
        let mut address = 0;
        loop {
            // SAFETY: The address space is there, and locked.
            let vma = unsafe { c::find_vma(mm.as_raw(), address) };
            if vma.is_null() {
                return Ok(());
            }
            // SAFETY: The mapping is there as long as the address space is locked, and keeps its
            // file.
            let (vma, file) = unsafe { (VmaRef::from_raw(vma), (*vma).vm_file) };
            address = vma.end();
            let is_exec = vma.flags() & c::VM_EXEC != 0;
            let is_shared = vma.flags() & SHARED_WRITABLE == SHARED_WRITABLE;
            if !file.is_null() && (is_exec || is_shared) {
                // SAFETY: As above.
                let found = self.entry(unsafe { File::from_raw(file) }, ids)?;
                found.mapped |= is_exec;
                found.shared |= is_shared;
            }
        }
    }
}

/// The ids of a process.
fn ids_of(process: &Task) -> Ids {
    let _rcu = rcu::read_lock();
    // SAFETY: The process is there. As with `rcu_dereference()`, the pointer is read once.
    let cred = unsafe { core::ptr::read_volatile(&raw const (*process.as_ptr()).real_cred) };
    // SAFETY: A process has credentials, which are alive at least until the end of the RCU
    // read-side section.
    Ids::of(unsafe { Cred::from_raw(cred) })
}

/// Calls `f` with every process that is not idle, under RCU.
fn for_each_process(mut f: impl FnMut(&Task)) {
    let first = &raw mut c::init_task;
    let _rcu = rcu::read_lock();
    let mut process = first;
    loop {
        // SAFETY: Under RCU. `init_task` always exists, and so does the successor of an existing
        // process.
        process = unsafe { bindings::diglist_next_process(process) };
        if process == first {
            return;
        }
        // SAFETY: It is there at least until the end of the RCU read-side section. CAST: `Task` is
        // a transparent wrapper.
        f(unsafe { &*process.cast::<Task>() });
    }
}

/// All processes. Later ones were forked from them, or execute files that are checked.
fn all_processes() -> Result<KVVec<ARef<Task>>> {
    let mut count = 64usize;
    for_each_process(|_| count = count.saturating_add(1));
    let mut processes = KVVec::with_capacity(count, GFP_KERNEL)?;
    // Without room the process is skipped.
    for_each_process(|process| drop(processes.push_within_capacity(process.into())));
    Ok(processes)
}
