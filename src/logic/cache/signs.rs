// SPDX-License-Identifier: GPL-2.0

//! The fields of an inode that change with its content, and their encoding.

/// The signs of change of an inode, at one moment.
///
/// Equal signs mean equal content under two conditions:
/// - Change tracking was armed before the first signs were read. Then the change counter and the
///   time move with the next change.
/// - The content did not change in a way that leaves no sign. The count of closes covers those ways
///   ([`super::Stamp`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// The change counter (`i_version`).
    pub version: u64,
    /// The time of the last change: seconds in the upper 34 bits, nanoseconds in the lower 30.
    pub ctime: u64,
    /// The generation of the inode number on disk, combined with the size.
    pub shape: u32,
}

impl Signs {
    /// The signs made of the fields of `struct inode`; `nsec` is below 10^9.
    pub const fn new(version: u64, sec: i64, nsec: u32, size: i64, generation: u32) -> Self {
        // CAST: Bit patterns are compared, not values.
        let (sec, size) = (sec as u64, size as u64);
        Self {
            version,
            ctime: (sec << 30) | nsec as u64,
            // CAST: Both halves count.
            shape: generation ^ size as u32 ^ (size >> 32) as u32,
        }
    }
}
