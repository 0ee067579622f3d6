// SPDX-License-Identifier: GPL-2.0

//! The view on a terminal, which is renewed at each look.

use std::{
    collections::VecDeque,
    fmt::Write, //
};

use anyhow::Result;
use console::Term;

use super::{
    event::Event,
    sample::Sample, //
};
use crate::{
    colour::{
        self,
        Colour, //
    },
    terminal::printable, //
};

/// How many events are kept for tall terminals.
const MOST_EVENTS: usize = 500;

/// What is shown.
pub(super) struct View {
    terminal: Term,
    /// The counters at the beginning.
    first: Counters,
    /// The last records and refusals, the newest at the end.
    latest: VecDeque<String>,
}

/// Numbers that only grow.
struct Counters([u64; 5]);

impl Counters {
    const NAMES: [&'static str; 5] = ["records", "denied", "violations", "known", "unknown"];

    fn of(sample: &Sample) -> Self {
        Self([
            sample.records,
            sample.denied,
            sample.violations,
            sample.known,
            sample.unknown,
        ])
    }
}

impl View {
    pub(super) fn new(first: &Sample) -> Self {
        Self {
            terminal: Term::buffered_stdout(),
            first: Counters::of(first),
            latest: VecDeque::new(),
        }
    }

    /// Takes an event. What the tables show is left out.
    pub(super) fn put(&mut self, event: &Event<'_>) {
        if matches!(
            event,
            Event::Start(_) | Event::ListHits(..) | Event::RuleHits { .. }
        ) {
            return;
        }
        if self.latest.len() == MOST_EVENTS {
            self.latest.pop_front();
        }
        self.latest.push_back(event.to_string());
    }

    /// Shows all anew.
    pub(super) fn show(&self, now: &Sample) -> Result<()> {
        let (rows, columns) = self.terminal.size();
        // The cursor stays below the last line.
        let rows = usize::from(rows).saturating_sub(1);
        let columns = usize::from(columns);
        self.terminal.move_cursor_to(0, 0)?;
        self.terminal.clear_to_end_of_screen()?;
        for line in self.lines(now, rows) {
            let line = printable(&cut(&line, columns));
            self.terminal.write_line(&painted(&line))?;
        }
        self.terminal.flush()?;
        Ok(())
    }

    /// The lines, at most `rows`.
    fn lines(&self, now: &Sample, rows: usize) -> Vec<String> {
        let mut counters = String::new();
        for ((name, now), first) in Counters::NAMES
            .iter()
            .zip(Counters::of(now).0)
            .zip(self.first.0)
        {
            // Writing to a string does not fail.
            let _ = write!(counters, "{name} {now} (+{})   ", now.saturating_sub(first));
        }
        let mut lines = vec![
            format!("digest_lists, ima_appraise={}", now.appraise),
            counters,
        ];
        // The lists and rules that are hit most; a third of what is left for each.
        let room = rows.saturating_sub(lines.len() + 6) / 3;
        let mut lists: Vec<_> = now.lists.iter().collect();
        lists.sort_by_key(|list| std::cmp::Reverse(list.hits));
        table(
            &mut lines,
            "list",
            room,
            lists.iter().map(|list| (list.hits, list.name.as_str())),
        );
        let mut rules: Vec<_> = now.rules.iter().collect();
        rules.sort_by_key(|(_, hits)| std::cmp::Reverse(*hits));
        table(
            &mut lines,
            "rule",
            room,
            rules.iter().map(|(rule, hits)| (*hits, rule.as_str())),
        );
        lines.push(String::new());
        let room = rows.saturating_sub(lines.len());
        let latest = self.latest.iter().flat_map(|event| event.lines());
        let latest: Vec<_> = latest.map(str::to_owned).collect();
        let from = latest.len().saturating_sub(room);
        lines.extend(latest.into_iter().skip(from));
        lines.truncate(rows);
        lines
    }
}

fn table<'a>(
    lines: &mut Vec<String>,
    noun: &str,
    room: usize,
    rows: impl ExactSizeIterator<Item = (u64, &'a str)>,
) {
    let all = rows.len();
    lines.push(String::new());
    lines.push(format!("{:>12}  {noun}", "hits"));
    lines.extend(
        rows.take(room)
            .map(|(hits, name)| format!("{hits:>12}  {name}")),
    );
    if all > room {
        lines.push(format!("{:>12}  and {} more", "", all - room));
    }
}

/// The beginning of a line that fits. Characters of two columns are rare in names.
fn cut(line: &str, columns: usize) -> String {
    line.chars().take(columns).collect()
}

fn painted(line: &str) -> String {
    match line.strip_prefix("denied ") {
        Some(rest) => format!("{} {rest}", colour::on_output("denied", Colour::Red)),
        None => line.to_owned(),
    }
}
