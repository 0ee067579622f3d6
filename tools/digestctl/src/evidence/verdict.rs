// SPDX-License-Identifier: GPL-2.0

//! The outcome of a judgement, as text for a person and as JSON for a program.

use std::{
    collections::{
        BTreeMap,
        BTreeSet, //
    },
    io::Write,
    sync::Arc, //
};

use digest_logic::digest::Digest;
use serde::{
    Serialize,
    Serializer, //
};

use super::{
    reason::{
        Reason,
        Verdict, //
    },
    rounds::{
        Rounds,
        Since, //
    }, //
};
use crate::{
    report::count,
    terminal::printable, //
};

/// The most findings of a reason that are told one by one. A machine chooses how many records it
/// has, and each of them may be one.
const MOST: usize = 10_000;

/// One thing that speaks against a machine.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) reason: Reason,
    /// About what, for a person.
    pub(crate) detail: Box<str>,
    /// The record, counted from 0, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<u64>,
    /// Since when that record is there, if rounds are remembered.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "shared_value"
    )]
    since: Option<Arc<Since>>,
    pub(crate) remedy: &'static str,
}

/// A list that was loaded.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LoadedList {
    #[serde(serialize_with = "as_text")]
    pub(crate) list: Digest,
    /// The name of its edition, or else its reference.
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial: Option<u64>,
    /// How many digests it has.
    pub(crate) digests: u32,
    /// By whom it is signed.
    pub(crate) signer: String,
    /// The record of its load, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<u64>,
    pub(crate) in_force: bool,
    /// How many of its digests were used, where there is evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) used: Option<u32>,
}

fn shared_value<S: Serializer, T: Serialize + ?Sized>(
    value: &Option<Arc<T>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_deref().serialize(serializer)
}

fn as_text<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}

/// What a record of a file counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    Allowed,
    Loaded,
    NotLoaded,
    Revoked,
    Unknown,
    Violation,
    ViolationAllowed,
}

impl Standing {
    fn words(self) -> &'static str {
        match self {
            Self::Allowed => "allowed by the expectations",
            Self::Loaded => "in a loaded list",
            Self::NotLoaded => "in a list of the repository that is not loaded there",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
            Self::Violation => "a violation: nothing vouches for what was used",
            Self::ViolationAllowed => "a violation that is allowed",
        }
    }
}

/// A record of a file, or of data.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct UsedFile {
    pub(crate) record: u64,
    pub(crate) name: Box<str>,
    #[serde(serialize_with = "as_text")]
    pub(crate) digest: Digest,
    pub(crate) standing: Standing,
    /// The list by which it counts so.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "shared_value"
    )]
    pub(crate) list: Option<Arc<str>>,
    /// Since when the record is there, if rounds are remembered.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "shared_value"
    )]
    pub(crate) since: Option<Arc<Since>>,
}

/// A list of which a newer edition was loaded, by the same signer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Update {
    pub(crate) name: String,
    pub(crate) signer: String,
    /// The greatest serial number before.
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// The record of the load, counted from 0.
    pub(crate) record: u64,
    /// How many records of files it explains: of files of any edition of this list.
    pub(crate) files: u64,
}

/// How much was judged.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Counts {
    /// How many records an earlier round has judged.
    pub(crate) before: u64,
    /// How many were judged now.
    pub(crate) judged: u64,
    /// How many came after the quote, and were not.
    pub(crate) behind_quote: u64,
}

/// The outcome.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Judgement {
    pub(crate) version: u32,
    verdict: &'static str,
    #[serde(skip)]
    worst: Verdict,
    pub(crate) findings: Vec<Finding>,
    /// How many more there are of a reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    more: BTreeMap<Reason, u64>,
    /// How many are told of a reason.
    #[serde(skip)]
    told: BTreeMap<Reason, usize>,
    pub(crate) notes: Vec<String>,
    pub(crate) records: Counts,
    /// The lines of the start record, and what the quote says.
    pub(crate) machine: BTreeMap<String, String>,
    pub(crate) lists: Vec<LoadedList>,
    pub(crate) updates: Vec<Update>,
    pub(crate) files: Vec<UsedFile>,
}

impl Judgement {
    /// Nothing was found yet.
    pub(crate) fn new() -> Self {
        Self {
            version: 1,
            verdict: Verdict::Trusted.name(),
            worst: Verdict::Trusted,
            findings: Vec::new(),
            more: BTreeMap::new(),
            told: BTreeMap::new(),
            notes: Vec::new(),
            records: Counts::default(),
            machine: BTreeMap::new(),
            lists: Vec::new(),
            updates: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Adds what speaks against the machine.
    pub(crate) fn find(&mut self, reason: Reason, record: Option<u64>, detail: impl Into<String>) {
        self.worst = self.worst.max(reason.verdict());
        self.verdict = self.worst.name();
        let told = self.told.entry(reason).or_default();
        if *told == MOST {
            *self.more.entry(reason).or_default() += 1;
            return;
        }
        *told += 1;
        self.findings.push(Finding {
            reason,
            detail: printable(&detail.into()).into(),
            record,
            since: None,
            remedy: reason.remedy(),
        });
    }

    /// Says of records since when they are there. Returns those that speak against the machine.
    pub(crate) fn date(&mut self, rounds: &Rounds) -> BTreeSet<u64> {
        // Few rounds are remembered.
        let mut known: Vec<Arc<Since>> = Vec::new();
        let mut since = |record: u64| {
            let since = rounds.since(record)?;
            let there = known.iter().find(|other| ***other == since).cloned();
            Some(there.unwrap_or_else(|| {
                let since = Arc::new(since);
                known.push(since.clone());
                since
            }))
        };
        for file in &mut self.files {
            file.since = since(file.record);
        }
        for finding in &mut self.findings {
            finding.since = finding.record.and_then(&mut since);
        }
        let found = self.findings.iter();
        found.filter_map(|finding| finding.record).collect()
    }

    /// Adds what a person should know.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(printable(&note.into()));
    }

    /// The outcome of all that was found.
    pub(crate) fn verdict(&self) -> Verdict {
        self.worst
    }

    /// The reasons of the findings, each once.
    fn reasons(&self) -> Vec<Reason> {
        let mut reasons: Vec<_> = self.findings.iter().map(|found| found.reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        reasons
    }

    /// Writes the verdict, in a line.
    pub(crate) fn write_headline(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let verdict = match self.verdict() {
            Verdict::Trusted => "TRUSTED",
            Verdict::Untrusted => "NOT TRUSTED",
            Verdict::Unjudged => "NOT JUDGED",
        };
        let reasons = self.reasons();
        let names: Vec<_> = reasons.iter().map(|reason| reason.name()).collect();
        if names.is_empty() {
            writeln!(out, "{verdict}")?;
        } else {
            writeln!(out, "{verdict}: {}", names.join(", "))?;
        }
        Ok(())
    }

    /// Writes the text for a person.
    pub(crate) fn write_text(&self, out: &mut impl Write) -> anyhow::Result<()> {
        self.write_headline(out)?;
        let reasons = self.reasons();
        self.write_findings(&reasons, out)?;
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        let Counts {
            before,
            judged,
            behind_quote,
        } = self.records;
        write!(out, "records: {judged} judged")?;
        if before > 0 {
            write!(out, ", after {before} of earlier rounds")?;
        }
        if behind_quote > 0 {
            write!(
                out,
                ", {behind_quote} after the quote left for the next round"
            )?;
        }
        writeln!(out)?;
        self.write_lists(out)?;
        self.write_updates(out)?;
        self.write_files(out)
    }

    fn write_findings(&self, reasons: &[Reason], out: &mut impl Write) -> anyhow::Result<()> {
        const SHOWN: usize = 20;
        for reason in reasons {
            let of_reason = self.findings.iter().filter(|found| found.reason == *reason);
            for (place, found) in of_reason.clone().enumerate() {
                if place == SHOWN {
                    let rest = of_reason.clone().count() - SHOWN;
                    let rest = rest as u64 + self.more.get(reason).copied().unwrap_or(0);
                    writeln!(out, "  {}: and {rest} more", reason.name())?;
                    break;
                }
                let (name, detail) = (reason.name(), &found.detail);
                match found.record {
                    Some(record) => writeln!(out, "  {name}: record {record}: {detail}")?,
                    None => writeln!(out, "  {name}: {detail}")?,
                }
                if let Some(since) = &found.since {
                    writeln!(out, "    {since}")?;
                }
            }
            writeln!(out, "    what to do: {}", reason.remedy())?;
        }
        Ok(())
    }

    fn write_lists(&self, out: &mut impl Write) -> anyhow::Result<()> {
        writeln!(
            out,
            "lists: {}",
            self.lists.iter().filter(|list| list.in_force).count()
        )?;
        for list in &self.lists {
            write!(out, "  {}", list.name)?;
            if let Some(serial) = list.serial {
                write!(out, " serial {serial}")?;
            }
            let digests = usize::try_from(list.digests).unwrap_or(usize::MAX);
            write!(out, " ({}", count(digests, "digest"))?;
            if let Some(used) = list.used {
                write!(out, ", {used} used")?;
            }
            write!(out, "), {}", list.signer)?;
            writeln!(
                out,
                "{}",
                if list.in_force { "" } else { ", removed again" }
            )?;
        }
        Ok(())
    }

    fn write_updates(&self, out: &mut impl Write) -> anyhow::Result<()> {
        if self.updates.is_empty() {
            return Ok(());
        }
        writeln!(out, "updates: {}", self.updates.len())?;
        for update in &self.updates {
            let Update {
                name,
                signer,
                from,
                to,
                record,
                files,
            } = update;
            let files = count(usize::try_from(*files).unwrap_or(usize::MAX), "file");
            writeln!(
                out,
                "  {name} serial {from} to {to}, {signer}, record {record}: explains {files} with a record"
            )?;
        }
        Ok(())
    }

    fn write_files(&self, out: &mut impl Write) -> anyhow::Result<()> {
        writeln!(out, "files with a record: {}", self.files.len())?;
        for standing in [Standing::NotLoaded, Standing::Allowed, Standing::Loaded] {
            let number = self
                .files
                .iter()
                .filter(|file| file.standing == standing)
                .count();
            if number > 0 {
                writeln!(out, "  {number} {}", standing.words())?;
            }
        }
        Ok(())
    }

    /// Why the file or digest `subject` counts as it does, a line for each of its records.
    pub(crate) fn explain(&self, subject: &str) -> Vec<String> {
        let files = self.files.iter();
        let digest = Digest::parse(subject).ok();
        let mut lines: Vec<String> = files
            .filter(|file| &*file.name == subject || digest == Some(file.digest))
            .map(|file| {
                let list = file.list.as_ref().map(|list| format!(" ({list})"));
                let since = file.since.as_ref().map(|since| format!(", {since}"));
                format!(
                    "{}: record {}: {} is {}{}{}",
                    file.name,
                    file.record,
                    file.digest,
                    file.standing.words(),
                    list.unwrap_or_default(),
                    since.unwrap_or_default()
                )
            })
            .collect();
        if lines.is_empty() {
            lines.push(format!(
                "{subject}: has no record: it was not used, no rule measures it, or a loaded list knows it"
            ));
        }
        lines
    }
}
