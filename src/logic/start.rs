// SPDX-License-Identifier: GPL-2.0

//! The text of the records `digest_lists_start` and `digest_lists_tpm`: lines `key=value`, sorted by key, each with a newline.
//!
//! | key | value | in `digest_lists_tpm` |
//! |-----|-------|---|
//! | `ima_appraise` | what `appraise` rules do | |
//! | `kernel` | the kernel's release | |
//! | `pcr` | the default PCR | yes |
//! | `pcr_initial_<bank>` | that PCR before the first extend, in hexadecimal; a line for each allocated bank | yes |
//! | `policy` | `sha256:` and the digest of the canonical text of the policy | |
//! | `require_signature` | 1 or 0 | |
//! | `version` | of the module | |
//!
//! A bank of an algorithm that has no name here is named by its `TPM_ALG_ID`: `pcr_initial_0x0012`.

use crate::{
    digest::Digest,
    hash_algo::HashAlgo, //
};
use core::fmt::{
    self,
    Write, //
};

/// The default PCR in one bank, before the first extend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Initial<'a> {
    /// The bank's `TPM_ALG_ID`.
    pub algo: u16,
    /// The value.
    pub value: &'a [u8],
}

/// What a bank is called, in the order of the names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Number(u16),
    Known(&'static str),
}

impl Name {
    fn of(algo: u16) -> Self {
        HashAlgo::ALL
            .into_iter()
            .find(|known| known.tpm_alg_id() == algo)
            .map_or(Self::Number(algo), |known| Self::Known(known.name()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(algo) => write!(f, "{algo:#06x}"),
            Self::Known(name) => f.write_str(name),
        }
    }
}

/// Writes the lines of the PCR: its number, and its value in each bank of `initial`, which may come in any order.
///
/// # Errors
///
/// Those of `out`.
pub fn write_pcr<'a, I>(pcr: u32, initial: I, out: &mut dyn Write) -> fmt::Result
where
    I: Iterator<Item = Initial<'a>> + Clone,
{
    writeln!(out, "pcr={pcr}")?;
    // Few banks, and nothing to sort them in.
    let mut last = None;
    while let Some((name, bank)) = (initial.clone())
        .map(|bank| (Name::of(bank.algo), bank))
        .filter(|(name, _)| last.is_none_or(|last| *name > last))
        .min_by_key(|(name, _)| *name)
    {
        write!(out, "pcr_initial_{name}=")?;
        for byte in bank.value {
            write!(out, "{byte:02x}")?;
        }
        out.write_char('\n')?;
        last = Some(name);
    }
    Ok(())
}

/// What the module is when it begins to evaluate accesses.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// What `appraise` rules do.
    pub ima_appraise: &'a str,
    /// The kernel's release.
    pub kernel: &'a str,
    /// The default PCR.
    pub pcr: u32,
    /// The SHA-256 of the canonical text of the policy.
    pub policy: Digest,
    /// Whether lists must be signed.
    pub require_signature: bool,
    /// The module's version.
    pub version: &'a str,
}

impl Start<'_> {
    /// Writes the text, with the PCR's values in the banks of `initial`: none where there is no TPM yet.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write<'a, I>(&self, initial: I, out: &mut dyn Write) -> fmt::Result
    where
        I: Iterator<Item = Initial<'a>> + Clone,
    {
        writeln!(out, "ima_appraise={}", self.ima_appraise)?;
        writeln!(out, "kernel={}", self.kernel)?;
        write_pcr(self.pcr, initial, out)?;
        writeln!(out, "policy={}", self.policy)?;
        writeln!(
            out,
            "require_signature={}",
            u8::from(self.require_signature)
        )?;
        writeln!(out, "version={}", self.version)
    }
}
