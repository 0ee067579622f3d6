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
    Context,
    Result, //
};
use digest_logic::{
    candidate::{
        self,
        Usage,
        Way, //
    },
    digest::Hex,
    hash_algo::HashAlgo,
    key_file::{
        KeyFile,
        MAGIC, //
    },
    openpgp::Certificate,
    refusal::Cause,
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

/// A key in a file.
struct Found {
    id: Vec<u8>,
    /// Why the module would not take it, whatever vouches for it.
    refused: Option<Cause>,
}

/// A line for each key: its identifier, the file's name, and why the module would not take it. As
/// well the files that have none that it would take.
pub(super) fn lines(files: &[PathBuf]) -> Result<(Vec<u8>, Vec<String>)> {
    let mut lines = String::new();
    let mut useless = Vec::new();
    for file in files {
        let name = quoted(file);
        let found = keys_in(file).with_context(|| format!("{name} has no key"))?;
        for Found { id, refused } in &found {
            write!(lines, "{} file={name}", Hex(id))?;
            if let Some(reason) = refused {
                write!(lines, " refused={reason}")?;
            }
            lines.push('\n');
        }
        if found.iter().all(|key| key.refused.is_some()) {
            useless.push(name);
        }
    }
    Ok((lines.into_bytes(), useless))
}

fn keys_in(file: &Path) -> Result<Vec<Found>> {
    let data = format::read(file)?;
    let (certificates, way) = match data.strip_prefix(MAGIC) {
        Some(certificate) => (vec![certificate.to_vec()], Way::KeyFile),
        None => (armor::remove(data)?, Way::Certificate),
    };
    let mut found = Vec::new();
    for certificate in certificates {
        match KeyFile::of_certificate(&certificate)? {
            KeyFile::X509(der) => found.push(Found {
                id: match x509::identifier(der)? {
                    Identifier::Key(id) => id.to_vec(),
                    Identifier::Signed(data) => hash_slices(HashAlgo::Sha256, &[data]),
                },
                refused: judge(der, way).err(),
            }),
            KeyFile::OpenPgp(data) => {
                let keys = Certificate::parse(data)?.keys(fingerprint);
                found.extend(keys.map(|key| Found {
                    id: key.fingerprint.to_vec(),
                    refused: candidate::material(&key).err(),
                }));
            }
        }
    }
    Ok(found)
}

fn judge(der: &[u8], way: Way) -> Result<(), Cause> {
    candidate::judge(der)?;
    Usage::of_certificate(der)?.check(way)
}
