// SPDX-License-Identifier: GPL-2.0

//! The storage below a file: the facts that `logic::storage` judges.
//!
//! A super block names one block device. File systems on several devices, and the devices below
//! device-mapper, md and bcache, are found by a walk over all block devices: a file system claims
//! its devices with the address of its super block, and sysfs lists what a device is made of
//! (`slaves`; for NVMe `multipath`). Nothing is kept between walks, because a device may be added
//! at any time, and an address used again.
//!
//! The walk is part of a look, which reads the whole file. The fast path calls `shows_changes()`
//! only.

use super::{
    atomic::Inline as _,
    bindings,
    inode::InodeRef,
    module::Text, //
};
use core::ptr::NonNull;
use digest_logic::storage::{
    is_others,
    kinds_below,
    kinds_of_disk,
    shows_changes,
    Disk,
    Facts,
    Kinds, //
};
use kernel::{
    bindings as c,
    prelude::*,
    str::CStr,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

/// The most disks below a file system. With more, nothing is known.
const MOST_DISKS: usize = 64;

/// The longest place in sysfs.
const PATH_ROOM: usize = 512;

/// The kinds of storage that the administrator declared to be the machine's own. Set once, before
/// the first look.
static OWN: Atomic<u32> = Atomic::new(0);

/// Finds the class of block devices, and reads the module parameter `own_storage`. Call it at load,
/// before anything else here. May sleep.
///
/// # Errors
///
/// `ENOMEM`; `EINVAL`, with the reason in the kernel log.
pub(crate) fn init() -> Result {
    // SAFETY: Called once, at load; may sleep.
    kernel::error::to_result(unsafe { bindings::diglist_storage_init() })?;
    match Kinds::parse(Text::OwnStorage.get().to_bytes()) {
        Ok(kinds) => {
            OWN.store(kinds.bits(), Relaxed);
            Ok(())
        }
        Err(word) => {
            pr_err!(
                "own_storage: '{}' is none of loop, network, removable, user, unknown\n",
                core::str::from_utf8(word).unwrap_or("?")
            );
            Err(EINVAL)
        }
    }
}

/// The kinds of storage that the administrator declared to be the machine's own.
pub(crate) fn own() -> Kinds {
    Kinds::from_bits(OWN.read_once())
}

impl InodeRef<'_> {
    /// Whether every change of stable content shows in [`InodeRef::signs`]. Does not sleep.
    pub(crate) fn shows_changes(self) -> bool {
        shows_changes(&facts(self))
    }
}

/// The facts about the file system and the inode. Does not sleep.
pub(super) fn facts(inode: InodeRef<'_>) -> Facts {
    raw_facts(inode).0
}

/// The facts, and whether the super block names a disk.
fn raw_facts(inode: InodeRef<'_>) -> (Facts, bool) {
    let mut raw = bindings::diglist_storage_facts::default();
    // SAFETY: The inode is kept for the lifetime of the reference; `raw` is valid for writes.
    unsafe { bindings::diglist_storage_facts(inode.as_ptr(), &mut raw) };
    let facts = Facts {
        magic: raw.magic,
        unverifiable: raw.unverifiable,
        kernel_mount: raw.kernel_mount,
        seals: raw.seals,
        needs_device: raw.needs_device,
        has_device: raw.has_flash || raw.names_disk,
        counts_changes: raw.counts_changes,
        fine_times: raw.fine_times,
        has_writeback: raw.has_writeback,
        is_dax: raw.is_dax,
    };
    (facts, raw.names_disk)
}

/// The facts, and the kinds of storage below that are not the machine's own. The kinds are left out
/// if a server decides what the file has. May sleep, and takes the lock with which disks are
/// opened; see [`LockedDisk`].
pub(super) fn facts_and_kinds(inode: InodeRef<'_>) -> (Facts, Kinds) {
    let (mut facts, names_disk) = raw_facts(inode);
    let has_flash = facts.has_device && !names_disk;
    let mut disks = Kinds::NONE;
    if facts.needs_device && !has_flash && !is_others(&facts) {
        let found = kinds_of_disks(inode);
        // A disk that the super block names but that was not found has been removed.
        disks = found.unwrap_or(if names_disk {
            Kinds::UNKNOWN
        } else {
            Kinds::NONE
        });
        facts.has_device |= found.is_some();
    }
    (facts, kinds_below(&facts, disks).without(own()))
}

/// The kinds of all disks below the inode's file system. None without a disk.
fn kinds_of_disks(inode: InodeRef<'_>) -> Option<Kinds> {
    let mut kinds = Kinds::NONE;
    let mut found = Found::default();
    // SAFETY: The inode is kept; `raw` is valid for writes.
    found.fill(|raw| unsafe { bindings::diglist_block_devices_of(inode.as_ptr(), raw) });
    if found.is_empty() {
        return None;
    }
    // One disk after the other, so that no two are locked at once.
    for _ in 0..MOST_DISKS {
        let Some(device) = found.pop() else {
            return Some(kinds.and(found.missed()));
        };
        let Some(disk) = device.lock() else {
            kinds = kinds.and(Kinds::UNKNOWN);
            continue;
        };
        kinds = kinds.and(disk.kinds());
        // SAFETY: The disk is locked; `raw` is valid for writes.
        found.fill(|raw| unsafe { bindings::diglist_block_devices_below(disk.as_ptr(), raw) });
        while let Some(path) = found.pop_if(BlockDevice::is_hidden) {
            kinds = kinds.and(disk.kinds_of_path(&path));
        }
    }
    Some(kinds.and(Kinds::UNKNOWN))
}

/// A block device.
///
/// # Invariants
///
/// Owns a reference to the device.
struct BlockDevice(NonNull<c::device>);

impl BlockDevice {
    /// Its disk.
    fn disk(&self) -> *mut c::gendisk {
        // SAFETY: By the type invariants the device is there, and a block device keeps its disk.
        unsafe { bindings::diglist_disk(self.0.as_ptr()) }
    }

    /// The flags of the disk (`GENHD_FL_*`).
    fn flags(&self) -> u32 {
        // SAFETY: The disk is there, and its flags are a set of bits that is not changed once it is
        // in use.
        // CAST: A set of bits.
        unsafe { (*self.disk()).flags as u32 }
    }

    /// Whether it is a path to a disk, not a disk itself.
    fn is_hidden(&self) -> bool {
        self.flags() & c::GENHD_FL_HIDDEN != 0
    }

    /// The device of the disk as a whole.
    fn whole(&self) -> *mut c::device {
        // SAFETY: The disk is there, and keeps its device.
        unsafe { bindings::diglist_disk_device(self.disk()) }
    }

    /// The name in `/sys/block` of the disk.
    fn name(&self) -> &[u8] {
        // SAFETY: The device is there; a block device is never renamed.
        unsafe { CStr::from_char_ptr(c::dev_name(self.whole())) }.to_bytes()
    }

    /// Locks the disk with its parent devices. None if it was removed or the task is killed. May
    /// sleep.
    fn lock(&self) -> Option<LockedDisk<'_>> {
        // SAFETY: As above; the caller may sleep.
        // INVARIANT: The lock is taken.
        unsafe { bindings::diglist_disk_lock(self.0.as_ptr()) }.then_some(LockedDisk(self))
    }
}

impl Drop for BlockDevice {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference to give back.
        unsafe { c::put_device(self.0.as_ptr()) };
    }
}

/// A disk that cannot be removed meanwhile.
///
/// # Invariants
///
/// The disk's `open_mutex` is held, which was taken while the disk was live.
struct LockedDisk<'a>(&'a BlockDevice);

impl LockedDisk<'_> {
    fn as_ptr(&self) -> *mut c::device {
        self.0 .0.as_ptr()
    }

    /// Whether the medium, or a device between the machine and the disk, can be unplugged.
    fn is_removable(&self) -> bool {
        let mut device = self.0.whole();
        let mut removable = self.0.flags() & c::GENHD_FL_REMOVABLE != 0;
        while !removable && !device.is_null() {
            // SAFETY: By the type invariants the devices that lead to the disk are there.
            let (plug, parent) = unsafe { ((*device).removable, (*device).parent) };
            removable = plug == c::device_removable_DEVICE_REMOVABLE;
            device = parent;
        }
        removable
    }

    /// The kinds of the disk itself, without those of the disks it is made of.
    fn kinds(&self) -> Kinds {
        // SAFETY: By the type invariants the devices that lead to the disk are there. The caller
        // may sleep.
        let path = unsafe { c::kobject_get_path(&raw const (*self.0.whole()).kobj, c::GFP_KERNEL) };
        let Some(path) = NonNull::new(path) else {
            return Kinds::UNKNOWN;
        };
        let kinds = kinds_of_disk(&Disk {
            name: self.0.name(),
            // SAFETY: The path is a NUL-terminated string of our own.
            path: unsafe { CStr::from_char_ptr(path.as_ptr()) }.to_bytes(),
            removable: self.is_removable(),
        });
        // SAFETY: It is ours, and not used from here on.
        unsafe { c::kfree(path.as_ptr().cast()) };
        kinds
    }

    /// The kinds of storage of one of the paths to the disk.
    fn kinds_of_path(&self, device: &BlockDevice) -> Kinds {
        let mut room = [0u8; PATH_ROOM];
        // SAFETY: The disk is locked, the device there, and `room` valid for writes of its length.
        let len = unsafe {
            bindings::diglist_path_path(
                self.as_ptr(),
                device.0.as_ptr(),
                room.as_mut_ptr().cast(),
                room.len(),
            )
        };
        match usize::try_from(len).ok().and_then(|len| room.get(..len)) {
            Some(path) => kinds_of_disk(&Disk {
                name: device.name(),
                path,
                removable: false,
            }),
            None => Kinds::UNKNOWN,
        }
    }
}

impl Drop for LockedDisk<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the lock is held.
        unsafe { bindings::diglist_disk_unlock(self.as_ptr()) };
    }
}

/// Block devices that were found but not examined yet.
#[derive(Default)]
struct Found {
    devices: KVec<BlockDevice>,
    /// Whether there was no room for some.
    lost: bool,
}

impl Found {
    /// Adds the devices that `search` finds.
    fn fill(&mut self, search: impl FnOnce(&mut bindings::diglist_block_devices)) {
        let mut raw = bindings::diglist_block_devices::default();
        search(&mut raw);
        self.lost |= usize::try_from(raw.found).map_or(true, |found| found > raw.devices.len());
        for device in raw.devices {
            // INVARIANT: The search took a reference to each device.
            let Some(device) = NonNull::new(device).map(BlockDevice) else {
                break;
            };
            self.lost |= self.devices.push(device, GFP_KERNEL).is_err();
        }
    }

    fn is_empty(&self) -> bool {
        self.devices.is_empty() && !self.lost
    }

    fn pop(&mut self) -> Option<BlockDevice> {
        self.devices.pop()
    }

    fn pop_if(&mut self, condition: impl FnOnce(&BlockDevice) -> bool) -> Option<BlockDevice> {
        if self.devices.last().is_some_and(condition) {
            self.pop()
        } else {
            None
        }
    }

    /// The kind for devices that were dropped.
    fn missed(&self) -> Kinds {
        if self.lost {
            Kinds::UNKNOWN
        } else {
            Kinds::NONE
        }
    }
}
