// SPDX-License-Identifier: GPL-2.0

//! Headers of RPM packages (type 1), as distributions sign them. All integers are big endian.
//!
//! | bytes | field |
//! |-------|-------|
//! | 8     | magic `8e ad e8 01 00 00 00 00` |
//! | 4     | number of entries, N |
//! | 4     | size of the data, D |
//! | 16 N  | entries, each `tag u32 | type u32 | offset u32 | count u32` |
//! | D     | the data |
//!
//! The first entry is the *region*. Its data, the last 16 bytes of the region, repeat it with the
//! negated size of the region's entries as offset. The region was there when the package was built.
//! The header's signature covers it, after the magic and the region's two sizes. RPM adds entries
//! after it when it installs a package ([`Header::added`]). A list file is a header with only the
//! region, so the signature is over the file itself. [`Header::write_signed`] makes one of an
//! installed header.
//!
//! A header without the tag `SOURCERPM` (1044) is of a source package and refused: its files are
//! build input, and the vendor does not release them for execution.
//!
//! Which digests are loaded, and how:
//!
//! - those of `FILEDIGESTS` (1035) that are not empty and belong to a regular file
//!   (`FILEMODES`, 1030) that is not empty (`FILESIZES`, 1028, or `LONGFILESIZES`, 5008);
//! - of the algorithm that `FILEDIGESTALGO` (5011) names: SHA-256, SHA-384 or SHA-512; without it
//!   they are MD5 and refused;
//! - as mutable if the file has a write bit and neither execute, set-user-id, set-group-id nor
//!   sticky bit, or if `FILEFLAGS` (1037) mark it as configuration or as ghost; otherwise as
//!   immutable.
//!
//! RPM's rules for entries are enforced, and rules that hold for every header that RPM wrote: tags
//! ascend, data are in the order of the tags without overlap, and padding is zero.
//!
//! Sources: `lib/header.c` and `docs/manual/format_header.md` of RPM.

pub mod base64;
pub mod entry;
pub mod files;
pub mod header;
pub mod list;
pub mod package;

pub use files::{
    File,
    Files, //
};
pub use header::{
    Frame,
    Header,
    Name,
    StoredSignature, //
};
pub use list::{
    Entries,
    List, //
};
pub use package::Package;

/// The tags that are read.
pub mod tag {
    /// The region of a header.
    pub const HEADER_IMMUTABLE: u32 = 63;
    /// The DSA signature of a header.
    pub const DSA_HEADER: u32 = 267;
    /// The RSA signature of a header.
    pub const RSA_HEADER: u32 = 268;
    /// Signatures of a header, in base64.
    pub const OPENPGP: u32 = 278;
    /// The name of a package.
    pub const NAME: u32 = 1000;
    /// The version of a package.
    pub const VERSION: u32 = 1001;
    /// The release of a package.
    pub const RELEASE: u32 = 1002;
    /// The architecture of a package.
    pub const ARCH: u32 = 1022;
    /// The sizes of files, in 32 bits.
    pub const FILE_SIZES: u32 = 1028;
    /// The modes of files.
    pub const FILE_MODES: u32 = 1030;
    /// The source package that a binary package was built from; source packages have none.
    pub const SOURCE_RPM: u32 = 1044;
    /// The digests of files.
    pub const FILE_DIGESTS: u32 = 1035;
    /// The flags of files.
    pub const FILE_FLAGS: u32 = 1037;
    /// The number of each file's directory.
    pub const DIR_INDEXES: u32 = 1116;
    /// The names of files in their directories.
    pub const BASE_NAMES: u32 = 1117;
    /// The directories.
    pub const DIR_NAMES: u32 = 1118;
    /// The sizes of files, in 64 bits.
    pub const LONG_FILE_SIZES: u32 = 5008;
    /// The algorithm of the digests of files.
    pub const FILE_DIGEST_ALGO: u32 = 5011;
}
