// SPDX-License-Identifier: GPL-2.0

//! Why a request, a list, a signature or a policy is refused: the one table of causes.
//!
//! A row has the cause, its errno and its text. The module returns the errno and logs the text.
//! `digestctl` finds the texts by the errno. `tests/host/tests/errors.rs` compares the tables in
//! `Documentation/abi.md` and `Documentation/signatures.md` with the rows. Refusals by the kernel
//! (a missing file, a capability, memory) have no row. A cause has no position and no text of the
//! input.

use crate::{
    errno::Errno,
    openpgp::algo::{
        PublicKeyAlgo,
        WeakHash, //
    }, //
};

/// What a cause of refusal is about; a section of the tables in `Documentation/abi.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The bytes of metadata, lists, signatures and digests.
    Format,
    /// The bytes of metadata.
    Metadata,
    /// A file that the module reads for a request.
    File,
    /// The bytes of a list, and what is loaded already.
    List,
    /// The bytes of an RPM header.
    Header,
    /// The bytes and the algorithm of a signature or a key.
    Signature,
    /// Whether a signature or a key counts.
    Trust,
    /// A request that cannot be served in the present state.
    Request,
    /// A policy, its text or what it would do.
    Policy,
    /// What callers inside the module handle; it never reaches user space.
    Internal,
}

/// Declares the causes from rows, below a line with their layer. A cause with a value names an
/// example for [`Cause::ALL`], and how its text follows from the value.
macro_rules! causes {
    ($($layer:ident {
        $($variant:ident $(($carried:ident: $type:ty = $example:expr, $text_of:expr))?,
            $errno:ident, $text:literal;)*
    })*) => {
        /// Why something is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cause {
            $($(#[doc = $text] $variant $(($type))?,)*)*
        }

        impl Cause {
            /// Every cause, in the order of the table.
            pub const ALL: [Self; [$($(stringify!($variant)),*),*].len()] =
                [$($(Self::$variant $(($example))?),*),*];

            /// What it is about.
            pub const fn layer(self) -> Layer {
                match self {
                    $($(Self::$variant { .. } => Layer::$layer,)*)*
                }
            }

            /// Its errno, part of the ABI.
            pub const fn errno(self) -> Errno {
                match self {
                    $($(Self::$variant { .. } => Errno::$errno,)*)*
                }
            }

            /// The row's text, in one line, without what the cause carries.
            pub const fn row(self) -> &'static str {
                match self {
                    $($(Self::$variant { .. } => $text,)*)*
                }
            }

            /// The text for the kernel log and for users.
            pub const fn text(self) -> &'static str {
                match self {
                    $($($(Self::$variant($carried) => $text_of,)?)*)*
                    _ => self.row(),
                }
            }
        }
    };
}

causes! {
    Format {
        Truncated, ENODATA, "the data ends inside a field";
        TrailingBytes, EOVERFLOW, "unexpected bytes after the end of the data";
        BadLength, EBADMSG, "a length field contradicts what it covers";
        UnknownAlgorithm, ENOPKG, "unknown hash algorithm";
        WeakAlgorithm, EKEYREJECTED, "hash algorithm too weak (MD4, MD5 or SHA-1)";
        BadDigestSize, EMSGSIZE, "a digest has the wrong size for its algorithm";
        BadHex, EBADE, "not a hexadecimal digest";
        MissingNul, EILSEQ, "a string does not end with NUL";
        ReservedNotZero, EDOM, "a reserved field is not zero";
        Empty, ENOMSG, "no entry where at least one is required";
        BadMagic, ELIBBAD, "the data do not start as their format does";
        BadVersion, EPROTONOSUPPORT, "version not supported";
    }
    Metadata {
        UnknownListType, EPROTOTYPE, "unknown list type";
        BadPath, EBADR, "a path is empty, relative or has a NUL inside";
        NameTooLong, ENAMETOOLONG, "a path is longer than 4095 bytes";
        LongReference, E2BIG, "a reference is longer than 4096 bytes";
    }
    File {
        OtherFile, ESTALE, "the file is not the list that the metadata describe";
        ListTooLarge, EFBIG, "larger than max_list_size";
        MetadataTooLarge, EFBIG, "larger than the 16 MiB that metadata may have";
        KeyFileTooLarge, EFBIG, "larger than the 1 MiB of a key file, or the 64 KiB of its signature";
    }
    List {
        MixedAlgorithms, EMEDIUMTYPE, "more than one hash algorithm in one list";
        UnknownEntryId, EPROTO, "unknown entry id in a compact list";
        UnsupportedBlockType, ESOCKTNOSUPPORT, "a block of the list is not of files";
        UnexpectedField, ENOPROTOOPT,
            "a field of the list is unknown, repeated, missing or out of order";
        TooManyEntries, ENOSPC, "too many digests";
        MemoryLimit, EDQUOT, "the digests would take more memory than max_digest_memory";
        BadListName, ENOTNAM, "the name of the list is not 1 to 64 printable characters";
        OlderSerial, ESTALE,
            "a list of the same name and signer with a higher serial number was loaded before";
        SameSerial, EEXIST,
            "another list of the same name, signer and serial number was loaded before";
    }
    Header {
        BadHeaderEntry, EBADFD, "malformed index entry in the RPM header";
        RepeatedTag, ENOTUNIQ, "a tag stands twice in the RPM header";
        BadRegion, EBADRQC,
            "the region of the RPM header is missing, wrong or not the whole header";
        SourcePackage, EISNAM, "the RPM header is that of a source package";
        NoFileDigests, ENOMEDIUM, "the RPM header has no file digests";
        NoFileDigestAlgorithm, EDESTADDRREQ,
            "the RPM header names no digest algorithm, which means MD5: too weak";
        FileTableMismatch, ELIBSCN, "the file tables of the RPM header do not fit each other";
    }
    Signature {
        UnknownSignature, EPFNOSUPPORT,
            "the signature is neither PKCS#7, IMA version 2 nor OpenPGP";
        BadSignature, EBFONT, "malformed signature";
        OpenPgpVersion6, EAFNOSUPPORT, "OpenPGP version 6 is not supported";
        SignatureOfOtherKind, EBADSLT, "the OpenPGP signature is not one of a document";
        CriticalSubpacket, ESTRPIPE,
            "the OpenPGP signature has a critical condition that is unknown here";
        UnverifiableSignature(algo: PublicKeyAlgo = PublicKeyAlgo::Unknown, algo.unverifiable()),
            ELIBMAX, "the kernel cannot verify signatures of this algorithm";
        WeakSignatureHash(hash: WeakHash = WeakHash::Sha1, hash.refused()),
            ENAVAIL, "the signature is over MD5, SHA-1 or RIPEMD-160: too weak";
        BadKey, ELIBACC, "malformed public key";
        WeakKey, ENOSR, "RSA key shorter than 2048 bits";
        OtherPurpose, ENOANO,
            "the certificate's extendedKeyUsage is neither for signing code nor for lists";
        CriticalExtension, ENOCSI,
            "the certificate has a critical extension that is unknown here";
    }
    Trust {
        Unsigned, EACCES, "the list is not signed";
        UnknownKey, ENOKEY, "no trusted key has this identifier";
        DoesNotVerify, EREMCHG, "the signature does not verify";
        KeyExpired, EKEYEXPIRED, "the key has expired";
        SignedAfterExpiry, EKEYEXPIRED,
            "the signature was made after the validity of the certificate had ended";
        KeyNotYetValid, ETIME, "the key is not valid yet, by this system's clock";
        SignedBeforeValidity, ETIME,
            "the signature was made before the validity of the certificate began";
        KeyRevoked, EKEYREVOKED, "the key was revoked";
        Blacklisted, ERFKILL, "blacklisted by the kernel";
        KeyUsage, EUNATCH, "the certificate does not allow its key this use";
        NotDedicated, ECHRNG,
            "the signature counts only by a key whose certificate dedicates it to lists";
        HeadersOnly, EL2NSYNC, "the key came in an OpenPGP certificate, and signs RPM headers only";
        Issuer, ENOLINK,
            "a key that vouches for the key was revoked or blacklisted, was not valid, or may not vouch for it";
        MachineKeyring, EADV,
            "only a key of the kernel's secondary or machine keyring vouches, without trust_machine_keyring=1";
        CertificateMissing, EREMOTE,
            "a key of the kernel's keyrings signs only with its certificate in the message";
    }
    Request {
        NotRunning, EAGAIN, "the module is still starting";
        NotLoaded, ENOENT, "no such list is loaded";
        NotOne, EINVAL, "takes only 1";
        BadKeyId, EBADE, "not the identifier of a key: 8 to 64 bytes in hexadecimal digits";
        WouldUnrevoke, EBUSY,
            "revokes what no other list revokes, which cannot be undone while files are appraised";
    }
    Policy {
        PolicyWord, EINVAL,
            "the language has no such word, or the option cannot take this value";
        PolicyConflict, EDOM, "these words cannot stand together in one rule";
        PolicyUnserved, EOPNOTSUPP, "the module does not serve this part of the language";
        PolicyLine, EFBIG, "a line is longer than 4095 bytes";
        PolicyTooLarge, EFBIG, "larger than the 1 MiB that a policy may have";
        PolicyEncoding, EILSEQ, "the text is not UTF-8";
        PcrInUse, EBUSY, "the firmware, the boot loader or IMA extend this PCR";
        PcrUnsuitable, EADDRNOTAVAIL,
            "root can reset this PCR, or a running system cannot extend it";
        PolicyLocked, EACCES, "the module was loaded with policy_lock=1";
        Denied, EACCES, "denied by a rule of the policy in force; the audit record has the cause";
        LockOut, EDEADLK, "the policy would deny files that running processes use";
        ManyInUse, E2BIG,
            "the policy appraises files, and more are in use than the module asks about";
    }
    Internal {
        BufferTooSmall, ENOBUFS, "the buffer is too small for the output";
        IndexFull, EXFULL, "the index of the digest table is full";
        BadTemplate, EUCLEAN, "not a template record of this module";
    }
}

/// A result whose error is a [`Cause`].
pub type Result<T = (), E = Cause> = core::result::Result<T, E>;

impl core::fmt::Display for Cause {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Cause {}
