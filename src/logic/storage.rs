// SPDX-License-Identifier: GPL-2.0

//! Which file systems, and which storage below them, keep content unchanged unless this kernel
//! writes it.
//!
//! A result is useful later only if every change since would show. So all changes must pass this
//! kernel's file system. This does not hold if
//! - a server decides what each read returns;
//! - the storage has another writer: the owner of a file behind a loop device, a network server, a
//!   process that serves a disk, the next machine that a stick is plugged into.
//!
//! The caller collects facts. Decisions are made only here:
//!
//! | question | answered by | decides |
//! |---|---|---|
//! | Is what was read what the next reader reads? | [`is_stable`] | whether being known counts |
//! | Does a change show in the inode? | [`shows_changes`], of stable content | whether a result is kept |
//! | Are there pages before storage? | [`has_pages_to_drop`] | whether stale references to pages can be cut |

/// Kinds of storage that others than this kernel's root may change.
///
/// # Invariants
///
/// Only bits of [`WORDS`] are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u32);

/// The words of the parameter `own_storage` and their kinds.
pub const WORDS: [(&str, Kinds); 5] = [
    ("loop", Kinds::LOOP),
    ("network", Kinds::NETWORK),
    ("removable", Kinds::REMOVABLE),
    ("user", Kinds::USER),
    ("unknown", Kinds::UNKNOWN),
];

impl Kinds {
    /// The machine's own storage.
    pub const NONE: Self = Self(0);
    /// A file of another file system: loop devices, file systems mounted from a file.
    pub const LOOP: Self = Self(1 << 0);
    /// A server.
    pub const NETWORK: Self = Self(1 << 1);
    /// Storage that can be unplugged.
    pub const REMOVABLE: Self = Self(1 << 2);
    /// A process of user space.
    pub const USER: Self = Self(1 << 3);
    /// Not known.
    pub const UNKNOWN: Self = Self(1 << 4);

    /// The kinds that a list of words joined by `,` names; an empty one names none.
    ///
    /// # Errors
    ///
    /// The first unknown word.
    pub fn parse(text: &[u8]) -> Result<Self, &[u8]> {
        let mut kinds = Self::NONE;
        if text.is_empty() {
            return Ok(kinds);
        }
        for word in text.split(|byte| *byte == b',') {
            let (_, kind) = WORDS
                .iter()
                .find(|(name, _)| name.as_bytes() == word)
                .ok_or(word)?;
            kinds = kinds.and(*kind);
        }
        Ok(kinds)
    }

    /// The bits, to be stored.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// What [`Kinds::bits`] gave.
    pub const fn from_bits(bits: u32) -> Self {
        // INVARIANT: Other bits are left out.
        Self(bits & 0x1f)
    }

    /// The union with `other`.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The kinds that are not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there are none.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The words for them.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        WORDS
            .iter()
            .filter(move |(_, kind)| self.0 & kind.0 != 0)
            .map(|(word, _)| *word)
    }
}

/// Facts about a disk.
#[derive(Clone, Copy, Debug)]
pub struct Disk<'a> {
    /// Its name in `/sys/block`.
    pub name: &'a [u8],
    /// Its place in sysfs, from `/devices` on, with the buses above it.
    pub path: &'a [u8],
    /// Whether its medium, or a device above it, is removable.
    pub removable: bool,
}

/// Names of disks, up to the number.
const NAMES: [(&[u8], Kinds); 10] = [
    (b"loop", Kinds::LOOP),
    (b"zloop", Kinds::LOOP),
    (b"nbd", Kinds::NETWORK),
    (b"rbd", Kinds::NETWORK),
    (b"rnbd", Kinds::NETWORK),
    (b"drbd", Kinds::NETWORK),
    (b"etherd!e", Kinds::NETWORK),
    (b"ublkb", Kinds::USER),
    (b"fd", Kinds::REMOVABLE),
    (b"sr", Kinds::REMOVABLE),
];

/// Names of devices above a disk, without the number: an iSCSI session, a remote port of Fibre
/// Channel, a local target without hardware (`tcm_loop`), a USB bus, a node of FireWire.
const ANCESTORS: [(&[u8], Kinds); 5] = [
    (b"session", Kinds::NETWORK),
    (b"rport-", Kinds::NETWORK),
    (b"tcm_loop_adapter_", Kinds::LOOP),
    (b"usb", Kinds::REMOVABLE),
    (b"fw", Kinds::REMOVABLE),
];

/// The device above all controllers of NVMe over fabrics.
const FABRICS: &[u8] = b"nvme-fabrics";

/// Whether `name` is `stem` and a number.
fn is_numbered(name: &[u8], stem: &[u8]) -> bool {
    name.strip_prefix(stem)
        .and_then(|number| number.first())
        .is_some_and(u8::is_ascii_digit)
}

/// The kind of storage of a disk, without the disks that it is made of.
pub fn kinds_of_disk(disk: &Disk<'_>) -> Kinds {
    let named = |table: &[(&[u8], Kinds)], name: &[u8]| {
        table
            .iter()
            .filter(|(stem, _)| is_numbered(name, stem))
            .fold(Kinds::NONE, |kinds, (_, kind)| kinds.and(*kind))
    };
    let mut kinds = named(&NAMES, disk.name);
    for ancestor in disk.path.split(|byte| *byte == b'/') {
        kinds = kinds.and(named(&ANCESTORS, ancestor));
        if ancestor == FABRICS {
            kinds = kinds.and(Kinds::NETWORK);
        }
    }
    if disk.removable {
        kinds = kinds.and(Kinds::REMOVABLE);
    }
    kinds
}

/// Facts about a file system and one inode in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Magic number of the file system.
    pub magic: u64,
    /// Whether signatures of its files cannot be relied on later
    /// (`SB_I_IMA_UNVERIFIABLE_SIGNATURE`).
    pub unverifiable: bool,
    /// Whether the mount is the kernel's own, on which writers are not counted.
    pub kernel_mount: bool,
    /// The operations that seals forbid (`F_GET_SEALS`).
    pub seals: u32,
    /// Whether the file system's type is mounted from a device.
    pub needs_device: bool,
    /// Whether it has a block device, or flash.
    pub has_device: bool,
    /// Whether each change increments a counter in the inode.
    pub counts_changes: bool,
    /// Whether time stamps differ for any two changes.
    pub fine_times: bool,
    /// Whether dirty pages are written to storage.
    pub has_writeback: bool,
    /// Whether storage itself is mapped, without a page cache.
    pub is_dax: bool,
}

/// Shrinking is forbidden (`F_SEAL_SHRINK`).
const SEAL_SHRINK: u32 = 2;
/// Writing is forbidden (`F_SEAL_WRITE`).
const SEAL_WRITE: u32 = 8;
/// The seals that keep a file unchanged where writers are not counted.
const SEALED: u32 = SEAL_WRITE | SEAL_SHRINK;

const TMPFS: u64 = 0x0102_1994;

/// File systems whose content changes elsewhere: on servers, other machines of a cluster, the host
/// of a virtual machine, or in the lower file system, which can be written (eCryptfs).
const OTHERS: [u64; 15] = [
    0x6969,      // NFS
    0x517b,      // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB2
    0x0102_1997, // 9p
    0x00c3_6400, // Ceph
    0x5346_414f, // AFS
    0x6b41_4653, // AFS, as kAFS has it
    0x7375_7245, // Coda
    0x7461_636f, // OCFS2
    0x6573_5546, // FUSE, virtiofs
    0x0116_1970, // GFS2
    0x2003_0528, // OrangeFS
    0x786f_4256, // vboxsf
    0xf15f,      // eCryptfs
];

/// Whether others than this kernel decide what files of the file system have, whatever storage is
/// below.
pub fn is_others(facts: &Facts) -> bool {
    facts.unverifiable || OTHERS.contains(&facts.magic)
}

/// The kinds of storage below a file system with disks of the kinds `disks`. A file system that
/// needs a device and has none was mounted from a file.
pub fn kinds_below(facts: &Facts, disks: Kinds) -> Kinds {
    if facts.needs_device && !facts.has_device {
        disks.and(Kinds::LOOP)
    } else {
        disks
    }
}

/// Whether the next reader reads the same as long as the file is not opened for writing. `below`
/// are the kinds of its storage, without those declared to be the machine's own.
///
/// The kernel's own mounts of tmpfs and hugetlbfs (memfd, shared memory) do not count writers, so
/// files there must be sealed. `crate::cache` handles page references from shared mappings.
pub fn is_stable(facts: &Facts, below: Kinds) -> bool {
    !is_others(facts) && below.is_none() && (!facts.kernel_mount || facts.seals & SEALED == SEALED)
}

/// Whether each change of stable content ([`is_stable`]) shows in the inode's change counter and
/// time. FUSE and network file systems have neither. tmpfs has both, but stores through a mapping,
/// or through pages pinned by `io_uring`, leave no sign there.
#[inline(always)]
pub fn shows_changes(facts: &Facts) -> bool {
    facts.counts_changes && facts.fine_times && facts.magic != TMPFS
}

/// File systems that find the inode by the open file when they read a page.
const BY_FILE: [u64; 2] = [
    0x9660,      // ISO 9660, of compressed files
    0x1501_3346, // UDF, of files that lie in their inode
];

/// Whether no page can be read without an open file of the file system.
pub fn reads_by_file(facts: &Facts) -> bool {
    BY_FILE.contains(&facts.magic)
}

/// Whether pages can be written to storage and read again. They cannot on tmpfs, ramfs and
/// hugetlbfs, whose pages are the file, nor with DAX.
pub fn has_pages_to_drop(facts: &Facts) -> bool {
    facts.has_writeback && !facts.is_dax
}
