// SPDX-License-Identifier: GPL-2.0

//! The module's counters at one moment, and what changed since another.

use anyhow::Result;

use super::event::Event;
use crate::{
    log::Counts,
    securityfs::Location,
    terminal::printable, //
};

/// The counters.
pub(super) struct Sample {
    pub(super) records: u64,
    pub(super) denied: u64,
    pub(super) violations: u64,
    pub(super) known: u64,
    pub(super) unknown: u64,
    /// What `appraise` rules do.
    pub(super) appraise: String,
    /// In the order of loading.
    pub(super) lists: Vec<List>,
    /// The rules in their order, each with its hits.
    pub(super) rules: Vec<(String, u64)>,
}

/// A loaded list.
pub(super) struct List {
    pub(super) digest: String,
    /// The reference by which it was loaded, for people.
    pub(super) name: String,
    pub(super) hits: u64,
}

impl Sample {
    /// Asks the module.
    pub(super) fn take(location: &Location) -> Result<Self> {
        let status = location.status()?;
        let number = |key: &str| {
            let value = status.get(key).and_then(|value| value.parse().ok());
            value.unwrap_or_default()
        };
        let lists = location.read("digest_lists")?;
        let rules = location.read("policy_hits")?;
        Ok(Self {
            records: Counts::of(&status)?.all(),
            denied: number("files_denied"),
            violations: number("violations"),
            known: number("files_known"),
            unknown: number("files_unknown"),
            appraise: status.get("ima_appraise").cloned().unwrap_or_default(),
            lists: text_lines(&lists).filter_map(|l| List::parse(&l)).collect(),
            rules: text_lines(&rules).filter_map(|l| rule(&l)).collect(),
        })
    }

    /// What changed since `before`.
    pub(super) fn since<'a>(&'a self, before: &'a Self) -> Vec<Event<'a>> {
        let mut events = Vec::new();
        for list in &before.lists {
            if self.list(&list.digest).is_none() {
                events.push(Event::Removed(list));
            }
        }
        for list in &self.lists {
            let hits = match before.list(&list.digest) {
                // The same list, loaded again, counts from the beginning.
                Some(other) if other.hits <= list.hits => other.hits,
                Some(_) => 0,
                None => {
                    events.push(Event::Loaded(list));
                    0
                }
            };
            if list.hits > hits {
                events.push(Event::ListHits(list, list.hits - hits));
            }
        }
        let texts = |sample: &'a Self| sample.rules.iter().map(|(rule, _)| rule);
        let fewer = self
            .rules
            .iter()
            .zip(&before.rules)
            .any(|(now, then)| now.1 < then.1);
        let replaced = fewer || !texts(self).eq(texts(before));
        if replaced {
            events.push(Event::Policy(self.rules.len()));
        }
        for (place, (rule, all)) in self.rules.iter().enumerate() {
            let hits = match before.rules.get(place) {
                Some((_, hits)) if !replaced => *hits,
                _ => 0,
            };
            if *all > hits {
                events.push(Event::RuleHits {
                    place: place + 1,
                    rule,
                    new: all - hits,
                    all: *all,
                });
            }
        }
        events
    }

    fn list(&self, digest: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.digest == digest)
    }
}

impl List {
    /// From a line of the module's file `digest_lists`.
    fn parse(line: &str) -> Option<Self> {
        let (digest, rest) = line.split_once(' ')?;
        let name = rest.strip_prefix("ref_id=")?;
        // The words behind it are the module's own.
        let (name, words) = name.rsplit_once(" type=")?;
        let hits = words
            .rsplit(' ')
            .find_map(|word| word.strip_prefix("hits="))?;
        Some(Self {
            digest: digest.to_owned(),
            name: name.to_owned(),
            hits: hits.parse().ok()?,
        })
    }
}

/// A line of `policy_hits`.
fn rule(line: &str) -> Option<(String, u64)> {
    let (hits, rule) = line.split_once(' ')?;
    Some((rule.to_owned(), hits.parse().ok()?))
}

/// Lines that cannot disturb a terminal.
fn text_lines(data: &[u8]) -> impl Iterator<Item = String> + use<> {
    let text = String::from_utf8_lossy(data).into_owned();
    let lines: Vec<_> = text.lines().map(printable).collect();
    lines.into_iter()
}
