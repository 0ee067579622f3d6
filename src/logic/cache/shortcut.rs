// SPDX-License-Identifier: GPL-2.0

//! Which accesses the shortcut may answer: those that depend only on a few words that can be
//! compared.

use crate::storage::{
    shows_changes,
    Facts, //
};

/// The state of an open file.
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
    /// Whether the inode has the file's content, as far as the open file tells.
    #[inline(always)]
    pub fn is_eligible(&self) -> bool {
        self.is_regular && !self.is_writable && !self.is_direct && !self.has_writers
    }
}

/// How accesses reach the content of a file.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Whether the content is in a file of another file system, whose inode must be searched for.
    pub is_stacked: bool,
    /// Whether the mount maps owners.
    pub is_idmapped: bool,
    /// The file system. Only the facts for [`shows_changes`] are used.
    pub storage: Facts,
}

impl Way {
    /// Whether every change shows in the inode.
    #[inline(always)]
    pub fn is_eligible(&self) -> bool {
        !self.is_stacked && !self.is_idmapped && shows_changes(&self.storage)
    }
}

/// The subject of an access.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Real, effective and saved user id.
    pub uids: [u32; 3],
    /// Real, effective and saved group id.
    pub gids: [u32; 3],
}

impl Subject {
    /// The user and the group, if the three ids of each are equal.
    #[inline(always)]
    pub fn one(&self) -> Option<(u32, u32)> {
        let [uid, euid, suid] = self.uids;
        let [gid, egid, sgid] = self.gids;
        (uid == euid && uid == suid && gid == egid && gid == sgid).then_some((uid, gid))
    }
}
