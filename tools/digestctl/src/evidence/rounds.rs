// SPDX-License-Identifier: GPL-2.0

//! In which round the records of a machine were seen first, by the clock of the verifier.
//!
//! Evidence has no time that a machine could not invent. So a verifier notes how many records the
//! list had in a round: what is among them was there at that time, and what is behind those of the
//! round before was not there then. A few rounds are kept. One that is forgotten makes the time
//! less exact, and never wrong.

use std::collections::BTreeSet;

use anyhow::{
    Context,
    Result, //
};
use digest_logic::digest::Digest;
use serde::{
    Serialize,
    Serializer, //
};

use crate::sign::now;

/// The most rounds that are kept of a machine.
pub(crate) const MOST: usize = 8;

/// A time of the verifier's clock, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) i64);

/// A round: how many records the list had, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    count: u64,
    time: Time,
}

/// The list that the rounds are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Of {
    /// The digest of the attestation key.
    pub(crate) ak: Digest,
    /// That of the TPM: it names the boot.
    pub(crate) reset_count: u32,
    /// That of the TPM in the last round: evidence of before tells nothing new.
    pub(crate) clock: u64,
    /// The PCR after the records of the last round, in one bank: it names them.
    pub(crate) value: Digest,
}

/// The rounds of a machine since it was started.
///
/// # Invariants
///
/// The counts of `seen` rise, and it has at most [`MOST`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rounds {
    pub(crate) of: Of,
    seen: Vec<Seen>,
}

/// When a record came into the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Since {
    /// It was not there at the round of this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Time>,
    /// It was there at the round of this time.
    by: Time,
}

impl Time {
    /// What the clock of the verifier shows.
    pub(crate) fn now() -> Result<Self> {
        now().map(Self)
    }
}

impl Rounds {
    /// One round of a list.
    pub(crate) fn new(of: Of, count: u64, time: Time) -> Self {
        Self {
            of,
            seen: vec![Seen { count, time }],
        }
    }

    /// How many records the list had in the last round.
    pub(crate) fn last(&self) -> u64 {
        self.seen.last().map_or(0, |seen| seen.count)
    }

    /// Adds a later round of the same list, `of` which it had `count` records.
    pub(crate) fn add(&mut self, of: Of, count: u64, time: Time) {
        if count > self.last() {
            self.seen.push(Seen { count, time });
            self.of = of;
        }
    }

    /// When the record with this number, counted from 0, came.
    pub(crate) fn since(&self, record: u64) -> Option<Since> {
        let place = self.seen.partition_point(|seen| seen.count <= record);
        let by = self.seen.get(place)?.time;
        let before = place
            .checked_sub(1)
            .and_then(|before| self.seen.get(before));
        Some(Since {
            // A clock that was set back says nothing.
            after: before
                .map(|before| before.time)
                .filter(|after| *after <= by),
            by,
        })
    }

    /// Forgets rounds until there are at most `most`. The last one stays. Those go first that tell
    /// nothing of the records `found`, then those whose loss makes times least inexact; the time of
    /// the first of `found` goes last.
    pub(crate) fn thin(&mut self, most: usize, found: &BTreeSet<u64>) {
        while self.seen.len() > most.max(1) {
            let first = found.first().copied();
            let cost = |place: &usize| {
                let count = |place: usize| self.seen.get(place).map_or(0, |seen| seen.count);
                let time = |place: usize| self.seen.get(place).map_or(0, |seen| seen.time.0);
                // What is between its neighbours would have one time.
                let from = place.checked_sub(1).map_or(0, count);
                let records = from..count(place + 1);
                let has_first = first.is_some_and(|first| records.contains(&first));
                let has_any = found.range(records).next().is_some();
                let begin = place.checked_sub(1).unwrap_or(*place);
                let wide = time(place + 1).abs_diff(time(begin));
                (has_first, has_any, wide)
            };
            let Some(place) = (0..self.seen.len() - 1).min_by_key(cost) else {
                return;
            };
            self.seen.remove(place);
        }
    }

    /// What stands in a state behind `rounds=`.
    pub(crate) fn to_text(&self) -> String {
        let Of {
            ak: _,
            reset_count,
            clock,
            value,
        } = &self.of;
        let mut text = format!("{reset_count} {clock} {value}");
        for Seen { count, time } in &self.seen {
            text.push_str(&format!(" {count}@{}", time.0));
        }
        text
    }

    /// Reads what [`Self::to_text`] writes, of the machine with this key.
    pub(crate) fn parse(text: &str, ak: Digest) -> Result<Self> {
        let mut words = text.split(' ');
        let mut word = || words.next().context("'rounds' is too short");
        let reset_count = word()?.parse()?;
        let clock = word()?.parse()?;
        let value = Digest::parse(word()?)?;
        let mut seen: Vec<Seen> = Vec::new();
        for word in words {
            let (count, time) = word.split_once('@').context("'rounds' has no count")?;
            let (count, time) = (count.parse()?, Time(time.parse()?));
            let rises = seen.last().is_none_or(|last| last.count < count);
            anyhow::ensure!(rises && seen.len() < MOST, "'rounds' has wrong counts");
            seen.push(Seen { count, time });
        }
        anyhow::ensure!(!seen.is_empty(), "'rounds' has no count");
        // INVARIANT: They rise, and are not too many.
        Ok(Self {
            of: Of {
                ak,
                reset_count,
                clock,
                value,
            },
            seen,
        })
    }
}

impl std::fmt::Display for Since {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.after {
            Some(after) if after == self.by => write!(f, "since the round of {}", self.by),
            Some(after) => write!(f, "since the round of {}, not at that of {after}", self.by),
            None => write!(f, "since the round of {} or before", self.by),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// As RFC 3339 has it, in UTC.
impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DAY: i64 = 86_400;
        let (days, second) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// Year, month and day of a day, counted from 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    // In eras of 400 years that begin on a 1st of March, so that the leap day is the last one.
    const ERA: i64 = 146_097;
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = match month {
        0..=9 => (month + 3, 0),
        _ => (month - 9, 1),
    };
    (era * 400 + year + later, month, day)
}
