// SPDX-License-Identifier: GPL-2.0

//! The values that a rule's options take.

use super::words::{
    set,
    words, //
};

/// What an access does to a file; the numbers are the kernel's `MAY_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mask(u8);

impl Mask {
    /// `MAY_EXEC`
    pub const EXEC: Self = Self(1);
    /// `MAY_WRITE`
    pub const WRITE: Self = Self(2);
    /// `MAY_READ`
    pub const READ: Self = Self(4);
    /// `MAY_APPEND`
    pub const APPEND: Self = Self(8);

    const NAMES: [(Self, &'static str); 4] = [
        (Self::EXEC, "MAY_EXEC"),
        (Self::WRITE, "MAY_WRITE"),
        (Self::READ, "MAY_READ"),
        (Self::APPEND, "MAY_APPEND"),
    ];

    /// The four bits that rules know, from the kernel's `MAY_*`; others are dropped, as in IMA.
    pub const fn from_bits(bits: u32) -> Self {
        // CAST: only the four low bits are left.
        Self((bits & 0xf) as u8)
    }

    /// The kernel's `MAY_*` bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The bits of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a bit is set in both.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.into_iter().find(|(_, known)| *known == name);
        found.map(|(mask, _)| mask)
    }

    pub(super) fn name(self) -> &'static str {
        let found = Self::NAMES.into_iter().find(|(mask, _)| *mask == self);
        found.map_or("", |(_, name)| name)
    }
}

/// `mask=`: one bit that the access must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskCondition {
    /// The bit.
    pub bit: Mask,
    /// `^`: the access may have other bits as well; without it, the access is this bit alone.
    pub among_others: bool,
}

impl MaskCondition {
    /// Whether an access with `mask` meets the condition.
    pub fn matches(self, mask: Mask) -> bool {
        if self.among_others {
            self.bit.intersects(mask)
        } else {
            self.bit == mask
        }
    }
}

/// How an id is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `=`
    Equal,
    /// `<`: the id of the task or file is less than the rule's.
    Less,
    /// `>`: the id of the task or file is greater than the rule's.
    Greater,
}

impl Compare {
    /// The character of the policy language.
    pub const fn symbol(self) -> char {
        match self {
            Self::Equal => '=',
            Self::Less => '<',
            Self::Greater => '>',
        }
    }
}

/// A condition on a user or group id of the initial user namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdCondition {
    /// How `id` is compared.
    pub compare: Compare,
    /// The id in the rule.
    pub id: u32,
}

impl IdCondition {
    /// Whether `id` meets the condition.
    pub const fn matches(self, id: u32) -> bool {
        match self.compare {
            Compare::Equal => id == self.id,
            Compare::Less => id < self.id,
            Compare::Greater => id > self.id,
        }
    }
}

/// A condition on an id of the task: `uid` or `euid`, `gid` or `egid`, never both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserCondition {
    /// Whether the effective id is meant, or, with the capability to change it, any of the task's.
    pub effective: bool,
    /// What the id must be.
    pub condition: IdCondition,
}

words! {
    /// `appraise_type=`: what kind of reference value is good enough.
    AppraiseType {
        /// A signature of any format in `security.ima`.
        Imasig = "imasig";
        /// A signature in `security.ima` or appended to the file.
        ImasigOrModsig = "imasig|modsig";
        /// A signature of format version 3 in `security.ima`.
        Sigv3 = "sigv3";
    }
}

/// `appraise_algos=`: a set of hash algorithms, numbered as in `include/uapi/linux/hash_info.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlgoSet(u32);

impl AlgoSet {
    /// The kernel's numbers and names.
    const NAMES: [(u16, &'static str); 23] = [
        (0, "md4"),
        (1, "md5"),
        (2, "sha1"),
        (3, "rmd160"),
        (4, "sha256"),
        (5, "sha384"),
        (6, "sha512"),
        (7, "sha224"),
        (8, "rmd128"),
        (9, "rmd256"),
        (10, "rmd320"),
        (11, "wp256"),
        (12, "wp384"),
        (13, "wp512"),
        (14, "tgr128"),
        (15, "tgr160"),
        (16, "tgr192"),
        (17, "sm3"),
        (18, "streebog256"),
        (19, "streebog512"),
        (20, "sha3-256"),
        (21, "sha3-384"),
        (22, "sha3-512"),
    ];

    /// Whether the algorithm with the kernel's number `number` is in the set.
    pub const fn contains(self, number: u16) -> bool {
        // CAST: Widening.
        match 1u32.checked_shl(number as u32) {
            Some(bit) => self.0 & bit != 0,
            None => false,
        }
    }

    /// The names of the algorithms in the set, in the order of their numbers.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let contained = move |(number, name)| self.contains(number).then_some(name);
        Self::NAMES.into_iter().filter_map(contained)
    }

    /// Adds the algorithm called `name`; [`None`] if there is none of that name.
    #[must_use]
    pub(super) fn with_name(self, name: &str) -> Option<Self> {
        let (number, _) = Self::NAMES.into_iter().find(|(_, known)| *known == name)?;
        Some(Self(self.0 | 1u32.checked_shl(u32::from(number))?))
    }
}

words! {
    /// `template=`: the format of a measurement record, among those that IMA defines by name.
    Template {
        /// SHA-1 or MD5 digest and name, fixed sizes.
        Ima = "ima";
        /// Digest with its algorithm, name.
        ImaNg = "ima-ng";
        /// As `ima-ng`, and the signature.
        ImaSig = "ima-sig";
        /// Digest with its kind and algorithm, name.
        ImaNgv2 = "ima-ngv2";
        /// As `ima-ngv2`, and the signature.
        ImaSigv2 = "ima-sigv2";
        /// As `ima-ng`, and the data itself.
        ImaBuf = "ima-buf";
        /// As `ima-sig`, and the appended signature with the digest it covers.
        ImaModsig = "ima-modsig";
        /// As `ima-ng`, and what an EVM portable signature covers.
        EvmSig = "evm-sig";
    }
}

set! {
    /// A set of [`Template`]s.
    TemplateSet of Template in u8
}
