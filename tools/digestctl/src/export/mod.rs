// SPDX-License-Identifier: GPL-2.0

//! `digestctl export`: what other verifiers expect of a machine, in their formats.
//!
//! What a machine records is predicted, or read from a list, in [`crate::machine`]; each format has
//! a file of its own here.

mod corim;
mod keylime;
mod keylime_evidence;
mod pcrlock;
mod tpm_policy;

use std::path::PathBuf;

use anyhow::{
    Context,
    Result, //
};
use digest_logic::hash_algo::HashAlgo;

use crate::{
    machine::Machine,
    output::write_to, //
};

/// Write what other verifiers expect of a machine.
///
/// The machine is told as to `digestctl predict`, or by its measurement list.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// The runtime policy of Keylime: the records of the list, and files that are allowed
    #[command(after_help = "\
Example:
  digestctl export keylime --rules /etc/ima/ima-policy --kernel $(uname -r) \\
    --boot-aggregate sha256:… --policy expected /etc/digest_lists/metadata -o runtime.json")]
    Keylime {
        #[command(flatten)]
        machine: Machine,

        #[command(flatten)]
        allowed: keylime::Allowed,

        #[command(flatten)]
        output: Output,
    },

    /// The TPM policy of Keylime: the value of the PCR
    TpmPolicy {
        #[command(flatten)]
        machine: Machine,

        /// The banks whose values are written
        #[arg(
            long,
            value_name = "BANK",
            value_delimiter = ',',
            default_value = "sha256"
        )]
        bank: Vec<String>,

        #[command(flatten)]
        output: Output,
    },

    /// A component of systemd-pcrlock: the records as a Canonical Event Log
    Pcrlock {
        #[command(flatten)]
        machine: Machine,

        #[command(flatten)]
        output: Output,
    },

    /// A CoRIM with the values of the PCR as reference values, not signed
    Corim {
        #[command(flatten)]
        machine: Machine,

        #[command(flatten)]
        class: corim::Class,

        #[command(flatten)]
        output: Output,
    },

    /// Evidence of `digestctl attest` as a request to Keylime's /verify/evidence
    #[command(after_help = "\
The evidence has to be of one bank: digestctl attest --bank sha256.

Example:
  digestctl export keylime-evidence web1.json --nonce $NONCE --ak web1.pem \\
    --runtime-policy runtime.json -o request.json")]
    KeylimeEvidence {
        #[command(flatten)]
        request: keylime_evidence::Request,

        #[command(flatten)]
        output: Output,
    },
}

/// Where to write to.
#[derive(clap::Args)]
pub(crate) struct Output {
    /// Where to write [default: standard output]
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    path: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Keylime {
            machine,
            allowed,
            output,
        } => output.json(&keylime::policy(&machine.list()?, allowed)?),
        Command::TpmPolicy {
            machine,
            bank,
            output,
        } => output.json(&tpm_policy::policy(&machine.list()?, &banks(bank)?)?),
        Command::Pcrlock { machine, output } => output.json(&pcrlock::component(&machine.list()?)?),
        Command::Corim {
            machine,
            class,
            output,
        } => write_to(
            output.path.as_deref(),
            &corim::manifest(&machine.list()?, class)?,
        ),
        Command::KeylimeEvidence { request, output } => {
            output.json(&keylime_evidence::request(request)?)
        }
    }
}

impl Output {
    fn json(&self, value: &serde_json::Value) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        write_to(self.path.as_deref(), &text)
    }
}

/// The banks with these names.
fn banks(names: &[String]) -> Result<Vec<HashAlgo>> {
    names
        .iter()
        .map(|name| HashAlgo::from_name(name).with_context(|| format!("--bank {name}")))
        .collect()
}
