// SPDX-License-Identifier: GPL-2.0

//! `digestctl verify-evidence`: whether a machine is trusted.

mod fleet;

use std::{
    collections::{
        BTreeMap,
        HashSet, //
    },
    io::Write,
    path::{
        Path,
        PathBuf, //
    },
    process::ExitCode, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use serde::Serialize;

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
        rounds::Time,
        state::{
            Memory,
            States, //
        },
        trust::Trust,
        verdict::Judgement, //
    },
    format, json,
    report::{
        complain,
        if_read, //
    },
    terminal::{
        plain,
        Printer, //
    },
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
/// signed it. With --fleet many machines are judged in one run, and lists are looked at once for
/// all.
#[derive(clap::Args)]
#[command(after_help = "\
Exit status:
  0  trusted; with --fleet: each of them
  1  not trusted; with --fleet: at least one
  2  could not be judged; with --fleet: at least one, and the others are trusted

Example:
  digestctl verify-evidence web1.json --nonce $NONCE --ak web1.pem \\
    --repo /srv/lists --trust ca.pem --policy expected --state /var/lib/verifier/web1
  digestctl verify-evidence --fleet machines --repo /srv/lists --trust ca.pem --policy expected")]
pub(crate) struct Args {
    /// What `digestctl attest` wrote
    #[arg(required_unless_present = "fleet")]
    evidence: Option<PathBuf>,

    /// Judge many machines. In FILE (- is standard input) each has a line of words with tabs
    /// between them: evidence, nonce, attestation key, state; a key or state of - is none
    #[arg(long, value_name = "FILE", conflicts_with_all = ["evidence", "nonce", "ak", "state", "explain"])]
    fleet: Option<PathBuf>,

    /// With --fleet: judge this many machines at a time [default: one for each processor]
    #[arg(long, value_name = "N", requires = "fleet")]
    jobs: Option<usize>,

    /// The nonce that the machine was asked with, in hexadecimal
    #[arg(long, value_name = "HEX", required_unless_present = "fleet")]
    nonce: Option<String>,

    /// The machine's attestation key: PEM, or what tpm2_readpublic or tpm2_createak wrote
    #[arg(long, value_name = "FILE", required_unless_present_any = ["ak_cert", "fleet"])]
    ak: Option<PathBuf>,

    /// Authorities by which the attestation key must be certified, in PEM
    #[arg(long, value_name = "FILE", conflicts_with = "ak")]
    ak_cert: Option<PathBuf>,

    /// Which certificates of attestation keys count
    #[arg(
        long,
        value_name = "PURPOSE",
        value_enum,
        default_value_t,
        requires = "ak_cert"
    )]
    ak_cert_purpose: Purpose,

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

    /// Print the verdict as JSON; with --fleet each in a line, with the path of its evidence
    #[arg(long)]
    json: bool,

    /// Say as well why this file, or ALGORITHM:HEX, counts as it does
    #[arg(long, value_name = "PATH")]
    explain: Vec<String>,
}

/// Which purpose the certificate of an attestation key must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Purpose {
    /// Those that say that they are for attestation keys (2.23.133.8.3, tcg-kp-AIKCertificate)
    #[default]
    AttestationKey,
    /// All: who certifies nothing but attestation keys
    Any,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> ExitCode {
    let outcome = match &args.fleet {
        Some(fleet) => trust(args).and_then(|trust| fleet::judge(args, &trust, fleet)),
        None => one(args),
    };
    match outcome {
        Ok(verdict) => ExitCode::from(verdict.status()),
        Err(error) => {
            complain(format_args!("{error:#}"));
            ExitCode::from(Verdict::Unjudged.status())
        }
    }
}

/// Judges one machine, and prints the verdict.
fn one(args: &Args) -> Result<Verdict> {
    let states = States::default();
    let machine = Machine {
        evidence: args.evidence.as_deref().unwrap_or(Path::new("-")),
        nonce: args.nonce.as_deref().unwrap_or_default(),
        ak: args.ak.as_deref(),
        state: args.state.as_deref(),
    };
    let mut trust = trust(args)?;
    trust.progress = true;
    let (judgement, memory) = machine.judge(args, &trust, &states)?;
    if let (Some(path), Some(memory)) = (machine.state, &memory) {
        let written = states.write(&[(path, memory)]);
        remembered(judgement.verdict(), written)?;
    }
    if_read(print(args, &judgement))?;
    Ok(judgement.verdict())
}

/// What becomes of a verdict whose state could not be written. That of a machine which is not
/// trusted stays: only since when what speaks against it is there is forgotten.
fn remembered(verdict: Verdict, written: Result<()>) -> Result<()> {
    match written {
        Err(error) if verdict != Verdict::Trusted => {
            complain(format_args!(
                "note: when this round was is not remembered: {error:#}"
            ));
            Ok(())
        }
        written => written,
    }
}

/// One machine to judge.
struct Machine<'a> {
    evidence: &'a Path,
    /// In hexadecimal.
    nonce: &'a str,
    ak: Option<&'a Path>,
    state: Option<&'a Path>,
}

impl Machine<'_> {
    /// Judges it. Returns as well what to remember.
    fn judge(
        &self,
        args: &Args,
        trust: &Trust,
        states: &States,
    ) -> Result<(Judgement, Option<Memory>)> {
        let data = Evidence::read(self.evidence)?;
        // Evidence may come late, and what it tells was not there before it was made.
        let now = self.state.map(|_| Time::now()).transpose()?;
        let nonce = unhex(self.nonce).context("--nonce")?;
        if nonce.len() < MIN_NONCE {
            bail!("--nonce has fewer than {MIN_NONCE} bytes: it cannot be new each time");
        }
        let (state, rounds) = match self.state {
            Some(path) => states
                .read(path)?
                .map_or((None, None), |memory| (memory.state, memory.rounds)),
            None => (None, None),
        };
        let key = match (self.ak, &args.ak_cert) {
            (Some(path), _) => Expectation::Pinned(AttestationKey::read(path)?),
            (None, Some(path)) => {
                format::read(path)?;
                Expectation::Certified {
                    authorities: path.clone(),
                    any_purpose: args.ak_cert_purpose == Purpose::Any,
                }
            }
            (None, None) => bail!("no attestation key is named (--ak, --ak-cert)"),
        };
        let evidence = Evidence::parse(&data);
        drop(data);
        match evidence {
            Ok(evidence) => Judge {
                trust,
                nonce,
                key,
                state,
                rounds,
                now,
            }
            .judge(&evidence),
            Err(error) => {
                let mut judgement = Judgement::new();
                // It may quote any part of it.
                let detail = plain(format!("{error:#}").as_bytes());
                judgement.find(Reason::Evidence, None, detail);
                Ok((judgement, None))
            }
        }
    }
}

/// What counts for all machines.
fn trust(args: &Args) -> Result<Trust> {
    let (expected, text) = Expected::read(&args.policy)?;
    if !args.repo.is_dir() {
        bail!(
            "there is no repository at {}: digestctl repo add",
            crate::report::quoted(&args.repo)
        );
    }
    let repository = Repository::new(&args.repo);
    let revocations = repository.revocations()?;
    let validity = format!("{:?}", args.validity);
    let mut inputs = vec![sha256(&text), sha256(validity.as_bytes())];
    inputs.extend(&revocations);
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
    Ok(Trust::new(
        repository,
        Verifier::new(&args.trust, &args.key, args.validity)?,
        match args.validity {
            Validity::Signing => None,
            Validity::Clock => Some(Verifier::new(&args.trust, &args.key, Validity::Signing)?),
        },
        known_keys,
        expected,
        revocations,
        sha256(&all),
    ))
}

/// The verdict as JSON. It may be large, and is never copied.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    judgement: &'a Judgement,
    /// The path of the evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explained: Option<BTreeMap<&'a String, Vec<String>>>,
}

fn print(args: &Args, judgement: &Judgement) -> Result<()> {
    let explained = || {
        let subjects = args.explain.iter();
        subjects.map(|subject| (subject, judgement.explain(subject)))
    };
    if args.json {
        let explained = (!args.explain.is_empty()).then(|| explained().collect());
        return json::print(&Shown {
            judgement,
            evidence: None,
            explained,
        });
    }
    let mut out = Printer::text();
    judgement.write_text(&mut out)?;
    for (_, lines) in explained() {
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(())
}
