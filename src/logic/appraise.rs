// SPDX-License-Identifier: GPL-2.0

//! Whether a file satisfies an `appraise` rule, given the facts about it.
//!
//! The file's own reference value, `security.ima`, comes first. If it does not suffice and the rule
//! has `digest_list`, the signed lists that have the digest count:
//!
//! | `security.ima` | list says immutable | list says mutable | no list has it |
//! |----------------|---------------------|-------------------|----------------|
//! | good signature | signed              | signed            | signed         |
//! | good digest    | signed              | good              | good           |
//! | bad            | signed              | refused           | refused        |
//! | none           | signed              | good              | refused        |
//!
//! *signed* satisfies `appraise_type=imasig`. A digest that a list revokes, or that is in the
//! kernel's blacklist, is refused in any case.

use crate::{
    hash_algo::HashAlgo,
    list::Kind,
    policy::Appraise, //
};
use core::ffi::CStr;

/// Declares the causes from rows `Variant = word, what it is about;`, each with its description.
macro_rules! denials {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $about:ident;)*) => {
        /// Why a file is denied to a rule that appraises it: the `cause` of an audit record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Denial {
            $($(#[$doc])* $variant,)*
        }

        impl Denial {
            /// The word in the audit record. It is IMA's where IMA has one.
            pub const fn name(self) -> &'static CStr {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Whether the cause is the content or the attributes of the file, not the way or the
            /// number of accesses.
            pub const fn is_of_content(self) -> bool {
                match self {
                    $(Self::$variant => denials!(@ $about),)*
                }
            }
        }
    };
    (@ content) => { true };
    (@ access) => { false };
}

denials! {
    /// No reference value, and no list has the digest.
    MissingHash = c"missing-hash", content;
    /// A signature is required and there is none.
    SignatureRequired = c"IMA-signature-required", content;
    /// The digest in `security.ima` is a different one.
    InvalidHash = c"invalid-hash", content;
    /// The signature in `security.ima` does not verify, or its key is not trusted.
    InvalidSignature = c"invalid-signature", content;
    /// The reference value uses an algorithm that is too weak, or that the rule does not allow.
    DeniedHashAlgorithm = c"denied-hash-algorithm", content;
    /// The format of `security.ima` is unknown.
    UnknownData = c"unknown-ima-data", content;
    /// A list revokes the digest.
    Revoked = c"revoked-hash", content;
    /// The kernel's blacklist keyring has the digest.
    Blacklisted = c"blacklisted-hash", content;
    /// The file is open for writing while it is being mapped.
    OpenWriters = c"open-writers", access;
    /// The content may change between the read and the use without notice: a server, or a task that
    /// holds the memory, can change it.
    UnstableContent = c"unstable-content", access;
    /// The content is in use as signed and must not be written.
    Immutable = c"immutable", access;
    /// It cannot be read.
    Failed = c"failed", access;
    /// The file is open for direct I/O, which does not use the page cache that was read.
    DirectIo = c"direct-io", access;
    /// EVM found the metadata changed.
    InvalidHmac = c"invalid-HMAC", content;
    /// EVM protects the file's metadata, and it has no label to protect.
    NoLabel = c"no-label", content;
    /// A mapping became executable, and its file is not known to be good.
    MadeExecutable = c"made-executable", access;
    /// The content came from memory of user space, not from a file.
    NoFile = c"no-file", access;
}

/// The result of checking the reference value of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// There is none.
    Absent,
    /// It matches the content.
    Good(Reference),
    /// It does not match.
    Bad(Denial),
}

/// A reference value that matches the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The algorithm of its digest.
    pub algo: HashAlgo,
    /// Whether it is a signature.
    pub signed: bool,
}

/// The facts about a file.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// Its reference value.
    pub own: Own,
    /// What the signed lists say of its digest.
    pub list: Option<Kind>,
    /// Whether it was created and its first writer still has it open.
    pub is_new: bool,
    /// Whether it is empty.
    pub is_empty: bool,
}

/// What vouches for the content of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vouchers {
    /// Its own reference value.
    pub own: Option<Reference>,
    /// A signed list: never [`Kind::Revoked`].
    pub list: Option<Kind>,
}

impl Vouchers {
    /// Whether they satisfy `rule`.
    pub fn satisfy(&self, rule: &Appraise) -> bool {
        let needs_signature = rule.kind.is_some();
        let own = self.own.is_some_and(|own| {
            (own.signed || !needs_signature)
                && rule.algos.is_none_or(|algos| algos.contains(own.algo.id()))
        });
        let list = match self.list {
            Some(Kind::Immutable) => rule.digest_list,
            Some(Kind::Mutable) => rule.digest_list && !needs_signature,
            _ => false,
        };
        own || list
    }

    /// Whether the content counts as signed, so that it must not be written.
    pub fn are_signed(&self) -> bool {
        self.list == Some(Kind::Immutable) || self.own.is_some_and(|own| own.signed)
    }
}

/// Decides by the facts about a file. A new file may pass with nothing that vouches for it.
///
/// # Errors
///
/// The reason for a refusal.
pub fn judge(rule: &Appraise, evidence: &Evidence) -> Result<Vouchers, Denial> {
    let asked = evidence.list.filter(|_| rule.digest_list);
    if asked == Some(Kind::Revoked) {
        return Err(Denial::Revoked);
    }
    let vouchers = Vouchers {
        own: match evidence.own {
            Own::Good(reference) => Some(reference),
            _ => None,
        },
        // If a mutable file has a reference value, it has changed since the list was made, or may
        // have.
        list: asked.filter(|kind| *kind == Kind::Immutable || evidence.own == Own::Absent),
    };
    if vouchers.satisfy(rule) {
        return Ok(vouchers);
    }
    match evidence.own {
        Own::Bad(denial) => Err(denial),
        Own::Absent if evidence.is_new && (rule.kind.is_none() || evidence.is_empty) => {
            Ok(Vouchers::default())
        }
        Own::Absent if rule.kind.is_none() => Err(Denial::MissingHash),
        Own::Good(own)
            if rule
                .algos
                .is_some_and(|algos| !algos.contains(own.algo.id())) =>
        {
            Err(Denial::DeniedHashAlgorithm)
        }
        Own::Absent | Own::Good(_) => Err(Denial::SignatureRequired),
    }
}
