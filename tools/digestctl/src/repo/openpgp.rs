// SPDX-License-Identifier: GPL-2.0

//! Texts that are signed in clear by OpenPGP, as InRelease, by the programs that apt uses for it:
//! `sqv`, or else `gpgv`.
//!
//! What is signed is what these programs write, never what stands around it.

use std::{
    io::ErrorKind,
    path::{
        Path,
        PathBuf, //
    },
    process::{
        Command,
        Output, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use tempfile::TempDir;

use crate::{
    armor,
    format::read_at_most,
    report::{
        detail,
        quoted,
        No, //
    }, //
};

/// The largest text and the largest keyring that are read, in bytes.
const MAX_TEXT: usize = 64 << 20;

/// How a text begins that is signed in clear (RFC 9580, 7).
const BEGINNING: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";

/// A text, and the fingerprints of the certificates whose keys signed it.
pub(super) struct Signed {
    pub(super) text: Vec<u8>,
    pub(super) signers: Vec<String>,
}

/// The text that is signed in the file, by one of the keys in the files `keyrings` at least.
pub(super) fn verify(file: &Path, keyrings: &[PathBuf]) -> Result<Signed> {
    let place = TempDir::new().context("cannot make a temporary directory")?;
    let mut keys = Vec::new();
    for keyring in keyrings {
        let blocks = armor::remove(bounded(keyring)?).with_context(|| quoted(keyring))?;
        keys.extend(blocks.concat());
    }
    let put = |name: &str, data: &[u8]| {
        let path = place.path().join(name);
        std::fs::write(&path, data).map(|()| path)
    };
    // What is verified is what is read here, whatever becomes of the file.
    let signed = bounded(file)?;
    // Another message could be one that grows when it is read.
    if !signed.starts_with(BEGINNING) {
        return Err(No::error(format!(
            "{} is not signed by a key of the keyring: it is no text that is signed in clear",
            quoted(file)
        )));
    }
    let (keys, signed) = (put("keys.gpg", &keys)?, put("signed", &signed)?);
    let text = place.path().join("text");
    let ran = match by_sqv(&keys, &signed, &text)? {
        Some(ran) => ran,
        None => by_gpgv(&keys, &signed, &text)?,
    };
    match ran {
        Ok(signers) if !signers.is_empty() && text.exists() => Ok(Signed {
            text: bounded(&text)?,
            signers,
        }),
        Ok(_) => Err(No::error(format!(
            "{} is not signed by a key of the keyring",
            quoted(file)
        ))),
        Err(reason) => Err(No::error(format!(
            "{} is not signed by a key of the keyring: {reason}",
            quoted(file)
        ))),
    }
}

fn bounded(path: &Path) -> Result<Vec<u8>> {
    let data = read_at_most(path, MAX_TEXT + 1)?;
    if data.len() > MAX_TEXT {
        bail!("{} is larger than {MAX_TEXT} bytes", quoted(path));
    }
    Ok(data)
}

/// The signers, or why there is none; nothing if there is no such program, or an old one.
fn by_sqv(keys: &Path, signed: &Path, text: &Path) -> Result<Option<Result<Vec<String>, String>>> {
    let help = run(Command::new("sqv").arg("--help"))?;
    let knows = |help: Output| String::from_utf8_lossy(&help.stdout).contains("--cleartext");
    if !help.is_some_and(knows) {
        return Ok(None);
    }
    let ran = run(Command::new("sqv")
        .args(["--cleartext", "--keyring"])
        .arg(keys)
        .arg("--output")
        .arg(text)
        .arg(signed))?;
    Ok(ran.map(|ran| match ran.status.success() {
        true => Ok(lines(&ran.stdout)),
        false => Err(reason(&ran)),
    }))
}

fn by_gpgv(keys: &Path, signed: &Path, text: &Path) -> Result<Result<Vec<String>, String>> {
    let ran = run(Command::new("gpgv")
        .args(["--status-fd", "1", "--weak-digest", "SHA1", "--keyring"])
        .arg(keys)
        .arg("--output")
        .arg(text)
        .arg(signed))?;
    let Some(ran) = ran else {
        bail!("there is neither sqv nor gpgv to verify the archive's signature with; apt needs one of these packages too");
    };
    // Its status is that of all signatures, also of those by keys that are not in the keyring. The
    // word GOODSIG is only said of keys that are neither expired nor revoked.
    let mut signers = Vec::new();
    let mut good = false;
    for line in lines(&ran.stdout) {
        let mut words = line
            .split(' ')
            .skip_while(|word| *word != "[GNUPG:]")
            .skip(1);
        match words.next() {
            Some("NEWSIG") => good = false,
            Some("GOODSIG") => good = true,
            // The last word is the certificate's fingerprint, which sqv says as well; the first one
            // is that of its key.
            Some("VALIDSIG") if good => signers.extend(words.last().map(str::to_owned)),
            _ => (),
        }
    }
    Ok(match signers.is_empty() {
        true => Err(reason(&ran)),
        false => Ok(signers),
    })
}

/// Runs the command; nothing if there is no such program.
fn run(command: &mut Command) -> Result<Option<Output>> {
    detail(format_args!("running {command:?}"));
    match command.output() {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot run {:?}", command.get_program())),
    }
}

fn lines(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    text.lines().map(|line| line.trim().to_owned()).collect()
}

fn reason(ran: &Output) -> String {
    let lines = lines(&ran.stderr);
    let said = lines.iter().filter(|line| !line.is_empty());
    let first: Vec<_> = said.take(3).map(String::as_str).collect();
    match first.is_empty() {
        true => "it does not say why".to_owned(),
        false => first.join("; "),
    }
}
