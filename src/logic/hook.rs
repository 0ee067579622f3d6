// SPDX-License-Identifier: GPL-2.0

//! The meaning of events at hooks, from facts that the kernel passes.

/// The kernel's blacklist keyring. User space cannot make keyrings whose names begin with a dot.
const BLACKLIST: &[u8] = b".blacklist";

/// What an added key changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEvent<'a> {
    /// The kernel's blacklist has grown.
    Blacklisted,
    /// A keyring of this name has another key that can verify signatures.
    Added(&'a [u8]),
    /// Nothing that matters.
    Other,
}

impl<'a> KeyEvent<'a> {
    /// The event of a key added to a keyring with this name, if it has one.
    pub fn new(keyring: Option<&'a [u8]>, is_asymmetric: bool) -> Self {
        match keyring {
            Some(BLACKLIST) => Self::Blacklisted,
            Some(name) if is_asymmetric => Self::Added(name),
            _ => Self::Other,
        }
    }
}

/// Whether an ioctl of a regular file gives parts of files other storage, below cached pages that
/// may differ from it:
/// - `EXT4_IOC_MOVE_EXT` and `F2FS_IOC_MOVE_RANGE` leave the cached pages of one of the files;
/// - `FIDEDUPERANGE` compares cached pages, and needs no file that is open for writing;
/// - `F2FS_IOC_START_ATOMIC_WRITE` and `F2FS_IOC_START_ATOMIC_REPLACE` have what is written stored
///   elsewhere until it is committed. What is not goes when the task that asked exits, which may be
///   long after the last writer has closed the file.
///
/// Group and number tell them; the size that `cmd` has as well differs for 32-bit tasks.
pub const fn remaps(cmd: u32) -> bool {
    matches!(cmd & 0xffff, 0x660f | 0xf501 | 0xf509 | 0xf519 | 0x9436)
}

/// Whether a mapping has another content than a read of the file `user`: a stacked file system maps
/// pages of another file.
///
/// `user_real` is the inode that a read of `user` reads, `backing_real` the inode whose pages are
/// mapped (called only if needed). overlayfs reads the upper file once there is one, but maps the
/// lower file if it was opened before. File systems that share pages between equal files (erofs)
/// map other inodes with the same content.
pub fn maps_another_content<I: PartialEq>(
    user: I,
    user_real: I,
    backing_real: impl FnOnce() -> I,
) -> bool {
    user_real != user && user_real != backing_real()
}
