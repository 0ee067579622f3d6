// SPDX-License-Identifier: GPL-2.0

//! Entries as a list of the format that was asked for.

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    compact,
    compact16,
    edition::Edition,
    hash_algo::HashAlgo,
    list::Kind,
    tlv, //
};

use super::{
    Entry,
    Format, //
};
use crate::output::Buffer;

/// Encodes `entries`, which are sorted and of one algorithm, as a list that is `edition`.
pub(crate) fn encode(
    format: Format,
    algo: HashAlgo,
    edition: Option<Edition<'_>>,
    entries: &[Entry],
) -> Result<Vec<u8>> {
    let mut list = Buffer::default();
    match edition {
        Some(edition) if format == Format::Compact => edition.write(&mut list)?,
        Some(_) => bail!("only lists of the format compact have names and serial numbers"),
        None => (),
    }
    for block in entries.chunk_by(|a, b| (a.kind, a.verity) == (b.kind, b.verity)) {
        let (kind, verity) = (block[0].kind, block[0].verity);
        let digests = block.iter().map(|entry| entry.digest.as_slice());
        match format {
            Format::Compact if verity => {
                compact::write_verity_block(kind, algo, digests, &mut list)
            }
            Format::Compact16 | Format::Tlv if verity => {
                bail!("only lists of the format compact have digests of fs-verity")
            }
            Format::Compact => compact::write_block(kind, algo, digests, &mut list),
            Format::Compact16 | Format::Tlv if kind == Kind::Revoked => {
                bail!("only lists of the format compact can revoke")
            }
            Format::Compact16 => compact16::write_block(kind, algo, digests, &mut list),
            _ if kind == Kind::Mutable && !format.has_mutable() => {
                bail!("the format tlv has no mutable files; use compact")
            }
            Format::Tlv => {
                let entries = digests.map(|digest| tlv::Entry { digest, path: None });
                tlv::write(algo, entries, &mut list)
            }
        }
        .context("cannot make a list of these digests")?;
    }
    Ok(list.0)
}
