// SPDX-License-Identifier: GPL-2.0

//! All that an access to a file depends on, as a few words that can be compared.

use super::{
    bindings,
    cred::Cred,
    file::File,
    inode::{
        signs_of,
        InodeKey, //
    }, //
};
use core::mem::MaybeUninit;
use digest_logic::cache::{
    shortcut::Subject,
    Signs, //
};

/// What an access depends on: the inode, its signs of change, and the subject's ids. Accesses of
/// the same kind with equal witnesses have the same result, unless policy, lists or the count of
/// closes changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Witness {
    /// The inode.
    pub(crate) key: InodeKey,
    /// Its signs of change.
    pub(crate) signs: Signs,
    /// Group and user in the initial user namespace.
    pub(crate) ids: u64,
}

impl Witness {
    /// The witness of an access to `file`. None if the access depends on more; see
    /// [`digest_logic::cache::shortcut`]. Takes no lock, does not sleep.
    #[inline(always)]
    pub(crate) fn of(file: &File, cred: Cred<'_>) -> Option<Self> {
        if !file.opened().is_eligible() {
            return None;
        }
        let way = file.way();
        if !way.is_eligible() {
            return None;
        }
        let mut signs = MaybeUninit::<bindings::diglist_signs>::uninit();
        let inode = file.own_inode();
        // SAFETY: The open file keeps its inode, and `signs` is valid for writes. The call writes
        // every field.
        let (current, signs) = unsafe {
            let current = bindings::diglist_access(inode.as_ptr(), signs.as_mut_ptr());
            (current, signs.assume_init_ref())
        };
        let cred = cred.or(current);
        // SAFETY: The credentials are alive and do not change once in use.
        let subject = unsafe {
            Subject {
                uids: [(*cred).uid.val, (*cred).euid.val, (*cred).suid.val],
                gids: [(*cred).gid.val, (*cred).egid.val, (*cred).sgid.val],
            }
        };
        let (uid, gid) = subject.one()?;
        Some(Self {
            key: inode.key(),
            signs: signs_of(signs),
            ids: u64::from(gid) << 32 | u64::from(uid),
        })
    }
}
