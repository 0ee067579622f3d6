// SPDX-License-Identifier: GPL-2.0

//! `digestctl sign`: signatures of lists.

use std::{
    ffi::OsString,
    io::Write,
    path::PathBuf, //
};

use anyhow::{
    Context,
    Result, //
};

use crate::{
    format,
    openssl,
    output::write_atomically,
    report::quoted,
    signature::with_suffix, //
};

/// Sign digest lists.
///
/// Writes, for each LIST, the detached PKCS#7 signature LIST.p7s, which `digestctl metadata` finds
/// there. The key is a file in PEM, or any URI that openssl's providers know, such as pkcs11:… .
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
    let mut out = std::io::stdout().lock();
    for list in &args.lists {
        let name = quoted(list);
        let data = format::read(list)?;
        format::list(&data).with_context(|| format!("{name} is not a digest list"))?;
        let signature = openssl::sign(list, &args.key, &args.cert)?;
        let path = with_suffix(list, "p7s");
        write_atomically(&path, &signature)?;
        writeln!(out, "{}: {} bytes", quoted(&path), signature.len())?;
    }
    Ok(())
}
