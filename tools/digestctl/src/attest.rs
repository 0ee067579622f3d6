// SPDX-License-Identifier: GPL-2.0

//! `digestctl attest`: evidence of this machine, for a verifier.

use std::{
    collections::{
        BTreeMap,
        BTreeSet, //
    },
    os::unix::ffi::OsStrExt,
    path::{
        Path,
        PathBuf, //
    },
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    evidence::records::Extends, //
};

use crate::{
    evidence::{
        crypto::sha256,
        document::{
            unhex,
            Ak,
            Bytes,
            Evidence,
            Log,
            VERSION, //
        },
        history::{
            History,
            CHECKPOINT,
            METADATA, //
        },
        tpm, //
    },
    format,
    log::{
        self,
        Piece, //
    },
    output::write_to,
    progress,
    report::{
        complain,
        count, //
    }, //
    securityfs::Location,
};

/// How often a quote is made anew because others made a checkpoint meanwhile.
const TRIES: usize = 8;

/// Make evidence of this machine for a verifier.
///
/// Has the TPM sign its PCRs and the verifier's nonce, and puts what explains the PCRs beside it:
/// the measurement list, the metadata of loaded lists, and which digests of them were used. The
/// programs of tpm2-tools ask the TPM; TPM2TOOLS_TCTI in the environment names it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  tpm2_createek -c ek.ctx -G rsa -u ek.pub
  tpm2_createak -C ek.ctx -c ak.ctx -u ak.pub -f pem
  digestctl attest --nonce $NONCE --ak ak.ctx -o evidence.json")]
pub(crate) struct Args {
    /// What the verifier asks with, in hexadecimal, 16 to 64 bytes
    #[arg(long, value_name = "HEX")]
    nonce: String,

    /// The attestation key: the file of its context, or a persistent handle (0x81…)
    #[arg(long, value_name = "KEY")]
    ak: String,

    /// The certificate of the attestation key, in DER
    #[arg(long, value_name = "FILE")]
    ak_cert: Option<PathBuf>,

    /// Where to write the evidence [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Leave out this many records, which the verifier has judged
    #[arg(long, value_name = "N", default_value_t = 0)]
    since: u64,

    /// Quote this PCR as well, for rules with pcr=
    #[arg(long, value_name = "N")]
    pcr: Vec<u32>,

    /// Quote only these banks, for verifiers that read quotes of one bank [default: all]
    #[arg(long, value_name = "BANK", value_delimiter = ',')]
    bank: Vec<String>,

    /// A binary measurement list, instead of the module's
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,

    /// The records that were moved out of the kernel before (digestctl log archive)
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    archive: Option<PathBuf>,

    /// Text of evidence of use, with --list
    #[arg(long, value_name = "FILE", requires = "list")]
    seen: Option<PathBuf>,

    /// Metadata, or directories of metadata named by their SHA-256
    #[arg(
        long,
        value_name = "PATH",
        default_value = "/var/lib/digest_lists/metadata"
    )]
    metadata: Vec<PathBuf>,

    /// The firmware's event log
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/sys/kernel/security/tpm0/binary_bios_measurements"
    )]
    firmware_log: PathBuf,

    #[command(flatten)]
    location: Location,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let nonce = unhex(&args.nonce).context("--nonce")?;
    if !(16..=64).contains(&nonce.len()) {
        bail!(
            "--nonce: it has {} bytes, and must have 16 to 64",
            nonce.len()
        );
    }
    let waiting = progress::waiting("the TPM makes a quote");
    let public = tpm::public(&args.ak)?;
    let mut tries = TRIES;
    let (quote, list, seen, mut status) = loop {
        let (checkpoint, status) = match &args.list {
            None => (
                args.location.ask("checkpoint", b"1").ok(),
                args.location.status()?,
            ),
            Some(_) => (None, BTreeMap::new()),
        };
        let before = read_list(args)?;
        let mut pcrs: BTreeSet<u32> = (0..=9).chain(args.pcr.iter().copied()).collect();
        pcrs.insert(pcr(&before, &status)?);
        let pcrs: Vec<u32> = pcrs.into_iter().collect();
        let quote = tpm::quote(&args.ak, &public, &nonce, &args.bank, &pcrs)?;
        // After the quote: it covers a beginning of these.
        let list = read_list(args)?;
        let (recorded, now) = (last_checkpoint(&before), last_checkpoint(&list));
        let seen = match (&args.seen, &now) {
            (Some(path), _) => Some(String::from_utf8(format::read(path)?).context("--seen")?),
            (None, Some(now)) => seen(args, checkpoint.as_deref(), now),
            (None, None) => None,
        };
        tries -= 1;
        // A checkpoint that others made meanwhile is behind the quote, or its text is there no
        // more.
        let is_of_quote = recorded == now && (now.is_none() || seen.is_some());
        if is_of_quote || args.list.is_some() || tries == 0 {
            break (quote, list, seen, status);
        }
    };
    waiting.finish_and_clear();
    let history = History::new(list.first, &list.data);
    if args.list.is_some() {
        status.insert("records".into(), history.extends.len().to_string());
    }
    let records = since(&list, args.since)?;
    let evidence = Evidence {
        version: VERSION,
        nonce: args.nonce.to_lowercase(),
        quote,
        ak: Ak {
            public,
            certificate: match &args.ak_cert {
                Some(path) => Some(Bytes(format::read(path)?)),
                None => None,
            },
        },
        metadata: metadata(args, &history),
        log: Log {
            first: args.since,
            records: Bytes(records.to_vec()),
        },
        seen,
        // It is about what came before the first record.
        firmware_log: match args.since {
            0 => std::fs::read(&args.firmware_log).ok().map(Bytes),
            _ => None,
        },
        system_log: None,
        status,
    };
    let json = evidence.to_json()?;
    write_to(args.output.as_deref(), &json)
}

/// What the evidence needs of the list, which has to begin there.
fn read_list(args: &Args) -> Result<Piece> {
    let list = match &args.list {
        Some(path) => format::read(path)?.into(),
        None => log::there(&args.location, args.archive.as_deref())?,
    };
    if args.since < list.first {
        bail!(
            "the first {} of the list were moved out of the kernel: --archive names the file that \
             has them (digestctl log archive)",
            count(usize::try_from(list.first)?, "record")
        );
    }
    Ok(list)
}

/// The PCR of the list, by its start record, or by the module if that is not there any more.
fn pcr(list: &Piece, status: &BTreeMap<String, String>) -> Result<u32> {
    if list.first > 0 {
        let pcr = status.get("pcr").and_then(|pcr| pcr.parse().ok());
        return pcr.context("the module's status names no PCR");
    }
    let second = Extends::new(&list.data).nth(1);
    let start = second.context("the measurement list has no start record")?;
    Ok(start.context("the measurement list")?.pcr)
}

/// The list without the first `number` records.
fn since(list: &Piece, number: u64) -> Result<&[u8]> {
    match log::split(&list.data, number.saturating_sub(list.first))? {
        log::Split::Pieces(_, rest) => Ok(rest),
        log::Split::Short(there) => bail!(
            "the list has {} records, fewer than --since says: the machine was restarted",
            there.saturating_add(list.first)
        ),
    }
}

/// The number and the data of the last checkpoint in the list.
fn last_checkpoint(list: &Piece) -> Option<(u64, String)> {
    let history = History::new(list.first, &list.data);
    let mut records = history.records().rev();
    let (place, last) = records.find(|(_, record)| record.event.name == CHECKPOINT)?;
    let data = String::from_utf8_lossy(last.event.buffer).into_owned();
    Some((history.number(place), data))
}

/// The text of the checkpoint: what the module gave when it was made, or still has.
fn seen(
    args: &Args,
    made: Option<&[u8]>,
    (_, recorded): &(u64, String), //
) -> Option<String> {
    let texts = [
        made.map(<[u8]>::to_vec),
        args.location.read("known_files_seen").ok(),
    ];
    let text = texts
        .into_iter()
        .flatten()
        .find(|text| recorded.starts_with(&sha256(text).to_string()))?;
    String::from_utf8(text).ok()
}

/// The metadata that the records from --since on name, as far as they can be found.
fn metadata(args: &Args, history: &History<'_>) -> BTreeMap<String, Bytes> {
    let mut found = BTreeMap::new();
    let mut missing = BTreeSet::new();
    for (place, record) in history.records() {
        if history.number(place) < args.since {
            continue;
        }
        let Some(rest) = record.event.name.strip_prefix(METADATA) else {
            continue;
        };
        let digest = record.event.digest;
        let hex = Hex(digest.as_bytes()).to_string();
        if found.contains_key(&hex) || missing.contains(&hex) {
            continue;
        }
        let path = rest.strip_prefix(b":").map(std::ffi::OsStr::from_bytes);
        let places = args.metadata.iter().map(|path| match path.is_dir() {
            true => path.join(&hex),
            false => path.clone(),
        });
        let data = places
            .chain(path.map(PathBuf::from))
            .find_map(|path| of_digest(&path, &digest));
        match data {
            Some(data) => drop(found.insert(hex, Bytes(data))),
            None => {
                complain(format_args!(
                    "note: the metadata {digest} are nowhere; the verifier needs them in its repository"
                ));
                missing.insert(hex);
            }
        }
    }
    found
}

fn of_digest(path: &Path, digest: &Digest) -> Option<Vec<u8>> {
    let data = std::fs::read(path).ok()?;
    (sha256(&data) == *digest).then_some(data)
}
