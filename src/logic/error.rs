// SPDX-License-Identifier: GPL-2.0

//! Why an input was refused.
//!
//! One small enum for every format and for the digest table. It carries no position and no text of
//! the input; turning a cause into an errno or into a log line is the caller's business.

use crate::openpgp::algo::{
    PublicKeyAlgo,
    WeakHash, //
};

/// Declares the causes, each once: with an example of what it carries, if anything, and so that
/// none is missing in [`Error::ALL`].
macro_rules! causes {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$doc:meta])* $variant:ident $(($carried:ty = $example:expr))?,)*
    }) => {
        $(#[$meta])*
        pub enum $name {
            $($(#[$doc])* $variant $(($carried))?,)*
        }

        impl $name {
            /// Every cause, for tools that turn an errno back into one.
            pub const ALL: [Self; [$(stringify!($variant)),*].len()] =
                [$(Self::$variant $(($example))?),*];
        }
    };
}

causes! {
    /// Why an input was refused or an operation could not be done.
    ///
    /// Every variant has an errno of its own at the edge to the kernel.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Error {
        /// The input ends inside a field.
        Truncated,
        /// Something follows where the input should end.
        TrailingBytes,
        /// A length field contradicts the fields it covers.
        BadLength,
        /// A hash algorithm that is not known here.
        UnknownAlgorithm,
        /// A hash algorithm that is known and too weak to identify content (MD4, MD5, SHA-1).
        WeakAlgorithm,
        /// The blocks of one list use different hash algorithms.
        MixedAlgorithms,
        /// A digest that is not as long as its algorithm says.
        BadDigestSize,
        /// A string that does not end with NUL.
        MissingNul,
        /// A path that is empty, relative, or has a NUL before its end.
        BadPath,
        /// A path or an event name longer than `PATH_MAX`.
        NameTooLong,
        /// A reference longer than [`crate::metadata::MAX_REF_ID`].
        LongReference,
        /// A list type that no version of the format defines.
        UnknownListType,
        /// A block of a compact list that is neither immutable, mutable nor revoked.
        UnknownEntryId,
        /// A reserved field that is not zero.
        ReservedNotZero,
        /// More entries than the digest table can number.
        TooManyEntries,
        /// Nothing where at least one entry is required.
        Empty,
        /// A character that is not a hexadecimal digit, or an odd number of them.
        BadHex,
        /// The output does not fit the buffer.
        BufferTooSmall,
        /// The index of the digest table has to grow first.
        IndexFull,
        /// A template record that is not as this module writes it.
        BadTemplate,
        /// The data do not start as their format does.
        BadMagic,
        /// A version of a format that cannot be read here.
        BadVersion,
        /// A block of a compact list with the 16-byte header that is of something else than files.
        UnsupportedBlockType,
        /// A field of a TLV list that is unknown, repeated, missing or out of order.
        UnexpectedField,
        /// An entry of an RPM header's index whose type, alignment, order or range is wrong.
        BadHeaderEntry,
        /// A tag of an RPM header that stands there twice.
        RepeatedTag,
        /// The region tag of an RPM header is missing or wrong, or does not cover the whole header.
        BadRegion,
        /// An RPM header without any digest of a file.
        NoFileDigests,
        /// An RPM header that names no algorithm of its digests, which means MD5.
        NoFileDigestAlgorithm,
        /// The tables of files of an RPM header differ in length or do not fit each other.
        FileTableMismatch,
        /// A signature of none of the known formats.
        UnknownSignature,
        /// A signature whose encoding is wrong.
        BadSignature,
        /// An OpenPGP packet of version 6.
        OpenPgpVersion6,
        /// An OpenPGP signature of something else than a document.
        SignatureOfOtherKind,
        /// A signature of an algorithm that the kernel cannot verify.
        UnverifiableSignature(PublicKeyAlgo = PublicKeyAlgo::Unknown),
        /// A signature over a weak hash.
        WeakSignatureHash(WeakHash = WeakHash::Sha1),
        /// An OpenPGP signature with a condition that is not understood here.
        CriticalSubpacket,
        /// A public key whose encoding is wrong.
        BadKey,
        /// An RSA key of less than 2048 bits.
        WeakKey,
        /// A certificate whose `extendedKeyUsage` is for something else than signing code or lists.
        OtherPurpose,
        /// A certificate with a critical extension that is not understood here.
        CriticalExtension,
        /// The header of an RPM package of sources.
        SourcePackage,
        /// The name of a list is empty, too long, or has something else than printable characters.
        BadListName,
        /// A list of this name with a higher serial number was loaded before.
        OlderSerial,
        /// A list of this name and serial number with other content was loaded before.
        SameSerial,
    }
}

/// A result whose error is [`Error`].
pub type Result<T = (), E = Error> = core::result::Result<T, E>;

impl Error {
    /// The cause in one line, for the log and for user space.
    pub const fn cause(self) -> &'static str {
        match self {
            Self::Truncated => "the data ends inside a field",
            Self::TrailingBytes => "unexpected bytes after the end of the data",
            Self::BadLength => "a length field contradicts what it covers",
            Self::UnknownAlgorithm => "unknown hash algorithm",
            Self::WeakAlgorithm => "hash algorithm too weak (MD4, MD5 or SHA-1)",
            Self::MixedAlgorithms => "more than one hash algorithm in one list",
            Self::BadDigestSize => "a digest has the wrong size for its algorithm",
            Self::MissingNul => "a string does not end with NUL",
            Self::BadPath => "a path is empty, relative or has a NUL inside",
            Self::NameTooLong => "a path is longer than 4095 bytes",
            Self::LongReference => "a reference is longer than 4096 bytes",
            Self::UnknownListType => "unknown list type",
            Self::UnknownEntryId => "unknown entry id in a compact list",
            Self::ReservedNotZero => "a reserved field is not zero",
            Self::TooManyEntries => "too many digests",
            Self::Empty => "no entry where at least one is required",
            Self::BadHex => "not a hexadecimal digest",
            Self::BufferTooSmall => "the buffer is too small for the output",
            Self::IndexFull => "the index of the digest table is full",
            Self::BadTemplate => "not a template record of this module",
            Self::BadMagic => "the data do not start as their format does",
            Self::BadVersion => "version not supported",
            Self::UnsupportedBlockType => "a block of the list is not of files",
            Self::UnexpectedField => {
                "a field of the list is unknown, repeated, missing or out of order"
            }
            Self::BadHeaderEntry => "malformed index entry in the RPM header",
            Self::RepeatedTag => "a tag stands twice in the RPM header",
            Self::BadRegion => {
                "the region of the RPM header is missing, wrong or not the whole header"
            }
            Self::NoFileDigests => "the RPM header has no file digests",
            Self::NoFileDigestAlgorithm => {
                "the RPM header names no digest algorithm, which means MD5: too weak"
            }
            Self::FileTableMismatch => "the file tables of the RPM header do not fit each other",
            Self::UnknownSignature => "the signature is neither PKCS#7, IMA version 2 nor OpenPGP",
            Self::BadSignature => "malformed signature",
            Self::OpenPgpVersion6 => "OpenPGP version 6 is not supported",
            Self::SignatureOfOtherKind => "the OpenPGP signature is not one of a document",
            Self::UnverifiableSignature(algo) => algo.unverifiable(),
            Self::WeakSignatureHash(hash) => hash.refused(),
            Self::CriticalSubpacket => {
                "the OpenPGP signature has a critical condition that is unknown here"
            }
            Self::BadKey => "malformed public key",
            Self::WeakKey => "RSA key shorter than 2048 bits",
            Self::OtherPurpose => {
                "the certificate's extendedKeyUsage is neither for signing code nor for lists"
            }
            Self::CriticalExtension => {
                "the certificate has a critical extension that is unknown here"
            }
            Self::SourcePackage => "the RPM header is that of a source package",
            Self::BadListName => "the name of the list is not 1 to 64 printable characters",
            Self::OlderSerial => {
                "a list of the same name and signer with a higher serial number was loaded before"
            }
            Self::SameSerial => {
                "another list of the same name, signer and serial number was loaded before"
            }
        }
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.cause())
    }
}

impl core::error::Error for Error {}
