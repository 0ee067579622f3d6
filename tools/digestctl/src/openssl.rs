// SPDX-License-Identifier: GPL-2.0

//! Cryptography by the program `openssl`: keys may be in files or, through its providers, anywhere
//! else.

use std::{
    ffi::OsStr,
    path::Path,
    process::Command, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};

use crate::report::{
    detail,
    quoted, //
};

/// Runs `openssl` with `args` and returns what it prints, or else what it complains about.
pub(crate) fn run<I, S>(args: I) -> Result<Result<Vec<u8>, String>>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new("openssl");
    command.args(args);
    detail(format_args!("running {command:?}"));
    let output = command
        .output()
        .context("cannot run openssl; it is in the package openssl")?;
    if output.status.success() {
        return Ok(Ok(output.stdout));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Ok(Err(reason(&text)))
}

/// Why openssl has failed, by what it says. Where a line is for people, that; or else the reasons
/// of its error queue, whose lines have fields: thread, `error`, code, library, function, reason,
/// file, line, more of the reason.
fn reason(text: &str) -> String {
    const SAYS: [&str; 3] = ["rror", "ould not", "an't"];
    let is_of_queue = |line: &&str| line.contains(":error:");
    let mut told = text.lines().filter(|line| !is_of_queue(line));
    if let Some(line) = told.find(|line| SAYS.iter().any(|word| line.contains(word))) {
        return line.to_owned();
    }
    let mut reasons: Vec<String> = Vec::new();
    for line in text.lines().filter(is_of_queue) {
        let fields: Vec<_> = line.splitn(9, ':').collect();
        let reason = match fields[..] {
            [.., reason, _, _, ""] if fields.len() == 9 => reason.to_owned(),
            [.., reason, _, _, more] if fields.len() == 9 => format!("{reason}: {more}"),
            _ => line.to_owned(),
        };
        if !reasons.contains(&reason) && reasons.len() < 4 {
            reasons.push(reason);
        }
    }
    match reasons.is_empty() {
        true => text
            .lines()
            .next()
            .unwrap_or("it does not say why")
            .to_owned(),
        false => reasons.join("; "),
    }
}

/// The first certificate in the file `cert`, in PEM, as DER. Says why there is none.
pub(crate) fn certificate(cert: &Path) -> Result<Result<Vec<u8>, String>> {
    run([
        "x509".as_ref(),
        "-in".as_ref(),
        cert.as_os_str(),
        "-outform".as_ref(),
        "DER".as_ref(),
    ])
}

/// The detached PKCS#7 signature, in DER, with the time of signing, of the file `data` by the key
/// `key` (a file, or a URI such as `pkcs11:…`), whose certificate is in the file `cert`.
pub(crate) fn sign(data: &Path, key: &OsStr, cert: &Path) -> Result<Vec<u8>> {
    // What the kernel verifies: no text conversion, and no capabilities among the signed
    // attributes.
    let args = [
        "cms".as_ref(),
        "-sign".as_ref(),
        "-binary".as_ref(),
        "-nosmimecap".as_ref(),
        "-md".as_ref(),
        "sha256".as_ref(),
        "-outform".as_ref(),
        "DER".as_ref(),
        "-in".as_ref(),
        data.as_os_str(),
        "-signer".as_ref(),
        cert.as_os_str(),
        "-inkey".as_ref(),
        key,
    ];
    match run(args)? {
        Ok(signature) => Ok(signature),
        Err(reason) => {
            let hint = if key.to_string_lossy().starts_with("pkcs11:") {
                "; openssl needs its provider pkcs11 (package pkcs11-provider) and a configuration that names \
                 the token's module, in OPENSSL_CONF"
            } else {
                ""
            };
            bail!("openssl cannot sign {}: {reason}{hint}", quoted(data))
        }
    }
}

/// Verifies the detached PKCS#7 signature in the file `signature` of the file `data`: the signer's
/// certificate has to be among those in the PEM file `certs`, or signed by one of them without
/// another in between, and valid at `moment`, in seconds since 1970, if there is one. Writes the
/// signer's certificate to the file `signer`, in PEM. Says why not.
pub(crate) fn verify_cms(
    data: &Path,
    signature: &Path,
    certs: &Path,
    moment: Option<i64>,
    signer: &Path,
) -> Result<Result<(), String>> {
    let moment = moment.map(|moment| moment.to_string());
    let time: &[&OsStr] = match &moment {
        Some(moment) => &["-attime".as_ref(), moment.as_ref()],
        None => &["-no_check_time".as_ref()],
    };
    let args = [
        "cms".as_ref(),
        "-verify".as_ref(),
        "-binary".as_ref(),
        "-inform".as_ref(),
        "DER".as_ref(),
        "-in".as_ref(),
        signature.as_os_str(),
        "-content".as_ref(),
        data.as_os_str(),
        "-CAfile".as_ref(),
        certs.as_os_str(),
        // Without these openssl trusts the authorities of the system as well.
        "-no-CApath".as_ref(),
        "-no-CAstore".as_ref(),
        "-verify_depth".as_ref(),
        "0".as_ref(),
        "-certfile".as_ref(),
        certs.as_os_str(),
        "-partial_chain".as_ref(),
        "-purpose".as_ref(),
        "any".as_ref(),
        "-out".as_ref(),
        "/dev/null".as_ref(),
        "-signer".as_ref(),
        signer.as_os_str(),
    ];
    Ok(run(args.iter().chain(time))?.map(|_| ()))
}

/// Verifies the signature in the file `signature` of the digest in the file `digest` by the public
/// key in the file `key`, in PEM or DER. Says why not.
pub(crate) fn verify_digest(
    key: &Path,
    hash: &str,
    digest: &Path,
    signature: &Path,
) -> Result<Result<(), String>> {
    let option = format!("digest:{hash}");
    let args = [
        "pkeyutl".as_ref(),
        "-verify".as_ref(),
        "-pubin".as_ref(),
        "-inkey".as_ref(),
        key.as_os_str(),
        "-in".as_ref(),
        digest.as_os_str(),
        "-sigfile".as_ref(),
        signature.as_os_str(),
        "-pkeyopt".as_ref(),
        option.as_ref(),
    ];
    Ok(run(args)?.map(|_| ()))
}

/// The public key of the certificate in the file `cert`, in PEM or DER, in PEM. Says why there is
/// none.
pub(crate) fn public_key(cert: &Path) -> Result<Result<Vec<u8>, String>> {
    run([
        "x509".as_ref(),
        "-in".as_ref(),
        cert.as_os_str(),
        "-noout".as_ref(),
        "-pubkey".as_ref(),
        // The file may come from anybody: what is encrypted is no reason to ask a person.
        "-passin".as_ref(),
        "pass:".as_ref(),
    ])
}

/// The subject of the first certificate in the file `cert`, in one line. Says why there is none.
pub(crate) fn subject(cert: &Path) -> Result<Result<String, String>> {
    name(cert, "subject")
}

/// The issuer, in the same way.
pub(crate) fn issuer(cert: &Path) -> Result<Result<String, String>> {
    name(cert, "issuer")
}

fn name(cert: &Path, of: &str) -> Result<Result<String, String>> {
    let option = format!("-{of}");
    let printed = run([
        "x509".as_ref(),
        "-in".as_ref(),
        cert.as_os_str(),
        "-noout".as_ref(),
        option.as_ref(),
        "-nameopt".as_ref(),
        "RFC2253".as_ref(),
    ])?;
    Ok(printed.map(|text| {
        let text = String::from_utf8_lossy(&text).trim().to_owned();
        let name = text
            .strip_prefix(of)
            .and_then(|rest| rest.strip_prefix('='));
        name.unwrap_or(&text).to_owned()
    }))
}

/// What the certificate in the file `cert` may be used for, as openssl prints it; empty if it does
/// not say. Says why it cannot be read.
pub(crate) fn extended_usage(cert: &Path) -> Result<Result<String, String>> {
    let printed = run([
        "x509".as_ref(),
        "-in".as_ref(),
        cert.as_os_str(),
        "-noout".as_ref(),
        "-ext".as_ref(),
        "extendedKeyUsage".as_ref(),
    ])?;
    Ok(printed.map(|text| String::from_utf8_lossy(&text).trim().to_owned()))
}

/// The purposes in what [`extended_usage`] prints, each alone.
pub(crate) fn purposes(usage: &str) -> impl Iterator<Item = &str> {
    usage.split([',', '\n']).map(str::trim)
}

/// Whether the certificate in the file `cert` is by one of those in the PEM file `authorities`, and
/// by no authority of the system. Says why not.
pub(crate) fn verify_certificate(cert: &Path, authorities: &Path) -> Result<Result<(), String>> {
    let ran = run([
        "verify".as_ref(),
        "-CAfile".as_ref(),
        authorities.as_os_str(),
        "-no-CApath".as_ref(),
        "-no-CAstore".as_ref(),
        "-partial_chain".as_ref(),
        "-purpose".as_ref(),
        "any".as_ref(),
        cert.as_os_str(),
    ])?;
    Ok(ran.map(|_| ()))
}
