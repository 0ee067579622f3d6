// SPDX-License-Identifier: GPL-2.0

//! The text of the records `digest_lists_start` and `digest_lists_tpm`: lines `key=value`, sorted
//! by key, each with a newline.
//!
//! | key | value | in `digest_lists_tpm` |
//! |-----|-------|---|
//! | `allow_unload` | 1 or 0: whether the module can be unloaded, after which nothing is recorded any more | |
//! | `dedicated_keys` | 1 or 0 | |
//! | `ima_appraise` | what `appraise` rules do | |
//! | `kernel` | the kernel's release | |
//! | `own_storage` | the kinds of storage that count as the machine's own, joined by `,`; empty for none | |
//! | `pcr` | the default PCR | yes |
//! | `pcr_initial_<bank>` | that PCR before the first extend, in hexadecimal; a line for each allocated bank | yes |
//! | `policy` | `sha256:` and the digest of the canonical text of the policy | |
//! | `require_signature` | 1 or 0 | |
//! | `tpm_required` | 1 or 0 | |
//! | `trust_machine_keyring` | 1 or 0 | |
//! | `validity` | when certificates must be valid | |
//! | `version` | of the module | |
//!
//! A bank of an algorithm that has no name here is named by its `TPM_ALG_ID`: `pcr_initial_0x0012`.

use crate::{
    digest::Digest,
    hash_algo::HashAlgo,
    storage::Kinds, //
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

/// The name of a bank, in the order of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BankName {
    /// Its `TPM_ALG_ID`, if its algorithm has no name here.
    Number(u16),
    /// The name of its algorithm.
    Known(&'static str),
}

impl BankName {
    /// The name of the bank with this `TPM_ALG_ID`.
    pub fn of(algo: u16) -> Self {
        HashAlgo::from_tpm_alg_id(algo)
            .map_or(Self::Number(algo), |known| Self::Known(known.name()))
    }
}

impl fmt::Display for BankName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(algo) => write!(f, "{algo:#06x}"),
            Self::Known(name) => f.write_str(name),
        }
    }
}

/// Writes the lines of the PCR: its number, and its value in each bank of `initial`, in any order.
///
/// # Errors
///
/// Those of `out`.
pub fn write_pcr<'a, I>(pcr: u32, initial: I, out: &mut dyn Write) -> fmt::Result
where
    I: Iterator<Item = Initial<'a>> + Clone,
{
    writeln!(out, "pcr={pcr}")?;
    // There are few banks, and no memory to sort them in.
    let mut last = None;
    while let Some((name, bank)) = (initial.clone())
        .map(|bank| (BankName::of(bank.algo), bank))
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

/// The state and parameters of the module when it begins to evaluate accesses.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// Whether the module can be unloaded.
    pub allow_unload: bool,
    /// Whether lists and key files need keys dedicated to lists.
    pub dedicated_keys: bool,
    /// What `appraise` rules do.
    pub ima_appraise: &'a str,
    /// The kernel's release.
    pub kernel: &'a str,
    /// What counts as the machine's own storage.
    pub own_storage: Kinds,
    /// The default PCR.
    pub pcr: u32,
    /// The SHA-256 of the canonical text of the policy.
    pub policy: Digest,
    /// Whether lists must be signed.
    pub require_signature: bool,
    /// Whether accesses that are measured need a TPM.
    pub tpm_required: bool,
    /// Whether keys of the kernel's machine keyring vouch for lists.
    pub trust_machine_keyring: bool,
    /// When the certificates of signers must be valid.
    pub validity: &'a str,
    /// The module's version.
    pub version: &'a str,
}

impl Start<'_> {
    /// Writes the text with the PCR's values in the banks of `initial`, which is empty without a
    /// TPM.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write<'a, I>(&self, initial: I, out: &mut dyn Write) -> fmt::Result
    where
        I: Iterator<Item = Initial<'a>> + Clone,
    {
        let flag = |out: &mut dyn Write, key, is_set| writeln!(out, "{key}={}", u8::from(is_set));
        flag(out, "allow_unload", self.allow_unload)?;
        flag(out, "dedicated_keys", self.dedicated_keys)?;
        writeln!(out, "ima_appraise={}", self.ima_appraise)?;
        writeln!(out, "kernel={}", self.kernel)?;
        out.write_str("own_storage=")?;
        for (index, word) in self.own_storage.words().enumerate() {
            write!(out, "{}{word}", if index == 0 { "" } else { "," })?;
        }
        out.write_char('\n')?;
        write_pcr(self.pcr, initial, out)?;
        writeln!(out, "policy={}", self.policy)?;
        flag(out, "require_signature", self.require_signature)?;
        flag(out, "tpm_required", self.tpm_required)?;
        flag(out, "trust_machine_keyring", self.trust_machine_keyring)?;
        writeln!(out, "validity={}", self.validity)?;
        writeln!(out, "version={}", self.version)
    }
}
