// SPDX-License-Identifier: GPL-2.0

//! The fields of an inode that a change of its content alters: their one encoding.

/// The signs of change of an inode, at one moment.
///
/// Two of them are equal only if the content is the same, given that change tracking was armed
/// before the first one was taken (the change counter and the time stamp then both move with the
/// next change), and that the content did not change by a way that leaves no sign. Of these ways
/// the count of closes tells ([`super::Stamp`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// The change counter (`i_version`).
    pub version: u64,
    /// The time of the last change: seconds in the upper 34 bits, nanoseconds in the lower 30.
    pub ctime: u64,
    /// The generation of the inode, which tells its successors on disk apart, with the size folded
    /// in.
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
