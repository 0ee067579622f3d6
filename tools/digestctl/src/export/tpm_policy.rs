// SPDX-License-Identifier: GPL-2.0

//! Keylime's `tpm_policy`: values that PCRs may have, and a mask of these PCRs.

use anyhow::{
    bail,
    Result, //
};
use digest_logic::{
    digest::Hex,
    hash_algo::HashAlgo, //
};
use serde_json::{
    json,
    Value, //
};

use crate::machine::Outcome;

/// The policy that pins the PCR of the list `data` to what the list makes of it in these `banks`.
pub(super) fn policy(data: &[u8], banks: &[HashAlgo]) -> Result<Value> {
    let Outcome { pcr, values, .. } = Outcome::of(data)?;
    let mut allowed = Vec::new();
    for bank in banks {
        match values.iter().find(|value| value.algo() == *bank) {
            Some(value) => allowed.push(Hex(value.as_bytes()).to_string()),
            None => bail!("the machine has no bank {bank}"),
        }
    }
    let mask = 1u32 << pcr.min(31);
    Ok(json!({ pcr.to_string(): allowed, "mask": format!("{mask:#x}") }))
}
