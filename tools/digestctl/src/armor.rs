// SPDX-License-Identifier: GPL-2.0

//! Armor: certificates as text, X.509 in PEM and OpenPGP.

use anyhow::{
    bail,
    Result, //
};
use digest_logic::rpm::base64;

use crate::output::Buffer;

const X509: &str = "-----BEGIN CERTIFICATE-----";
const OPENPGP: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// The certificates in `data`, each without its armor. What has no armor is one certificate.
pub(crate) fn remove(data: Vec<u8>) -> Result<Vec<Vec<u8>>> {
    let text = match std::str::from_utf8(&data) {
        Ok(text) if text.contains("-----BEGIN ") => text,
        _ => return Ok(vec![data]),
    };
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(begin) = lines.by_ref().find(|line| [X509, OPENPGP].contains(line)) {
        // OpenPGP: fields up to an empty line, then base64 up to the checksum.
        let mut inside = begin == X509;
        let body: String = lines
            .by_ref()
            .take_while(|line| !line.starts_with('=') && !line.starts_with('-'))
            .filter(|line| {
                let body = inside;
                inside |= line.is_empty();
                body
            })
            .collect();
        let mut block = Buffer::default();
        base64::decode(body.as_bytes(), &mut block)?;
        blocks.push(block.0);
    }
    if blocks.is_empty() {
        bail!("the armor has no certificate");
    }
    Ok(blocks)
}
