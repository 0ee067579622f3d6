// SPDX-License-Identifier: GPL-2.0

//! `digestctl sign`: signatures of lists.

use std::{
    ffi::OsString,
    path::{
        Path,
        PathBuf, //
    },
    time::{
        SystemTime,
        UNIX_EPOCH, //
    },
};

use anyhow::{
    anyhow,
    bail,
    Context,
    Result, //
};
use digest_logic::{
    candidate::Usage,
    x509::{
        self,
        Purpose, //
    }, //
};
use indicatif::ProgressBar;

use crate::{
    format,
    openssl,
    output::{
        is_standard,
        write_atomically, //
    },
    progress,
    report::{
        complain,
        count,
        quoted,
        remark, //
    },
    signature::with_suffix, //
};

/// Sign digest lists.
///
/// Writes, for each LIST, the detached PKCS#7 signature LIST.p7s, which `digestctl metadata` finds
/// there. Of a list on standard input the signature goes to standard output. The time is signed as
/// well, and has to be within the validity of the certificate. The key
/// is a file in PEM, or any URI that openssl's providers know, such as pkcs11:… .
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl sign base.list --key key.pem --cert cert.pem
  digestctl sign base.list --key 'pkcs11:token=HSM;object=lists' --cert cert.pem")]
pub(crate) struct Args {
    /// Digest lists
    #[arg(required = true, value_name = "LIST")]
    lists: Vec<PathBuf>,

    /// The private key
    #[arg(long, value_name = "KEY")]
    key: OsString,

    /// Its certificate, in PEM
    #[arg(long, value_name = "CERT")]
    cert: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    check_certificate(&args.cert)?;
    let bar = progress::of_lists(args.lists.len());
    for list in &args.lists {
        sign(args, list, &bar)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn sign(args: &Args, list: &Path, bar: &ProgressBar) -> Result<()> {
    let data = format::read(list)?;
    if let Err(error) = format::list(&data) {
        bail!("{} is {error}", quoted(list));
    }
    if is_standard(list) {
        let file = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
        std::fs::write(file.path(), &data)?;
        let signature = openssl::sign(file.path(), &args.key, &args.cert)?;
        return write_atomically(list, &signature);
    }
    let signature = openssl::sign(list, &args.key, &args.cert)?;
    let path = with_suffix(list, "p7s");
    write_atomically(&path, &signature)?;
    bar.suspend(|| remark(format_args!("{}: {} bytes", quoted(&path), signature.len())))
}

/// How long a certificate should still be valid, in seconds: a year.
const YEAR: i64 = 365 * 86_400;

/// Refuses a certificate by which the module takes no signature, and warns if it ends soon.
pub(crate) fn check_certificate(cert: &Path) -> Result<()> {
    let name = quoted(cert);
    let der = openssl::certificate(cert)?
        .map_err(|reason| anyhow!("{name} is no certificate: {reason}"))?;
    check_signer(&der).with_context(|| format!("the module takes no signature by {name}"))?;
    let (from, to) = x509::validity(&der)?;
    let now = now()?;
    if now < from {
        bail!("{name} is not valid yet, and what is signed now is refused");
    }
    if now > to {
        bail!("{name} is no longer valid, and what is signed now is refused");
    }
    if to - now < YEAR {
        let days = (to - now) / 86_400;
        complain(format_args!(
            "{name} is valid for {} only; what is signed after that is refused, what was signed before is not",
            count(usize::try_from(days).unwrap_or_default(), "day")
        ));
    }
    Ok(())
}

/// Refuses a certificate by whose key the module takes no signature, whatever it is of, and tells
/// what it is for otherwise.
pub(crate) fn check_signer(der: &[u8]) -> Result<Purpose> {
    let purpose = Purpose::of_certificate(der)?;
    if !Usage::of_certificate(der)?.sign {
        bail!("the certificate does not allow its key to sign: its keyUsage has to have digitalSignature");
    }
    x509::check_key(der)?;
    Ok(purpose)
}

/// The time in seconds since 1970, as the system believes.
pub(crate) fn now() -> Result<i64> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock is before 1970")?;
    Ok(i64::try_from(now.as_secs())?)
}
