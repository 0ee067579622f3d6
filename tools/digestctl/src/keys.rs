// SPDX-License-Identifier: GPL-2.0

//! `digestctl keys`: the keys by which lists may be signed.

mod in_files;

use std::{
    ffi::OsString,
    os::unix::ffi::OsStrExt,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::key_file::{
    KeyFile,
    MAGIC, //
};
use serde_json::Value;

use crate::{
    armor,
    format,
    json,
    openssl,
    output::write_atomically,
    report::{
        count,
        quoted,
        remark,
        No, //
    },
    securityfs::Location,
    sign::check_certificate,
    signature::with_suffix,
    terminal::print, //
};

/// The file of the module that all of this is about.
const FILE: &str = "trusted_keys";

/// Show, add and revoke the keys by which digest lists may be signed.
#[derive(clap::Subcommand)]
#[command(after_help = "\
Examples:
  digestctl keys add new-signer.pem                  a certificate that a trusted authority signed
  digestctl keys sign vendor.asc --key key.pem --cert cert.pem
  digestctl keys add vendor.asc.keyfile              a vendor's key that a trusted key vouches for")]
pub(crate) enum Command {
    /// Show the keys
    ///
    /// Those of the module or, where files are named, the identifiers of the keys in them. Of one
    /// that the module would not take, whatever vouches for it, the line says why; the exit status
    /// is 1 if a file has no other.
    Show {
        /// Certificates, in PEM or DER, OpenPGP keys, or key files
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,

        /// Print JSON: an array with an object for each key
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        location: Location,
    },
    /// Add keys: certificates (X.509) that a trusted key signed, or key files that `keys sign` made
    Add {
        /// Certificates, in PEM or DER, or key files with their signatures beside them
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,

        #[command(flatten)]
        location: Location,
    },
    /// Revoke keys, for as long as the module is loaded
    Revoke {
        /// Their identifiers, as `keys show` prints them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,

        #[command(flatten)]
        location: Location,
    },
    /// Make and sign key files: of each CERT, CERT.keyfile and its detached PKCS#7 signature
    /// CERT.keyfile.sig
    Sign {
        /// The certificates to sign: X.509 or OpenPGP, armored or not, one in each file
        #[arg(required = true, value_name = "CERT")]
        certificates: Vec<PathBuf>,

        /// The private key of a trusted key: a file in PEM, or a URI such as pkcs11:…
        #[arg(long, value_name = "KEY")]
        key: OsString,

        /// Its certificate, in PEM
        #[arg(long, value_name = "CERT")]
        cert: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Show {
            files,
            json,
            location,
        } => {
            let (keys, useless) = match &**files {
                [] => (location.read(FILE)?, Vec::new()),
                files => in_files::lines(files)?,
            };
            show(*json, &keys)?;
            if let [first, ..] = &*useless {
                let more = match useless.len() - 1 {
                    0 => String::new(),
                    more => format!(", nor has {}", count(more, "other file")),
                };
                return Err(No::error(format!(
                    "{first} has no key that the module would take{more}: 'refused=' says why"
                )));
            }
        }
        Command::Add { files, location } => {
            for file in files {
                add(file, location).with_context(|| quoted(file))?;
            }
            remark(format_args!("{} added", count(files.len(), "file")))?;
        }
        Command::Revoke { ids, location } => {
            for id in ids {
                location.write(FILE, format!("revoke {id}").as_bytes())?;
            }
            remark(format_args!("{} revoked", count(ids.len(), "key")))?;
        }
        Command::Sign {
            certificates,
            key,
            cert,
        } => {
            check_certificate(cert)?;
            for certificate in certificates {
                let path = with_suffix(certificate, "keyfile");
                let data = [MAGIC, &only(certificate)?].concat();
                KeyFile::parse(&data)
                    .with_context(|| format!("{} is no certificate", quoted(certificate)))?;
                write_atomically(&path, &data)?;
                let signature = openssl::sign(&path, key, cert)?;
                write_atomically(&with_suffix(&path, "sig"), &signature)?;
                remark(quoted(&path))?;
            }
        }
    }
    Ok(())
}

fn show(as_json: bool, keys: &[u8]) -> Result<()> {
    if !as_json {
        return print(keys);
    }
    let text = String::from_utf8_lossy(keys);
    let keys = text.lines().map(|line| {
        let mut key = json::words(line, "id");
        // Identifiers of digits only are no numbers.
        key["id"] = line.split(' ').next().unwrap_or_default().into();
        key
    });
    json::print(&Value::Array(keys.collect()))
}

/// The certificate in `file`.
fn only(file: &Path) -> Result<Vec<u8>> {
    let name = || format!("{} is no certificate", quoted(file));
    let mut blocks = armor::remove(format::read(file)?).with_context(name)?;
    match blocks.pop() {
        Some(block) if blocks.is_empty() => Ok(block),
        _ => bail!("{} has more than one certificate", quoted(file)),
    }
}

fn add(file: &Path, location: &Location) -> Result<()> {
    let data = recorded(file)?;
    if data.starts_with(MAGIC) {
        let path = file.canonicalize()?;
        return location.write(FILE, path.as_os_str().as_bytes());
    }
    location.write(FILE, &data)
}

/// What the module records, by its digest, when the file is added: a key file, or a certificate
/// without armor.
pub(crate) fn recorded(file: &Path) -> Result<Vec<u8>> {
    let data = format::read(file)?;
    if data.starts_with(MAGIC) {
        return Ok(data);
    }
    let certificate = only(file)?;
    match KeyFile::of_certificate(&certificate)? {
        KeyFile::X509(_) => Ok(certificate),
        KeyFile::OpenPgp(_) => bail!(
            "an OpenPGP key has to come in a key file that a trusted key signed; see digestctl keys sign"
        ),
    }
}
