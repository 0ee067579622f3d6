// SPDX-License-Identifier: GPL-2.0

//! The TPM of this machine, by the programs of tpm2-tools. Which TPM these ask is told by
//! TPM2TOOLS_TCTI in the environment.

use std::{
    collections::BTreeMap,
    ffi::{
        OsStr,
        OsString, //
    },
    path::Path,
    process::Command, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::Hex,
    evidence::{
        attest::Quote,
        public::{
            self,
            Public, //
        },
        replay::Hasher, //
    },
    hash_algo::HashAlgo, //
};
use tempfile::TempDir;

use super::{
    crypto::Hashes,
    document::{
        self,
        Bytes, //
    },
};

/// How often a quote is made anew because a PCR changed meanwhile.
const TRIES: usize = 8;

/// Runs a program of tpm2-tools and returns what it prints.
fn run<I, S>(program: &str, args: I) -> Result<Vec<u8>>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let output = Command::new(program)
        .args(args)
        .output()
        .with_context(|| format!("cannot run {program}; it is in the package tpm2-tools"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines().filter(|line| line.starts_with("ERROR"));
    let reason: Vec<_> = lines.collect();
    bail!("{program} fails: {}", reason.join("; "))
}

/// The names of the active banks.
fn banks() -> Result<Vec<String>> {
    let text = run("tpm2_getcap", ["pcrs"])?;
    let text = String::from_utf8_lossy(&text);
    let banks: Vec<String> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- ")?.split_once(':'))
        .filter(|(_, pcrs)| pcrs.bytes().any(|byte| byte.is_ascii_digit()))
        .map(|(bank, _)| bank.trim().to_owned())
        .collect();
    if banks.is_empty() {
        bail!("the TPM has no active bank");
    }
    Ok(banks)
}

/// The public part of the key `ak`: the file of its context, or a persistent handle.
pub(crate) fn public(ak: &str) -> Result<Bytes> {
    public_of(ak)
        .with_context(|| format!("cannot read the attestation key {ak} (tpm2_createak makes one)"))
}

/// The same of the endorsement key `ek`.
pub(crate) fn endorsement(ek: &str) -> Result<Bytes> {
    public_of(ek)
        .with_context(|| format!("cannot read the endorsement key {ek} (tpm2_createek makes one)"))
}

fn public_of(key: &str) -> Result<Bytes> {
    let place = TempDir::new().context("cannot make a temporary directory")?;
    let file = place.path().join("public");
    let args = [
        "-Q".as_ref(),
        "-c".as_ref(),
        key.as_ref(),
        "-f".as_ref(),
        "tss".as_ref(),
        "-o".as_ref(),
        file.as_os_str(),
    ];
    run("tpm2_readpublic", args)?;
    let data = std::fs::read(&file)?;
    Ok(Bytes(Public::without_size(&data).to_vec()))
}

/// A quote by the key `ak` of these PCRs in the banks with these names; in every bank if there are
/// none.
pub(crate) fn quote(
    ak: &str,
    public: &Bytes,
    nonce: &[u8],
    names: &[String],
    pcrs: &[u32],
) -> Result<document::Quote> {
    let pss = Public::parse(&public.0).is_ok_and(|public| public.scheme == public::RSAPSS);
    let numbers: Vec<_> = pcrs.iter().map(u32::to_string).collect();
    let numbers = numbers.join(",");
    let active = banks()?;
    if let Some(name) = names.iter().find(|name| !active.contains(name)) {
        bail!(
            "the TPM has no active bank {name}; it has {}",
            active.join(", ")
        );
    }
    let banks = if names.is_empty() { &active } else { names };
    let selection: Vec<_> = banks
        .iter()
        .map(|bank| format!("{bank}:{numbers}"))
        .collect();
    let selection = selection.join("+");
    let mut last = None;
    for _ in 0..TRIES {
        match quote_once(ak, pss, nonce, &selection) {
            Ok(quote) => return Ok(quote),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("no quote was made")))
}

fn quote_once(ak: &str, pss: bool, nonce: &[u8], selection: &str) -> Result<document::Quote> {
    let place = TempDir::new().context("cannot make a temporary directory")?;
    let [attest, signature, values] =
        ["attest", "signature", "values"].map(|name| place.path().join(name));
    let nonce = Hex(nonce).to_string();
    let args = [
        "-Q".as_ref(),
        "-c".as_ref(),
        ak.as_ref(),
        "-l".as_ref(),
        selection.as_ref(),
        "-q".as_ref(),
        nonce.as_ref(),
        "-g".as_ref(),
        "sha256".as_ref(),
        "-m".as_ref(),
        attest.as_os_str(),
        "-s".as_ref(),
        signature.as_os_str(),
    ];
    // Of its own, tpm2_quote asks for no scheme, or for RSASSA.
    let scheme: &[&OsStr] = match pss {
        true => &["--scheme".as_ref(), "rsapss".as_ref()],
        false => &[],
    };
    run("tpm2_quote", args.iter().chain(scheme))?;
    let args = [
        selection.as_ref(),
        "-Q".as_ref(),
        "-o".as_ref(),
        values.as_os_str(),
    ];
    run("tpm2_pcrread", args)?;
    let [attest, signature, values] = [attest, signature, values].map(std::fs::read);
    let (attest, signature, values) = (attest?, signature?, values?);
    let pcrs = split(&attest, &values)?;
    Ok(document::Quote {
        attest: Bytes(attest),
        signature: Bytes(signature),
        pcrs,
    })
}

/// The values by bank and number, if they are those that were quoted.
fn split(attest: &[u8], values: &[u8]) -> Result<BTreeMap<String, BTreeMap<u32, String>>> {
    let quote = Quote::parse(attest).context("the TPM's quote")?;
    let mut pcrs: BTreeMap<String, BTreeMap<u32, String>> = BTreeMap::new();
    let mut rest = values;
    for selection in quote.selections() {
        let Ok(algo) = HashAlgo::from_tpm_alg_id(selection.algo) else {
            bail!(
                "the TPM has a bank of the algorithm {:#06x}, which is not known here",
                selection.algo
            );
        };
        for number in selection.numbers() {
            let (value, tail) = rest
                .split_at_checked(algo.digest_size())
                .context("tpm2_pcrread gives too few bytes")?;
            rest = tail;
            pcrs.entry(algo.name().to_owned())
                .or_default()
                .insert(number, Hex(value).to_string());
        }
    }
    if Hashes.hash(HashAlgo::Sha256, &[values]).as_bytes() != quote.digest {
        bail!("the PCRs changed while they were read; try again");
    }
    Ok(pcrs)
}

/// The certificate that the maker of the TPM put at `index` of its memory, as it is there.
pub(crate) fn stored_certificate(index: &str) -> Result<Vec<u8>> {
    let place = TempDir::new().context("cannot make a temporary directory")?;
    let file = place.path().join("certificate");
    let args = [
        index.as_ref(),
        "-Q".as_ref(),
        "-C".as_ref(),
        "o".as_ref(),
        "-o".as_ref(),
        file.as_os_str(),
    ];
    run("tpm2_nvread", args)?;
    Ok(std::fs::read(&file)?)
}

/// Encrypts `secret` so that only the TPM with the endorsement key `ek` (`TPMT_PUBLIC`) gives it
/// away, and only if it has the key with `name`. Asks no TPM.
pub(crate) fn make_credential(ek: &[u8], name: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
    let place = TempDir::new().context("cannot make a temporary directory")?;
    let [public, clear, credential] =
        ["public", "clear", "credential"].map(|name| place.path().join(name));
    let size = u16::try_from(ek.len()).context("the endorsement key")?;
    std::fs::write(&public, [&size.to_be_bytes(), ek].concat())?;
    std::fs::write(&clear, secret)?;
    let name = Hex(name).to_string();
    let args = [
        "-Q".as_ref(),
        "-T".as_ref(),
        "none".as_ref(),
        "-u".as_ref(),
        public.as_os_str(),
        "-s".as_ref(),
        clear.as_os_str(),
        "-n".as_ref(),
        name.as_ref(),
        "-o".as_ref(),
        credential.as_os_str(),
    ];
    run("tpm2_makecredential", args)?;
    Ok(std::fs::read(&credential)?)
}

/// How a TPM lets somebody use an endorsement key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// By its policy, which asks for the authorization of the endorsement hierarchy.
    Policy,
    /// By its own authorization, which is empty.
    Authorization,
}

/// What was encrypted for the keys `ak` and `ek` of this TPM.
pub(crate) fn activate_credential(
    ak: &str,
    ek: &str,
    by: Use,
    credential: &[u8],
) -> Result<Vec<u8>> {
    let place = TempDir::new().context("cannot make a temporary directory")?;
    let [session, input, output] =
        ["session", "input", "output"].map(|name| place.path().join(name));
    std::fs::write(&input, credential)?;
    if by == Use::Authorization {
        activate(ak, ek, "".as_ref(), &input, &output)?;
        return Ok(std::fs::read(&output)?);
    }
    let start = [
        "-Q".as_ref(),
        "--policy-session".as_ref(),
        "-S".as_ref(),
        session.as_os_str(),
    ];
    run("tpm2_startauthsession", start)?;
    let activated = activate_by_policy(ak, ek, &session, &input, &output);
    // The TPM has room for few sessions.
    let flushed = run("tpm2_flushcontext", [session.as_os_str()]);
    activated?;
    flushed?;
    Ok(std::fs::read(&output)?)
}

fn activate_by_policy(
    ak: &str,
    ek: &str,
    session: &Path,
    input: &Path,
    output: &Path,
) -> Result<()> {
    let args = [
        "-Q".as_ref(),
        "-S".as_ref(),
        session.as_os_str(),
        "-c".as_ref(),
        "e".as_ref(),
    ];
    run("tpm2_policysecret", args)?;
    let mut by_session = OsString::from("session:");
    by_session.push(session);
    activate(ak, ek, &by_session, input, output)
}

fn activate(ak: &str, ek: &str, authorization: &OsStr, input: &Path, output: &Path) -> Result<()> {
    let args = [
        "-Q".as_ref(),
        "-c".as_ref(),
        ak.as_ref(),
        "-C".as_ref(),
        ek.as_ref(),
        "-P".as_ref(),
        authorization,
        "-i".as_ref(),
        input.as_os_str(),
        "-o".as_ref(),
        output.as_os_str(),
    ];
    run("tpm2_activatecredential", args).map(drop)
}
