// SPDX-License-Identifier: GPL-2.0

//! `digestctl predict`: what the PCR becomes on a machine that uses known files only.

use std::{
    collections::BTreeMap,
    io::Write,
    path::PathBuf, //
};

use anyhow::{
    bail,
    Result, //
};
use digest_logic::digest::Hex;

use crate::{
    json,
    machine::{
        Machine,
        Outcome, //
    },
    output::{
        is_standard,
        write_atomically, //
    },
    terminal::Printer,
};

/// Predict the PCR of a machine that uses known files only.
///
/// Prints the value in each bank after the module was loaded with this policy and these parameters
/// and the metadata were loaded in this order, each by its path. A secret can be bound to it, and a
/// verifier can pin it.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  digestctl predict --rules /etc/ima/ima-policy --kernel $(uname -r) \\
    --boot-aggregate sha256:… /etc/digest_lists/metadata")]
pub(crate) struct Args {
    #[command(flatten)]
    machine: Machine,

    /// Write the measurement list to this file
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,

    /// Print the values as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.list.as_deref().is_some_and(is_standard) {
        bail!("--list - would mix the list with the values: name a file");
    }
    let list = args.machine.list()?;
    let outcome = Outcome::of(&list)?;
    if let Some(path) = &args.list {
        write_atomically(path, &list)?;
    }
    if args.json {
        let banks: BTreeMap<&str, String> = outcome
            .values
            .iter()
            .map(|value| (value.algo().name(), Hex(value.as_bytes()).to_string()))
            .collect();
        let policies = outcome.policies.iter().map(ToString::to_string);
        let policies: Vec<_> = policies.collect();
        let value = serde_json::json!({
            "pcr": outcome.pcr,
            "policy": policies.first(),
            "policies": policies,
            "values": banks,
        });
        return json::print(&value);
    }
    let mut out = Printer::text();
    for policy in &outcome.policies {
        writeln!(out, "policy={policy}")?;
    }
    for value in &outcome.values {
        writeln!(
            out,
            "boot_pcr={}:{}:{}",
            value.algo(),
            outcome.pcr,
            Hex(value.as_bytes())
        )?;
    }
    out.flush()?;
    Ok(())
}
