// SPDX-License-Identifier: GPL-2.0

//! What is told: as a line, and as an object whose names of fields stay
//! (`Documentation/digestctl.md`).

use std::fmt;

use serde_json::{
    json,
    Value, //
};

use super::{
    refusals::Refusal,
    sample::{
        List,
        Sample, //
    }, //
};
use crate::report::count;

/// Something that happened.
pub(super) enum Event<'a> {
    /// The beginning, which is not counted.
    Start(&'a Sample),
    /// A record of the measurement list, as a line and as an object.
    Record(&'a str, Value),
    /// An access that was refused, or would be.
    Denied(&'a Refusal),
    /// So many more that have no audit record.
    Untold(u64),
    /// A list was loaded.
    Loaded(&'a List),
    /// A list was removed, or replaced.
    Removed(&'a List),
    /// So many more hits of a list.
    ListHits(&'a List, u64),
    /// Another policy is in force, with so many rules.
    Policy(usize),
    /// So many more hits of a rule, by its place and text, and all of them.
    RuleHits {
        place: usize,
        rule: &'a str,
        new: u64,
        all: u64,
    },
}

impl Event<'_> {
    pub(super) fn json(&self) -> Value {
        let list = |event: &str, list: &List| {
            json!({
                "event": event, "list": list.digest, "ref_id": list.name, "hits": list.hits,
            })
        };
        match self {
            Self::Start(sample) => json!({
                "event": "start", "records": sample.records, "denied": sample.denied,
                "violations": sample.violations, "lists": sample.lists.len(),
                "rules": sample.rules.len(), "ima_appraise": sample.appraise,
            }),
            Self::Record(_, record) => {
                let mut object = json!({ "event": "record" });
                if let (Some(to), Value::Object(from)) = (object.as_object_mut(), record) {
                    to.extend(from.clone());
                }
                object
            }
            Self::Denied(refusal) => refusal.json(),
            Self::Untold(number) => json!({ "event": "denied", "untold": number }),
            Self::Loaded(loaded) => list("list_loaded", loaded),
            Self::Removed(removed) => list("list_removed", removed),
            Self::ListHits(hit, new) => {
                let mut object = list("list_hits", hit);
                object["new"] = (*new).into();
                object
            }
            Self::Policy(rules) => json!({ "event": "policy", "rules": rules }),
            Self::RuleHits {
                place,
                rule,
                new,
                all,
            } => json!({
                "event": "rule_hits", "place": place, "rule": rule, "hits": all, "new": new,
            }),
        }
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(sample) => write!(
                f,
                "start: {} records, {} denied, {}, {}, ima_appraise={}",
                sample.records,
                sample.denied,
                count(sample.lists.len(), "list"),
                count(sample.rules.len(), "rule"),
                sample.appraise
            ),
            Self::Record(line, _) => write!(f, "record {line}"),
            Self::Denied(refusal) => write!(f, "denied {refusal}"),
            Self::Untold(number) => write!(f, "denied {number} more, without an audit record"),
            Self::Loaded(list) => write!(f, "list {}: loaded", list.name),
            Self::Removed(list) => write!(f, "list {}: removed, after {}", list.name, list.hits),
            Self::ListHits(list, new) => {
                write!(f, "list {}: {new} more hits, {}", list.name, list.hits)
            }
            Self::Policy(rules) => write!(f, "policy: replaced, {}", count(*rules, "rule")),
            Self::RuleHits {
                place,
                rule,
                new,
                all,
            } => write!(f, "rule {place}: {new} more hits, {all}: {rule}"),
        }
    }
}
