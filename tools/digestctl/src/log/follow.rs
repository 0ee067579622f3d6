// SPDX-License-Identifier: GPL-2.0

//! `digestctl log follow`: records as they come.
//!
//! The module's counts tell that there are new ones. Reading them does not take a turn with the
//! list; so who trims it is held up only while new records are read.

use std::{
    io::{
        self,
        Write, //
    },
    time::Duration, //
};

use anyhow::{
    Context,
    Error,
    Result, //
};
use digest_logic::evidence::records::Extends;
use rustix::{
    event::{
        poll,
        PollFd,
        PollFlags,
        Timespec, //
    },
    io::Errno, //
};

use super::{
    as_cel,
    as_json,
    whole::{
        deleted,
        read,
        Counts,
        Snapshot, //
    },
    write_line,
    Follow,
    Format, //
};
use crate::report::complain;

/// Prints records until the reader of the output goes.
pub(super) fn run(args: &Follow) -> Result<()> {
    // How many records were printed or passed over.
    let mut done = args.since;
    let mut last = 0;
    loop {
        let all = Counts::read(&args.location)?.all();
        if all < last {
            complain("note: the module was loaded anew; the list begins again");
            done = 0;
        }
        last = all;
        if all > done {
            done = match Snapshot::take(&args.location) {
                Ok(snapshot) => print(args, &snapshot, done)?,
                // Somebody trims the list.
                Err(error) if is_busy(&error) => done,
                Err(error) => return Err(error),
            };
        }
        if !wait(Duration::from_millis(args.interval.max(1)))? {
            return Ok(());
        }
    }
}

/// Prints what follows the first `done` records, and returns how many there are now.
fn print(args: &Follow, snapshot: &Snapshot, done: u64) -> Result<u64> {
    let counts = &snapshot.counts;
    let mut pieces = vec![
        (counts.deleted, snapshot.staged.as_slice()),
        (counts.deleted + counts.staged, snapshot.listed.as_slice()),
    ];
    let archive = match &args.archive {
        Some(path) if done < counts.deleted => read(path)?,
        _ => Vec::new(),
    };
    match &args.archive {
        Some(path) if done < counts.deleted => {
            pieces.insert(0, (0, deleted(&archive, counts.deleted, path)?.0));
        }
        _ if done < counts.deleted => complain(format_args!(
            "note: records {done} to {} were deleted before (--archive)",
            counts.deleted - 1
        )),
        _ => (),
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut next = done;
    for (first, data) in pieces {
        for (number, extend) in (first..).zip(Extends::new(data)) {
            let extend = extend.with_context(|| format!("record {number} of the list"))?;
            if number < done {
                continue;
            }
            next = number + 1;
            match args.format.or_json(args.json) {
                Format::Text => {
                    for record in extend.records() {
                        write_line(number, &record, &mut out)?;
                    }
                }
                Format::Json => {
                    for record in extend.records() {
                        writeln!(out, "{}", as_json(number, &record))?;
                    }
                }
                Format::CelJson => writeln!(out, "{}", as_cel(number, &extend))?,
            }
        }
    }
    out.flush()?;
    Ok(next)
}

/// Waits. False if nobody reads the output any more.
fn wait(interval: Duration) -> Result<bool> {
    let stdout = io::stdout();
    let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
    let timeout = Timespec::try_from(interval).context("the interval")?;
    match poll(&mut fds, Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => Ok(fds[0].revents().is_empty()),
        Err(error) => Err(error.into()),
    }
}

fn is_busy(error: &Error) -> bool {
    error.chain().any(|cause| {
        let error = cause.downcast_ref::<io::Error>();
        error.and_then(Errno::from_io_error) == Some(Errno::BUSY)
    })
}
