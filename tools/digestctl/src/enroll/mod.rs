// SPDX-License-Identifier: GPL-2.0

//! `digestctl enroll`: how a verifier comes to know that an attestation key is in the TPM of a
//! machine.
//!
//! Four steps, two on each side; each writes a file for the next one.

mod document;
mod keys;
mod machine;
mod reason;
mod verifier;

use std::{
    fmt::Display,
    path::{
        Path,
        PathBuf, //
    },
    process::ExitCode, //
};

use anyhow::{
    bail,
    Result, //
};
use serde_json::{
    json,
    Value, //
};

use crate::{
    evidence::reason::Verdict,
    exit, json,
    output::is_standard,
    report::{
        answer_on_errors,
        complain,
        if_read,
        say, //
    },
    terminal::plain,
};

/// Enrol a machine: show that its attestation key is in its TPM.
///
/// The machine makes a request with `request`. The verifier makes a challenge of it with
/// `challenge`, which only the TPM of both keys can answer. The machine answers with `answer`. The
/// verifier checks that with `finish`, and writes the key for `verify-evidence --ak`. The programs
/// of tpm2-tools ask the TPM; TPM2TOOLS_TCTI in the environment names it. The verifier needs them
/// as well, and no TPM.
#[derive(clap::Subcommand)]
#[command(after_help = "\
Exit status of challenge and finish:
  0  challenged, enrolled
  1  refused
  2  could not be judged

Example:
  machine#  digestctl enroll request --ek 0x81010001 --ak 0x81010002 -o request.json
  verifier$ digestctl enroll challenge request.json --ek-ca maker.pem \\
              --pending web1.pending -o challenge.json
  machine#  digestctl enroll answer challenge.json --ek 0x81010001 --ak 0x81010002 -o answer.json
  verifier$ digestctl enroll finish answer.json --pending web1.pending -o web1.pem")]
pub(crate) enum Command {
    /// On the machine: ask to be enrolled
    Request(RequestArgs),
    /// On the verifier: check the endorsement key, and make a challenge
    Challenge(ChallengeArgs),
    /// On the machine: answer the challenge
    Answer(AnswerArgs),
    /// On the verifier: check the answer, and write the attestation key
    Finish(FinishArgs),
}

/// The keys of the machine.
#[derive(clap::Args)]
struct Keys {
    /// The attestation key: the file of its context, or a persistent handle (0x81…)
    #[arg(long, value_name = "KEY")]
    ak: String,

    /// The endorsement key, as tpm2_createek makes it
    #[arg(long, value_name = "KEY")]
    ek: String,
}

/// Options of `enroll request`.
#[derive(clap::Args)]
pub(crate) struct RequestArgs {
    #[command(flatten)]
    keys: Keys,

    /// The certificate of the endorsement key, in DER [default: what the TPM has]
    #[arg(long, value_name = "FILE")]
    ek_cert: Option<PathBuf>,

    /// Where to write the request
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Options of `enroll challenge`.
#[derive(clap::Args)]
pub(crate) struct ChallengeArgs {
    /// What `enroll request` wrote
    request: PathBuf,

    /// Certificates of authorities of TPM makers, and those in between, in PEM
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "ek")]
    ek_ca: Vec<PathBuf>,

    /// An endorsement key that needs no certificate: a file with the public key (PEM, or what
    /// tpm2_createek wrote), or the SHA-256 of the public key in DER, as sha256:HEX
    #[arg(long, value_name = "FILE|DIGEST")]
    ek: Vec<String>,

    /// Where to keep what the answer is compared with; nobody else may read it
    #[arg(long, value_name = "FILE")]
    pending: PathBuf,

    /// Where to write the challenge
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Print JSON: an object with the outcome and both keys, or the reason
    #[arg(long)]
    json: bool,
}

/// Options of `enroll answer`.
#[derive(clap::Args)]
pub(crate) struct AnswerArgs {
    /// What `enroll challenge` wrote
    challenge: PathBuf,

    #[command(flatten)]
    keys: Keys,

    /// Where to write the answer
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Options of `enroll finish`.
#[derive(clap::Args)]
pub(crate) struct FinishArgs {
    /// What `enroll answer` wrote
    answer: PathBuf,

    /// What `enroll challenge` kept; it is deleted when the machine is enrolled
    #[arg(long, value_name = "FILE")]
    pending: PathBuf,

    /// Where to write the attestation key
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Print JSON: an object with the outcome and both keys, or the reason
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> ExitCode {
    let outcome = match command {
        Command::Request(args) => return exit::code(machine::request(args)),
        Command::Answer(args) => return exit::code(machine::answer(args)),
        Command::Challenge(args) => To::new(&args.output, &args.pending, args.json)
            .and_then(|to| print(&verifier::challenge(args)?, "CHALLENGED", to)),
        Command::Finish(args) => To::new(&args.output, &args.pending, args.json)
            .and_then(|to| print(&verifier::finish(args)?, "ENROLLED", to)),
    };
    match outcome {
        Ok(verdict) => ExitCode::from(verdict.status()),
        Err(error) => {
            complain(format_args!("{error:#}"));
            ExitCode::from(Verdict::Unjudged.status())
        }
    }
}

/// Where the outcome is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Json,
    Output,
    /// Standard output has the document.
    Errors,
}

impl To {
    /// Where the document goes to `output`.
    fn new(output: &Path, pending: &Path, json: bool) -> Result<Self> {
        if is_standard(pending) {
            bail!("--pending - would show the secret: name a file");
        }
        match (json, is_standard(output)) {
            (true, true) => bail!("--json -o - would print two documents: name a file with -o"),
            (true, false) => Ok(Self::Json),
            (false, true) => Ok(Self::Errors),
            (false, false) => Ok(Self::Output),
        }
    }

    fn say(self, text: impl Display) -> Result<()> {
        match self {
            Self::Errors => {
                answer_on_errors(text);
                Ok(())
            }
            Self::Json | Self::Output => say(text),
        }
    }
}

/// Prints the outcome, which is `done` if the machine is not refused.
fn print(outcome: &verifier::Outcome, done: &str, to: To) -> Result<Verdict> {
    let (verdict, first) = match outcome {
        Ok(_) => (Verdict::Trusted, done),
        Err(refusal) => match refusal.reason.verdict() {
            Verdict::Unjudged => (Verdict::Unjudged, "NOT JUDGED"),
            verdict => (verdict, "REFUSED"),
        },
    };
    if to == To::Json {
        if_read(json::print(&value(outcome, first)))?;
        return Ok(verdict);
    }
    match outcome {
        Ok(identity) => {
            to.say(first)?;
            for line in identity.lines() {
                to.say(line)?;
            }
        }
        Err(refusal) => {
            let reason = refusal.reason;
            let (name, detail) = (reason.name(), plain(refusal.detail.as_bytes()));
            to.say(format_args!("{first}: {name}"))?;
            to.say(format_args!("  {name}: {detail}"))?;
            to.say(format_args!("    what to do: {}", reason.remedy()))?;
        }
    }
    Ok(verdict)
}

/// The outcome for programs.
fn value(outcome: &verifier::Outcome, first: &str) -> Value {
    let word = first.to_lowercase().replace(' ', "-");
    match outcome {
        Ok(identity) => json!({
            "outcome": word,
            "attestation_key": identity.ak,
            "endorsement_key": identity.ek,
            "certified_by": identity.issuer,
        }),
        Err(refusal) => json!({
            "outcome": word,
            "reason": refusal.reason.name(),
            "detail": refusal.detail,
            "remedy": refusal.reason.remedy(),
        }),
    }
}
