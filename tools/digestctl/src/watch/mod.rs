// SPDX-License-Identifier: GPL-2.0

//! `digestctl watch`: what the module does, as it does it: records, refusals, hits of lists and of
//! rules.
//!
//! Records come from the measurement list, hits from the module's counters, and refusals from the
//! kernel's audit records, which name the file and the cause. What the kernel could not tell is
//! counted all the same.

mod event;
mod refusals;
mod sample;
mod view;

use std::{
    io::{
        self,
        IsTerminal,
        Write, //
    },
    path::PathBuf,
    sync::{
        atomic::{
            AtomicBool,
            Ordering, //
        },
        Arc, //
    },
    time::Duration, //
};

use anyhow::{
    Context,
    Result, //
};
use signal_hook::consts::{
    SIGINT,
    SIGTERM, //
};

use self::{
    event::Event,
    refusals::Refusals,
    sample::Sample,
    view::View, //
};
use crate::{
    json,
    log::{
        as_json,
        wait,
        write_line,
        Counts,
        Follower, //
    },
    securityfs::Location,
    terminal::Printer, //
};

/// Watch what the module does: new records, refusals, hits of lists and of rules.
///
/// On a terminal a view that is renewed, otherwise a line for each event. It ends by a signal, or
/// when nobody reads its output, with status 0.
///
/// Refusals are told by the kernel's audit records, which IMA's refusals have as well. Of those
/// that left none (the kernel limits their rate) the number is told.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl watch
  digestctl watch --json | jq -c 'select(.event == \"denied\")'")]
pub(crate) struct Args {
    /// Print JSON: an object in each line
    #[arg(long)]
    json: bool,

    /// How often to look, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 500)]
    interval: u64,

    /// End after this many events
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// Show the records of the measurement list from this number on [default: only those that come]
    #[arg(long, value_name = "N")]
    since: Option<u64>,

    /// A file to which audit records are written, such as /var/log/audit/audit.log [default: the
    /// kernel is asked]
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,

    #[command(flatten)]
    location: Location,
}

/// Where events go.
enum Output {
    Lines,
    Json,
    View(View),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&ended)).context("no signals")?;
    }
    watch(args, &ended)
}

fn watch(args: &Args, ended: &AtomicBool) -> Result<()> {
    // Before the counters are read: what comes meanwhile is told once too often, not too little.
    let mut refusals = Refusals::open(args.audit.as_deref())?;
    let counts = Counts::read(&args.location)?;
    let since = args.since.unwrap_or_else(|| counts.all());
    let mut follower = Follower::new(&args.location, None, since);
    let mut before = Sample::take(&args.location)?;
    let mut output = match (args.json, io::stdout().is_terminal()) {
        (true, _) => Output::Json,
        (false, true) => Output::View(View::new(&before)),
        (false, false) => Output::Lines,
    };
    output.put(&Event::Start(&before))?;
    let mut left = args.count;
    let mut more = true;
    while more && left != Some(0) && !ended.load(Ordering::Relaxed) {
        more = wait(Duration::from_millis(args.interval.max(1)))?;
        let mut put = |event: &Event<'_>| {
            if left == Some(0) {
                return Ok(());
            }
            left = left.map(|left| left - 1);
            output.put(event)
        };
        follower.look(|number, extend| {
            extend.records().try_for_each(|record| {
                let mut line = Vec::new();
                write_line(number, &record, &mut line)?;
                let text = String::from_utf8_lossy(&line);
                put(&Event::Record(text.trim_end(), as_json(number, &record)))
            })
        })?;
        let now = Sample::take(&args.location)?;
        let told = refusals.read()?;
        for refusal in &told {
            put(&Event::Denied(refusal))?;
        }
        let denied = now.denied.saturating_sub(before.denied);
        let counted = told.iter().filter(|refusal| refusal.is_counted()).count();
        refusals.count(denied, counted as u64);
        if let Some(untold) = refusals.untold() {
            put(&Event::Untold(untold))?;
        }
        for event in now.since(&before) {
            put(&event)?;
        }
        output.renew(&now)?;
        before = now;
    }
    output.end()
}

impl Output {
    fn put(&mut self, event: &Event<'_>) -> Result<()> {
        match self {
            Self::Lines => {
                let mut out = Printer::text();
                writeln!(out, "{event}")?;
                out.flush()?;
            }
            Self::Json => json::print_line(&event.json())?,
            Self::View(view) => view.put(event),
        }
        Ok(())
    }

    /// Shows how things are now.
    fn renew(&mut self, now: &Sample) -> Result<()> {
        match self {
            Self::View(view) => view.show(now),
            _ => Ok(()),
        }
    }

    fn end(&self) -> Result<()> {
        match self {
            Self::View(_) => Ok(writeln!(io::stdout())?),
            _ => Ok(()),
        }
    }
}
