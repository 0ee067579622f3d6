// SPDX-License-Identifier: GPL-2.0

//! `digestctl remove`: takes lists out of the kernel.

use std::path::Path;

use anyhow::Result;
use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    hash_algo::HashAlgo, //
};

use crate::{
    format,
    hash::hash_bytes,
    report::{
        count,
        remark, //
    },
    securityfs::Location, //
};

/// Remove loaded lists, all that are named or none.
///
/// Files that only these lists know are unknown at once.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl remove /etc/digest_lists/base
  digestctl remove sha256:e38ad214943daad1d64c102faec29de4afe9da3d38f7a4a1d5ad7b5a2e4ad9b2")]
pub(crate) struct Args {
    /// List files, or their digests as `digest_lists` shows them
    #[arg(required = true, value_name = "LIST|DIGEST")]
    lists: Vec<String>,

    #[command(flatten)]
    location: Location,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut request = String::new();
    for list in &args.lists {
        let digest = match Digest::parse(list) {
            Ok(digest) => digest.to_string(),
            // Names of files may have colons.
            Err(_) => {
                let data = format::read(Path::new(list))?;
                format!("{}:{}", HashAlgo::Sha256, Hex(&hash_bytes(&data)))
            }
        };
        if !request.is_empty() {
            request.push('\n');
        }
        request.push_str(&digest);
    }
    args.location
        .write("digest_lists_remove", request.as_bytes())?;
    remark(format_args!("{} removed", count(args.lists.len(), "list")))
}
