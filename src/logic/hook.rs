// SPDX-License-Identifier: GPL-2.0

//! What an event at a hook is, told from the facts that the kernel passes.

/// The keyring that the kernel's blacklist is. User space can give no keyring a name with a dot in
/// front.
const BLACKLIST: &[u8] = b".blacklist";

/// What a key that was added to a keyring changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEvent<'a> {
    /// The kernel's blacklist has grown.
    Blacklisted,
    /// A keyring of this name has one more key that can verify signatures.
    Added(&'a [u8]),
    /// Nothing that counts.
    Other,
}

impl<'a> KeyEvent<'a> {
    /// The event of a key that was added to a keyring with this name, if it has one.
    pub fn new(keyring: Option<&'a [u8]>, is_asymmetric: bool) -> Self {
        match keyring {
            Some(BLACKLIST) => Self::Blacklisted,
            Some(name) if is_asymmetric => Self::Added(name),
            _ => Self::Other,
        }
    }
}

/// Whether a mapping has another content than a read of the file `user`, through which it was made:
/// a stacked file system maps the pages of another file.
///
/// `user_real` is the inode that a read of `user` reads, and `backing_real` that of which pages are
/// mapped; it is asked for only where it counts. overlayfs reads the upper file once there is one,
/// and maps the lower one if it was open before. File systems that share pages between equal files
/// (erofs) map other inodes as well, but have one content.
pub fn maps_another_content<I: PartialEq>(
    user: I,
    user_real: I,
    backing_real: impl FnOnce() -> I,
) -> bool {
    user_real != user && user_real != backing_real()
}
