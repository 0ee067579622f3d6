// SPDX-License-Identifier: GPL-2.0

//! A request to Keylime's `/verify/evidence` of our evidence.
//!
//! Keylime reads a quote as `tpm2_quote` of the 64-bit little endian machines writes it, of one
//! bank, which is also the hash of the signature; and the ascii measurement list from its first
//! record.

use std::path::PathBuf;

use anyhow::{
    anyhow,
    bail,
    Context,
    Result, //
};
use base64::{
    engine::general_purpose::STANDARD,
    Engine, //
};
use digest_logic::{
    digest::Digest,
    evidence::{
        attest::Quote,
        public::Public,
        records::Extends,
        tpm_signature::TpmSignature, //
    },
    hash_algo::HashAlgo,
    policy::Template,
    template::write_ascii, //
};
use serde_json::{
    json,
    Value, //
};

use crate::{
    evidence::{
        crypto::AttestationKey,
        document::{
            self,
            unhex,
            Evidence, //
        },
    },
    format,
    machine::records,
    output::Buffer,
    report::quoted,
};

/// `TPML_PCR_SELECTION` in memory: a number, and this many banks of 8 bytes.
const SELECTIONS: usize = 16;
/// `TPML_DIGEST` in memory: a number, and this many digests.
const DIGESTS: usize = 8;
/// Of a digest in memory its bytes, behind a number of 2 bytes.
const DIGEST_SIZE: usize = 64;

/// What is asked.
#[derive(clap::Args)]
pub(crate) struct Request {
    /// What `digestctl attest` wrote
    evidence: PathBuf,

    /// The nonce that the machine was asked with, in hexadecimal
    #[arg(long, value_name = "HEX")]
    nonce: String,

    /// The machine's attestation key: PEM, or what tpm2_readpublic or tpm2_createak wrote
    #[arg(long, value_name = "FILE")]
    ak: PathBuf,

    /// The runtime policy (digestctl export keylime); without it the list is not sent
    #[arg(long, value_name = "FILE", required_unless_present = "tpm_policy")]
    runtime_policy: Option<PathBuf>,

    /// The TPM policy (digestctl export tpm-policy)
    #[arg(long, value_name = "FILE")]
    tpm_policy: Option<PathBuf>,
}

/// The request as JSON.
pub(super) fn request(args: &Request) -> Result<Value> {
    let data = format::read(&args.evidence)?;
    let evidence = Evidence::parse(&data).with_context(|| quoted(&args.evidence))?;
    let nonce = unhex(&args.nonce).context("--nonce")?;
    let public = Public::parse(&evidence.ak.public.0).context("the key of the evidence")?;
    // Keylime takes the key of the request for the machine's.
    if AttestationKey::new(&public.key)? != AttestationKey::read(&args.ak)? {
        bail!("the evidence is by another key than {}", quoted(&args.ak));
    }
    let (quote, hash) = quote(&evidence.quote)?;
    let list = match &args.runtime_policy {
        Some(_) => list(&evidence)?,
        None => String::new(),
    };
    let text = |path: &Option<PathBuf>| match path {
        Some(path) => String::from_utf8(format::read(path)?)
            .with_context(|| format!("{} is no text", quoted(path))),
        None => Ok(String::new()),
    };
    let tpm_policy = match &args.tpm_policy {
        Some(_) => text(&args.tpm_policy)?,
        None => refused_unread(&evidence)?,
    };
    Ok(json!({
        "type": "tpm",
        "data": {
            "quote": quote,
            "nonce": STANDARD.encode(nonce),
            "hash_alg": hash.name(),
            // It may not be empty, and is not looked at.
            "tpm_ek": "none",
            "tpm_ak": STANDARD.encode(sized(&evidence.ak.public.0)?),
            "tpm_policy": tpm_policy,
            "runtime_policy": text(&args.runtime_policy)?,
            "mb_policy": "",
            "ima_measurement_list": list,
            "mb_log": "",
        },
    }))
}

/// A TPM policy that allows no value of the list's PCR. A Keylime that knows this PCR as that of a
/// list compares it with the list only. To any other the list would be of no interest.
fn refused_unread(evidence: &Evidence) -> Result<String> {
    let history = records(&evidence.log.records.0)?;
    let start = history
        .start()
        .map_err(|reason| anyhow!("the list: {reason}"))?;
    let pcr = start.get("pcr").context("the start record names no PCR")?;
    Ok(json!({ pcr: [] }).to_string())
}

/// `TPM2B_PUBLIC` of a `TPMT_PUBLIC`.
fn sized(public: &[u8]) -> Result<Vec<u8>> {
    let size = u16::try_from(public.len()).context("the key of the evidence is too long")?;
    Ok([&size.to_be_bytes()[..], public].concat())
}

/// The ascii list.
fn list(evidence: &Evidence) -> Result<String> {
    if evidence.log.first != 0 {
        bail!(
            "the evidence begins behind {} records: Keylime needs the whole list (attest without --since)",
            evidence.log.first
        );
    }
    let mut text = Buffer::default();
    for (number, extend) in Extends::new(&evidence.log.records.0).enumerate() {
        let extend = extend.with_context(|| format!("record {number} of the measurement list"))?;
        if extend.is_batch() {
            bail!("record {number}: Keylime does not know batches of records (batch=1)");
        }
        for record in extend.records() {
            match record.template {
                Template::Ima | Template::ImaNg | Template::ImaSig | Template::ImaBuf => {}
                template => bail!(
                    "record {number}: Keylime does not know the template {}",
                    template.name()
                ),
            }
            let digest = Digest::new(HashAlgo::Sha1, &record.template_digest)?;
            write_ascii(record.pcr, &digest, record.template, record.data, &mut text)
                .with_context(|| format!("record {number}"))?;
        }
    }
    String::from_utf8(text.0).context("Keylime reads no list in which a name is not UTF-8")
}

/// The quote as Keylime writes it, and the hash of its bank.
fn quote(quote: &document::Quote) -> Result<(String, HashAlgo)> {
    let attest = Quote::parse(&quote.attest.0).context("the quote")?;
    let signature =
        TpmSignature::parse(&quote.signature.0).context("the signature of the quote")?;
    let hash = signature.hash;
    let [selection] = attest.selections() else {
        bail!("Keylime reads quotes of one bank: digestctl attest --bank {hash}");
    };
    if HashAlgo::from_tpm_alg_id(selection.algo).ok() != Some(hash) {
        bail!("Keylime reads quotes of the bank by whose hash they are signed: digestctl attest --bank {hash}");
    }
    let values = quote.pcrs.get(hash.name());
    let values: Vec<Vec<u8>> = selection
        .numbers()
        .map(|number| {
            let hex = values.and_then(|values| values.get(&number));
            let hex = hex.with_context(|| format!("the evidence has no value of PCR {number}"))?;
            unhex(hex)
        })
        .collect::<Result<_>>()?;
    let mut memory = 1u32.to_le_bytes().to_vec();
    let mut banks = Vec::new();
    banks.extend(selection.algo.to_le_bytes());
    banks.push(3);
    banks.extend(selection.pcrs.to_le_bytes().into_iter().take(3));
    banks.resize(SELECTIONS * 8, 0);
    memory.extend(banks);
    let groups = values.chunks(DIGESTS);
    memory.extend(u32::try_from(groups.len())?.to_le_bytes());
    for group in groups {
        let mut digests = Vec::new();
        for value in group {
            if value.len() > DIGEST_SIZE {
                bail!("a value of a PCR is too long");
            }
            digests.extend(u16::try_from(value.len())?.to_le_bytes());
            let end = digests.len() + DIGEST_SIZE;
            digests.extend(value);
            digests.resize(end, 0);
        }
        digests.resize(DIGESTS * (2 + DIGEST_SIZE), 0);
        memory.extend(u32::try_from(group.len())?.to_le_bytes());
        memory.extend(digests);
    }
    let [attest, signature, memory] =
        [&quote.attest.0, &quote.signature.0, &memory].map(|bytes| STANDARD.encode(bytes));
    Ok((format!("r{attest}:{signature}:{memory}"), hash))
}
