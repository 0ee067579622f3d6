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
    path::Path,
    time::Duration, //
};

use anyhow::{
    Context,
    Error,
    Result, //
};
use digest_logic::evidence::records::{
    Extend,
    Extends, //
};
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
use crate::{
    report::complain,
    securityfs::Location,
    terminal::Printer, //
};

/// Where a reader of the list is.
pub(crate) struct Follower<'a> {
    location: &'a Location,
    archive: Option<&'a Path>,
    /// How many records were seen or passed over.
    done: u64,
    /// How many there were at the last look.
    last: u64,
}

impl<'a> Follower<'a> {
    /// One that passes over the first `done` records. Those that the module has deleted come from
    /// `archive`, if there is one.
    pub(crate) fn new(location: &'a Location, archive: Option<&'a Path>, done: u64) -> Self {
        Self {
            location,
            archive,
            done,
            last: 0,
        }
    }

    /// Calls `visit` with the number and the content of each record that came since the last look.
    /// While somebody trims the list these wait for the next look.
    pub(crate) fn look(&mut self, visit: impl FnMut(u64, &Extend<'_>) -> Result<()>) -> Result<()> {
        let all = Counts::read(self.location)?.all();
        if all < self.last {
            complain("note: the module was loaded anew; the list begins again");
            self.done = 0;
        }
        self.last = all;
        if all > self.done {
            match Snapshot::take(self.location) {
                Ok(snapshot) => self.visit(&snapshot, visit)?,
                Err(error) if is_busy(&error) => (),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn visit(
        &mut self,
        snapshot: &Snapshot,
        mut visit: impl FnMut(u64, &Extend<'_>) -> Result<()>,
    ) -> Result<()> {
        let counts = &snapshot.counts;
        let done = self.done;
        let mut pieces = vec![
            (counts.deleted, snapshot.staged.as_slice()),
            (counts.deleted + counts.staged, snapshot.listed.as_slice()),
        ];
        let archive = match self.archive {
            Some(path) if done < counts.deleted => read(path)?,
            _ => Vec::new(),
        };
        match self.archive {
            Some(path) if done < counts.deleted => {
                pieces.insert(0, (0, deleted(&archive, counts.deleted, path)?.0));
            }
            _ if done < counts.deleted => complain(format_args!(
                "note: records {done} to {} were deleted before (--archive)",
                counts.deleted - 1
            )),
            _ => (),
        }
        for (first, data) in pieces {
            for (number, extend) in (first..).zip(Extends::new(data)) {
                let extend = extend.with_context(|| format!("record {number} of the list"))?;
                if number >= done {
                    visit(number, &extend)?;
                    self.done = number + 1;
                }
            }
        }
        Ok(())
    }
}

/// Prints records until the reader of the output goes.
pub(super) fn run(args: &Follow) -> Result<()> {
    let mut follower = Follower::new(&args.location, args.archive.as_deref(), args.since);
    loop {
        let mut out = match args.format.or_json(args.json) {
            Format::Text => Printer::text(),
            _ => Printer::json(),
        };
        follower.look(|number, extend| print(args, number, extend, &mut out))?;
        out.flush()?;
        drop(out);
        if !wait(Duration::from_millis(args.interval.max(1)))? {
            return Ok(());
        }
    }
}

fn print(args: &Follow, number: u64, extend: &Extend<'_>, out: &mut impl Write) -> Result<()> {
    match args.format.or_json(args.json) {
        Format::Text => {
            for record in extend.records() {
                write_line(number, &record, out)?;
            }
        }
        Format::Json => {
            for record in extend.records() {
                writeln!(out, "{}", as_json(number, &record))?;
            }
        }
        Format::CelJson => writeln!(out, "{}", as_cel(number, extend))?,
    }
    Ok(())
}

/// Waits. False if nobody reads the output any more.
pub(crate) fn wait(interval: Duration) -> Result<bool> {
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
