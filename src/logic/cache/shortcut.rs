// SPDX-License-Identifier: GPL-2.0

//! Which accesses may be answered without a look at policy, lists and results: those of which all
//! that they depend on shows in a few words that can be compared.

use crate::storage::{
    shows_changes,
    Facts, //
};

/// An open file, by itself.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    /// Whether it is a regular file.
    pub is_regular: bool,
    /// Whether it is open for writing.
    pub is_writable: bool,
    /// Whether it is open for direct I/O, past the page cache.
    pub is_direct: bool,
    /// Whether any task has the inode open for writing.
    pub has_writers: bool,
}

impl Opened {
    /// Whether the file's content is what its inode shows, as far as the open file tells.
    #[inline(always)]
    pub fn is_eligible(&self) -> bool {
        self.is_regular && !self.is_writable && !self.is_direct && !self.has_writers
    }
}

/// The way by which accesses reach the content of a file.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Whether the content is in a file of another file system, whose inode would have to be
    /// searched for.
    pub is_stacked: bool,
    /// Whether the mount maps owners.
    pub is_idmapped: bool,
    /// The file system; only what [`shows_changes`] asks for counts.
    pub storage: Facts,
}

impl Way {
    /// Whether every change shows in the inode.
    #[inline(always)]
    pub fn is_eligible(&self) -> bool {
        !self.is_stacked && !self.is_idmapped && shows_changes(&self.storage)
    }
}

/// The one who accesses a file.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Real, effective and saved user id.
    pub uids: [u32; 3],
    /// Real, effective and saved group id.
    pub gids: [u32; 3],
}

impl Subject {
    /// The user and the group, if there is one of each.
    #[inline(always)]
    pub fn one(&self) -> Option<(u32, u32)> {
        let [uid, euid, suid] = self.uids;
        let [gid, egid, sgid] = self.gids;
        (uid == euid && uid == suid && gid == egid && gid == sgid).then_some((uid, gid))
    }
}
