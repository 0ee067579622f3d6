// SPDX-License-Identifier: GPL-2.0

//! The keys in files, by the identifiers under which the module would show them.

use std::{
    fmt::Write,
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
    digest::Hex,
    hash_algo::HashAlgo,
    key_file::{
        KeyFile,
        MAGIC, //
    },
    openpgp::Certificate,
    x509::{
        self,
        Identifier, //
    },
};

use crate::{
    armor,
    format,
    hash::hash_slices,
    report::quoted,
    verify::openpgp_keys::fingerprint, //
};

/// A line for each key: its identifier and the file's name.
pub(super) fn lines(files: &[PathBuf]) -> Result<Vec<u8>> {
    let mut lines = String::new();
    for file in files {
        let ids = ids_in(file).with_context(|| format!("{} has no key", quoted(file)))?;
        for id in ids {
            writeln!(lines, "{} file={}", Hex(&id), quoted(file))?;
        }
    }
    Ok(lines.into_bytes())
}

fn ids_in(file: &Path) -> Result<Vec<Vec<u8>>> {
    let data = format::read(file)?;
    let certificates = match data.strip_prefix(MAGIC) {
        Some(certificate) => vec![certificate.to_vec()],
        None => armor::remove(data)?,
    };
    let mut ids = Vec::new();
    for certificate in certificates {
        match KeyFile::of_certificate(&certificate)? {
            KeyFile::X509(der) => ids.push(match x509::identifier(der)? {
                Identifier::Key(id) => id.to_vec(),
                Identifier::Signed(data) => hash_slices(HashAlgo::Sha256, &[data]),
            }),
            // As in the module: of the keys that may sign, those that can be verified with.
            KeyFile::OpenPgp(data) => ids.extend(
                Certificate::parse(data)?
                    .keys(fingerprint)
                    .filter(|key| key.signs && !key.revoked && key.key.material().is_ok())
                    .map(|key| fingerprint(&key.key).to_vec()),
            ),
        }
    }
    if ids.is_empty() {
        bail!("no key of it may sign");
    }
    Ok(ids)
}
