// SPDX-License-Identifier: GPL-2.0

//! A component of systemd-pcrlock: a `.pcrlock` file, which is an object with the records of a
//! Canonical Event Log in JSON. Of a record systemd reads the PCR and the digests.

use anyhow::Result;
use digest_logic::evidence::records::Extends;
use serde_json::{
    json,
    Value, //
};

use crate::{
    log::as_cel,
    machine::Outcome,
    report::complain, //
};

/// The component of the list `data`.
pub(super) fn component(data: &[u8]) -> Result<Value> {
    // systemd-pcrlock begins with zeros in these PCRs, and has no other way to begin.
    let Outcome { initial, .. } = Outcome::of(data)?;
    if initial.iter().any(|value| !value.is_zero()) {
        complain(format_args!("note: the PCR was not zero before the list; what extended it needs a component as well"));
    }
    let mut records = Vec::new();
    for (number, extend) in (0..).zip(Extends::new(data)) {
        records.push(as_cel(number, &extend?));
    }
    Ok(json!({ "records": records }))
}
