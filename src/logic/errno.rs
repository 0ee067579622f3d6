// SPDX-License-Identifier: GPL-2.0

//! One errno per cause, so that whoever writes to securityfs learns the cause from the system call
//! alone.
//!
//! The numbers are Linux's (`include/uapi/asm-generic/errno*.h`). The table is part of the ABI: see
//! `Documentation/abi.md`.

use crate::error::Error;

impl Error {
    /// The errno of this cause, positive.
    pub const fn errno(self) -> i32 {
        match self {
            Self::LongReference => 7,             // E2BIG
            Self::SameSerial => 17,               // EEXIST
            Self::TooManyEntries => 28,           // ENOSPC
            Self::ReservedNotZero => 33,          // EDOM
            Self::NameTooLong => 36,              // ENAMETOOLONG
            Self::Empty => 42,                    // ENOMSG
            Self::CriticalExtension => 50,        // ENOCSI
            Self::BadHex => 52,                   // EBADE
            Self::BadPath => 53,                  // EBADR
            Self::IndexFull => 54,                // EXFULL
            Self::OtherPurpose => 55,             // ENOANO
            Self::BadRegion => 56,                // EBADRQC
            Self::SignatureOfOtherKind => 57,     // EBADSLT
            Self::BadSignature => 59,             // EBFONT
            Self::Truncated => 61,                // ENODATA
            Self::WeakKey => 63,                  // ENOSR
            Self::UnknownAlgorithm => 65,         // ENOPKG
            Self::UnknownEntryId => 71,           // EPROTO
            Self::BadLength => 74,                // EBADMSG
            Self::TrailingBytes => 75,            // EOVERFLOW
            Self::RepeatedTag => 76,              // ENOTUNIQ
            Self::BadHeaderEntry => 77,           // EBADFD
            Self::BadKey => 79,                   // ELIBACC
            Self::BadMagic => 80,                 // ELIBBAD
            Self::FileTableMismatch => 81,        // ELIBSCN
            Self::UnverifiableSignature(_) => 82, // ELIBMAX
            Self::MissingNul => 84,               // EILSEQ
            Self::CriticalSubpacket => 86,        // ESTRPIPE
            Self::NoFileDigestAlgorithm => 89,    // EDESTADDRREQ
            Self::BadDigestSize => 90,            // EMSGSIZE
            Self::UnknownListType => 91,          // EPROTOTYPE
            Self::UnexpectedField => 92,          // ENOPROTOOPT
            Self::BadVersion => 93,               // EPROTONOSUPPORT
            Self::UnsupportedBlockType => 94,     // ESOCKTNOSUPPORT
            Self::UnknownSignature => 96,         // EPFNOSUPPORT
            Self::OpenPgpVersion6 => 97,          // EAFNOSUPPORT
            Self::BufferTooSmall => 105,          // ENOBUFS
            Self::OlderSerial => 116,             // ESTALE
            Self::BadTemplate => 117,             // EUCLEAN
            Self::BadListName => 118,             // ENOTNAM
            Self::WeakSignatureHash(_) => 119,    // ENAVAIL
            Self::SourcePackage => 120,           // EISNAM
            Self::NoFileDigests => 123,           // ENOMEDIUM
            Self::MixedAlgorithms => 124,         // EMEDIUMTYPE
            Self::WeakAlgorithm => 129,           // EKEYREJECTED
        }
    }
}
