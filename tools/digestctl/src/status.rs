// SPDX-License-Identifier: GPL-2.0

//! `digestctl status`: what the module says of itself.

use std::io::Write;

use anyhow::Result;

use crate::securityfs::Location;

/// Show what the module reports: hooks, TPM, lists, counters.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    location: Location,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let status = args.location.read("status")?;
    std::io::stdout().write_all(&status)?;
    Ok(())
}
