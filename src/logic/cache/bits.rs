// SPDX-License-Identifier: GPL-2.0

//! The bits of an entry's result.

use crate::{
    appraise::Vouchers,
    list::Kind, //
};

/// There is a result.
pub(super) const VALID: u8 = 1 << 0;
/// A list knows the digest.
pub(super) const KNOWN: u8 = 1 << 1;
/// The content has an audit record.
pub(super) const AUDITED: u8 = 1 << 2;
/// The content has the digest in `security.ima`, and `own_algo` is its algorithm.
pub(super) const OWN: u8 = 1 << 3;
/// The content has the signature in `security.ima`, and `own_algo` is the algorithm of its digest.
pub(super) const OWN_SIGNED: u8 = 1 << 4;
/// A signed list says that the file may change.
pub(super) const LISTED: u8 = 1 << 5;
/// A signed list says that the file does not change.
pub(super) const LISTED_IMMUTABLE: u8 = 1 << 6;
/// What lists and keys say. It holds for one generation of the lists.
pub(super) const BY_LISTS: u8 = KNOWN | OWN | OWN_SIGNED | LISTED | LISTED_IMMUTABLE;

/// The bits for what vouches for content.
pub(super) fn flags_of(vouchers: Vouchers) -> u8 {
    let own = match vouchers.own {
        Some(own) if own.signed => OWN_SIGNED,
        Some(_) => OWN,
        None => 0,
    };
    own | match vouchers.list {
        Some(Kind::Immutable) => LISTED_IMMUTABLE,
        Some(Kind::Mutable) => LISTED,
        _ => 0,
    }
}

/// The low byte: the kernel's numbers of hash algorithms are small.
pub(super) fn low_byte(number: u16) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// The bit of `pcr` among the PCRs that records may extend. Other PCRs have no bit, so their
/// records are never taken as made.
pub(super) fn bit_of(pcr: u8) -> u8 {
    match pcr {
        8 => 1 << 0,
        11 => 1 << 1,
        12 => 1 << 2,
        13 => 1 << 3,
        14 => 1 << 4,
        15 => 1 << 5,
        16 => 1 << 6,
        23 => 1 << 7,
        _ => 0,
    }
}
