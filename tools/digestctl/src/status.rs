// SPDX-License-Identifier: GPL-2.0

//! `digestctl status`: what the module says of itself.

mod prometheus;

use anyhow::Result;
use serde_json::Value;

use crate::{
    json,
    securityfs::Location,
    terminal::print, //
};

/// Show what the module reports: hooks, TPM, lists, counters.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print JSON: an object with the lines of the status
    #[arg(long)]
    json: bool,

    /// Print the numbers of the status in the text format of Prometheus
    #[arg(long, conflicts_with = "json")]
    prometheus: bool,

    #[command(flatten)]
    location: Location,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.prometheus {
        let lists = args.location.read("digest_lists").unwrap_or_default();
        let lists = String::from_utf8_lossy(&lists);
        let text = prometheus::text(&args.location.status()?, &lists);
        return print(text.as_bytes());
    }
    if args.json {
        let status = args.location.status()?.into_iter();
        let lines = status.map(|(key, value)| (key, json::scalar(&value)));
        return json::print(&Value::Object(lines.collect()));
    }
    let status = args.location.read("status")?;
    print(&status)
}
