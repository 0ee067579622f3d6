// SPDX-License-Identifier: GPL-2.0

//! Which file systems, and which storage below them, keep content as this kernel's writers left it.
//!
//! A result about a file is worth something later only if every change since would have shown. That
//! holds where all changes pass this kernel's file system. It does not hold where a server decides
//! what each read returns, nor where the storage itself has another writer: the owner of the file
//! behind a loop device, a server on the network, a process that serves a disk, the next machine
//! into which a stick is plugged.
//!
//! The caller gathers facts; what follows from them is decided here, and nowhere else:
//!
//! | question | answered by | decides |
//! |---|---|---|
//! | Is what was read what the next reader reads? | [`is_stable`] | whether being known counts |
//! | Does a change show in the inode? | [`shows_changes`], of stable content | whether a result is kept |
//! | Are there pages before storage? | [`has_pages_to_drop`] | whether stale references to pages can be cut |

/// Kinds of storage that somebody else than this kernel's root may change.
///
/// # Invariants
///
/// Only bits of [`WORDS`] are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u32);

/// The words of the parameter `own_storage`, and what each stands for.
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
    /// What is plugged in and out.
    pub const REMOVABLE: Self = Self(1 << 2);
    /// A process of user space.
    pub const USER: Self = Self(1 << 3);
    /// It cannot be told.
    pub const UNKNOWN: Self = Self(1 << 4);

    /// The kinds that a list of words joined by `,` names; an empty one names none.
    ///
    /// # Errors
    ///
    /// The first word that names none.
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

    /// Those and `other`.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are not in `other`.
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

/// What is known of a disk.
#[derive(Clone, Copy, Debug)]
pub struct Disk<'a> {
    /// Its name in `/sys/block`.
    pub name: &'a [u8],
    /// Its place in sysfs, from `/devices` on: the buses that lead to it.
    pub path: &'a [u8],
    /// Whether its medium, or a device on the way to it, is removable.
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

/// Names of devices on the way to a disk, up to the number: an iSCSI session, a remote port of
/// Fibre Channel, a local target without hardware (`tcm_loop`), a USB bus, a node of FireWire.
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

/// The kind of storage that a disk is, apart from the disks that it is made of.
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

/// What is known of a file system, and of one inode in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Magic number of the file system.
    pub magic: u64,
    /// Whether the file system says that signatures over its files mean nothing later
    /// (`SB_I_IMA_UNVERIFIABLE_SIGNATURE`).
    pub unverifiable: bool,
    /// Whether the mount is the kernel's own, on which writers are not counted.
    pub kernel_mount: bool,
    /// What the file's owner has forbidden (`F_GET_SEALS`).
    pub seals: u32,
    /// Whether the file system's type is mounted from a device.
    pub needs_device: bool,
    /// Whether it has a block device, or flash.
    pub has_device: bool,
    /// Whether each change counts up a number in the inode.
    pub counts_changes: bool,
    /// Whether time stamps tell any two changes apart.
    pub fine_times: bool,
    /// Whether dirty pages are written to storage.
    pub has_writeback: bool,
    /// Whether storage is mapped itself, without pages before it.
    pub is_dax: bool,
}

/// Shrinking is forbidden (`F_SEAL_SHRINK`).
const SEAL_SHRINK: u32 = 2;
/// Writing is forbidden (`F_SEAL_WRITE`).
const SEAL_WRITE: u32 = 8;
/// What keeps a file as it is where writers are not counted.
const SEALED: u32 = SEAL_WRITE | SEAL_SHRINK;

const TMPFS: u64 = 0x0102_1994;

/// File systems whose content others change: servers, other machines of a cluster, the host of a
/// virtual machine; or what the files of a lower file system hold, which can be written there
/// (eCryptfs).
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

/// Whether others than this kernel decide what the file system's files hold, whatever storage is
/// below.
pub fn is_others(facts: &Facts) -> bool {
    facts.unverifiable || OTHERS.contains(&facts.magic)
}

/// The kinds of storage below a file system whose disks are of the kinds `disks`. A file system
/// that needs a device and has none was mounted from a file.
pub fn kinds_below(facts: &Facts, disks: Kinds) -> Kinds {
    if facts.needs_device && !facts.has_device {
        disks.and(Kinds::LOOP)
    } else {
        disks
    }
}

/// Whether what was read is what the next reader reads, as long as nobody opens the file for
/// writing, given that its storage is of the kinds `below`, those that the administrator called the
/// machine's own left out.
///
/// On the kernel's own mounts of tmpfs and hugetlbfs (memfd, shared memory) writers are not
/// counted: there the file must be sealed. References to pages from shared mappings are another
/// question (`crate::cache`).
pub fn is_stable(facts: &Facts, below: Kinds) -> bool {
    !is_others(facts) && below.is_none() && (!facts.kernel_mount || facts.seals & SEALED == SEALED)
}

/// Whether every change of content that passes the file system shows in the inode's change counter
/// and time; all changes do where the content is stable ([`is_stable`]). FUSE and network file
/// systems have neither. tmpfs has both, but stores through a mapping, or through pages pinned by
/// `io_uring`, leave no sign there.
#[inline(always)]
pub fn shows_changes(facts: &Facts) -> bool {
    facts.counts_changes && facts.fine_times && facts.magic != TMPFS
}

/// Whether pages in memory can be written to storage and read from there again: not so on tmpfs,
/// ramfs and hugetlbfs, whose pages are the file, nor with DAX.
pub fn has_pages_to_drop(facts: &Facts) -> bool {
    facts.has_writeback && !facts.is_dax
}
