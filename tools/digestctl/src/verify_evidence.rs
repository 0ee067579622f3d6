// SPDX-License-Identifier: GPL-2.0

//! `digestctl verify-evidence`: whether a machine is trusted.

use std::{
    collections::HashSet,
    io::Write,
    path::PathBuf,
    process::ExitCode, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};

use crate::{
    armor,
    evidence::{
        crypto::{
            sha256,
            AttestationKey, //
        },
        document::{
            unhex,
            Evidence, //
        },
        expected::Expected,
        judge::{
            Expectation,
            Judge, //
        },
        reason::{
            Reason,
            Verdict, //
        },
        repository::Repository,
        state::State,
        verdict::Judgement,
    },
    format,
    report::complain, //
    verify::{
        Validity,
        Verifier, //
    },
};

/// The shortest nonce in bytes.
const MIN_NONCE: usize = 8;

/// Judge the evidence of a machine.
///
/// Needs no module, no TPM and no root. The first line of the output is the verdict. What speaks
/// against the machine follows, each with a reason and what to do; then what was loaded and who
/// signed it.
#[derive(clap::Args)]
#[command(after_help = "\
Exit status:
  0  trusted
  1  not trusted
  2  could not be judged

Example:
  digestctl verify-evidence web1.json --nonce $NONCE --ak web1.pem \\
    --repo /srv/lists --trust ca.pem --policy expected --state /var/lib/verifier/web1")]
pub(crate) struct Args {
    /// What `digestctl attest` wrote
    evidence: PathBuf,

    /// The nonce that the machine was asked with, in hexadecimal
    #[arg(long, value_name = "HEX")]
    nonce: String,

    /// The machine's attestation key: PEM, or what tpm2_readpublic or tpm2_createak wrote
    #[arg(long, value_name = "FILE", required_unless_present = "ak_cert")]
    ak: Option<PathBuf>,

    /// Authorities by which the attestation key must be certified, in PEM
    #[arg(long, value_name = "FILE", conflicts_with = "ak")]
    ak_cert: Option<PathBuf>,

    /// The repository of lists (digestctl repo)
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,

    /// X.509 certificates of those who sign lists, in PEM
    #[arg(long, value_name = "CERT", num_args = 1..)]
    trust: Vec<PathBuf>,

    /// OpenPGP keys of vendors
    #[arg(long, value_name = "KEY", num_args = 1..)]
    key: Vec<PathBuf>,

    /// When certificates and keys must be valid
    #[arg(long, value_enum, default_value_t = Validity::Signing)]
    validity: Validity,

    /// What is expected of the machine: lines KEY=VALUE
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,

    /// What to remember of the machine between rounds; made if it is not there
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Print the verdict as JSON
    #[arg(long)]
    json: bool,

    /// Say as well why this file, or ALGORITHM:HEX, counts as it does
    #[arg(long, value_name = "PATH")]
    explain: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> ExitCode {
    let outcome = judge(args).and_then(|judgement| {
        print(args, &judgement)?;
        Ok(judgement.verdict())
    });
    match outcome {
        Ok(verdict) => ExitCode::from(verdict.status()),
        Err(error) => {
            complain(format_args!("{error:#}"));
            ExitCode::from(Verdict::Unjudged.status())
        }
    }
}

fn judge(args: &Args) -> Result<Judgement> {
    let data = format::read(&args.evidence)?;
    let (expected, text) = Expected::read(&args.policy)?;
    if !args.repo.is_dir() {
        bail!(
            "there is no repository at {}: digestctl repo add",
            crate::report::quoted(&args.repo)
        );
    }
    let state = match &args.state {
        Some(path) => State::read(path)?,
        None => None,
    };
    let repository = Repository::new(&args.repo);
    let validity = format!("{:?}", args.validity);
    let mut inputs = vec![sha256(&text), sha256(validity.as_bytes())];
    inputs.extend(repository.revocations()?);
    let mut known_keys = HashSet::new();
    for path in args.trust.iter().chain(&args.key) {
        let data = format::read(path)?;
        inputs.push(sha256(&data));
        known_keys.insert(sha256(&data));
        if let Ok(parts) = armor::remove(data) {
            known_keys.extend(parts.iter().map(|der| sha256(der)));
        }
    }
    let all: Vec<u8> = inputs
        .iter()
        .flat_map(|digest| digest.as_bytes().to_vec())
        .collect();
    let nonce = unhex(&args.nonce).context("--nonce")?;
    if nonce.len() < MIN_NONCE {
        bail!("--nonce has fewer than {MIN_NONCE} bytes: it cannot be new each time");
    }
    let judge = Judge {
        nonce,
        key: expectation(args)?,
        repository,
        signers: Verifier::new(&args.trust, &args.key, args.validity)?,
        known_keys,
        expected,
        inputs: sha256(&all),
        state,
    };
    let evidence = match Evidence::parse(&data) {
        Ok(evidence) => evidence,
        Err(error) => {
            let mut judgement = Judgement::new();
            judgement.find(Reason::Evidence, None, format!("{error:#}"));
            return Ok(judgement);
        }
    };
    let (judgement, state) = judge.judge(&evidence)?;
    if let (Some(path), Some(state)) = (&args.state, state) {
        state.write(path)?;
    }
    Ok(judgement)
}

fn expectation(args: &Args) -> Result<Expectation> {
    match (&args.ak, &args.ak_cert) {
        (Some(path), _) => AttestationKey::read(path).map(Expectation::Pinned),
        (None, Some(path)) => {
            format::read(path)?;
            Ok(Expectation::Certified(path.clone()))
        }
        (None, None) => bail!("no attestation key is named (--ak, --ak-cert)"),
    }
}

fn print(args: &Args, judgement: &Judgement) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if args.json {
        serde_json::to_writer_pretty(&mut out, judgement)?;
        writeln!(out)?;
    } else {
        judgement.write_text(&mut out)?;
    }
    for subject in &args.explain {
        judgement.explain(subject, &mut out)?;
    }
    out.flush()?;
    Ok(())
}
