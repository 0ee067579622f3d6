// SPDX-License-Identifier: GPL-2.0

//! Which records of a list a quote covers.

use std::collections::BTreeSet;

use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    evidence::{
        attest::MAX_BANKS,
        lines::Lines, //
    },
    hash_algo::HashAlgo, //
};

use super::{
    Facts,
    Round, //
};
use crate::{
    evidence::{
        history::{
            diagnose,
            Cause,
            History,
            Values, //
        },
        reason::Reason,
        rounds::Rounds,
        state::State, //
    },
    report::count,
    terminal::plain, //
};

/// The most lines of a start record.
const MAX_LINES: usize = 256;

/// The records that a quote covers.
pub(super) struct Covered<'a> {
    /// Those and no others.
    pub(super) history: History<'a>,
    /// How many records follow that the quote does not cover.
    pub(super) behind: u64,
    /// The default PCR of the module.
    pub(super) pcr: u32,
    /// The PCRs after these records.
    pub(super) values: Values,
    /// The PCRs after the records of the last round, if they are known to be among these.
    pub(super) at_last_round: Option<Values>,
    /// The text of the start record, and the one that has the first values of the PCR. None if an
    /// earlier round has judged them.
    pub(super) start: Option<(Lines<'a>, Lines<'a>)>,
    /// The state after which these records come.
    pub(super) state: Option<&'a State>,
}

/// From where a list replays.
struct Origin<'a> {
    pcr: u32,
    initial: Values,
    start: Option<(Lines<'a>, Lines<'a>)>,
    state: Option<&'a State>,
}

impl<'a> Round<'a> {
    /// Finds the records that the quote covers.
    pub(super) fn cover(&mut self, facts: &Facts) -> Option<Covered<'a>> {
        let log = &self.evidence.log;
        let mut history = History::new(log.first, &log.records.0);
        let origin = if log.first == 0 {
            self.origin_of_list(&history)
        } else {
            self.origin_of_state(facts)
        }?;
        if let Some(place) = history.inconsistent() {
            let number = history.number_of_extend(place);
            let detail = "the template digest is not that of the template data";
            self.find(Reason::LogMalformed, Some(number), detail);
            return None;
        }
        if !self.check_banks(&origin, facts) {
            return None;
        }
        let initial = self.with_others(&history, &origin, facts)?;
        let last = self.judge.rounds.as_ref().map(Rounds::last);
        let mark = last.and_then(|last| last.checked_sub(log.first)?.try_into().ok());
        let Some(coverage) = history.covered(&initial, &facts.quoted, mark) else {
            self.explain(&history, &origin, facts);
            return None;
        };
        let covered = coverage.extends;
        if origin.state.is_none() && covered < 2 {
            let detail = "the quote was made before the module was loaded";
            self.find(Reason::LogStart, None, detail);
            return None;
        }
        let behind = history.extends.len().saturating_sub(covered) as u64;
        history.truncate(covered);
        Some(Covered {
            history,
            behind,
            pcr: origin.pcr,
            values: coverage.values,
            at_last_round: coverage.at_mark,
            start: origin.start,
            state: origin.state,
        })
    }

    /// A whole list begins with its start record.
    fn origin_of_list(&mut self, history: &History<'a>) -> Option<Origin<'a>> {
        let start = match history.start() {
            Ok(start) => start,
            Err(reason) => {
                let reason = match history.broken {
                    Some(error) => format!("{reason}: {error}"),
                    None => reason,
                };
                self.find(Reason::LogStart, None, reason);
                return None;
            }
        };
        if start.iter().nth(MAX_LINES).is_some() {
            let detail = format!("the start record has more than {MAX_LINES} lines");
            self.find(Reason::LogStart, Some(1), detail);
            return None;
        }
        let pcr = start.get("pcr").and_then(|pcr| pcr.parse().ok());
        let number = history.record(1).map(|record| record.pcr);
        let Some(pcr) = pcr.filter(|pcr| Some(*pcr) == number) else {
            let detail = "the start record names another PCR than it extends";
            self.find(Reason::LogStart, Some(1), detail);
            return None;
        };
        let Some(initial) = history.initial(start) else {
            let detail = "the list does not say what the PCR was before: no TPM has taken it";
            self.find(Reason::LogStart, Some(1), detail);
            return None;
        };
        if initial.initial().nth(MAX_BANKS).is_some() {
            let detail = format!("the list says of more than {MAX_BANKS} banks where it begins");
            self.find(Reason::LogStart, Some(1), detail);
            return None;
        }
        let mut values = Values::new();
        for (bank, hex) in initial.initial() {
            let Ok(algo) = HashAlgo::from_name(bank) else {
                let note = format!("the bank {bank} cannot be replayed here");
                self.judgement.note(note);
                continue;
            };
            match Digest::from_hex(algo, hex.as_bytes()) {
                Ok(value) => drop(values.insert((pcr, algo), value)),
                Err(error) => {
                    let detail = format!("pcr_initial_{bank}: {error}");
                    self.find(Reason::LogStart, Some(1), detail);
                    return None;
                }
            }
        }
        Some(Origin {
            pcr,
            initial: values,
            start: Some((start, initial)),
            state: None,
        })
    }

    /// What follows an earlier round begins with its values.
    fn origin_of_state(&mut self, facts: &Facts) -> Option<Origin<'a>> {
        let first = self.evidence.log.first;
        let Some(state) = &self.judge.state else {
            let detail =
                format!("the records begin with number {first}, and nothing is remembered");
            self.find(Reason::NeedsWholeList, None, detail);
            return None;
        };
        if state.clock.reset_count != facts.clock.reset_count {
            let detail = format!(
                "the TPM was reset {} times, and {} times at the last round",
                facts.clock.reset_count, state.clock.reset_count
            );
            self.find(Reason::Reset, None, detail);
            return None;
        }
        let why = if state.inputs != self.judge.trust.inputs {
            Some("what is expected has changed since the last round".to_owned())
        } else if state.count != first {
            Some(format!(
                "the records begin with number {first}, and the last round ended with {}",
                state.count
            ))
        } else {
            None
        };
        if let Some(why) = why {
            self.find(Reason::NeedsWholeList, None, why);
            return None;
        }
        let values = state.values.iter();
        Some(Origin {
            pcr: state.pcr,
            initial: values
                .map(|value| ((state.pcr, value.algo()), *value))
                .collect(),
            start: None,
            state: Some(state),
        })
    }

    /// The PCR is quoted in every bank.
    fn check_banks(&mut self, origin: &Origin<'_>, facts: &Facts) -> bool {
        let banks: BTreeSet<HashAlgo> = match self.judge.trust.expected.banks.is_empty() {
            true => origin.initial.keys().map(|(_, algo)| *algo).collect(),
            false => self.judge.trust.expected.banks.clone(),
        };
        let mut good = true;
        for algo in &banks {
            let place = (origin.pcr, *algo);
            if !facts.quoted.contains_key(&place) {
                let detail = format!("PCR {} is not quoted in the bank {algo}", origin.pcr);
                self.find(Reason::BankMissing, None, detail);
                good = false;
            } else if !origin.initial.contains_key(&place) {
                let detail = format!("the list does not say from where it replays in {algo}");
                self.find(Reason::BankMissing, None, detail);
                good = false;
            }
        }
        if banks.iter().all(|algo| algo.is_weak()) {
            let detail = "the TPM has no bank but SHA-1, which vouches for nothing";
            self.find(Reason::BankMissing, None, detail);
            good = false;
        }
        good
    }

    /// The values from which all PCRs begin that records may extend: those of the module's own PCR,
    /// and zeros for those of rules, whether there are records of them or not. Only what is quoted
    /// can be compared.
    fn with_others(
        &mut self,
        history: &History<'_>,
        origin: &Origin<'_>,
        facts: &Facts,
    ) -> Option<Values> {
        let mut values: Values = origin.initial.clone();
        values.retain(|place, _| facts.quoted.contains_key(place));
        let mut others = self.judge.trust.expected.rule_pcrs.clone();
        others.remove(&origin.pcr);
        let extended = history.pcrs();
        let mut unexpected = extended.iter().filter(|pcr| **pcr != origin.pcr);
        if let Some(pcr) = unexpected.find(|pcr| !others.contains(pcr)) {
            let detail = format!("records extend PCR {pcr}");
            self.find(Reason::PcrUnexpected, None, detail);
            return None;
        }
        for pcr in others {
            if origin.state.is_some() {
                let detail = format!("rules extend PCR {pcr}, which no state remembers");
                self.find(Reason::NeedsWholeList, None, detail);
                return None;
            }
            let banks = values.keys().filter(|(number, _)| *number == origin.pcr);
            let banks: Vec<_> = banks.map(|(_, algo)| *algo).collect();
            for algo in &banks {
                if !facts.quoted.contains_key(&(pcr, *algo)) {
                    let detail = format!("rules extend PCR {pcr}, which is not quoted in {algo}");
                    self.find(Reason::PcrUnquoted, None, detail);
                    return None;
                }
                values.insert((pcr, *algo), Digest::zero(*algo));
            }
        }
        Some(values)
    }

    /// Says why no records give the values that were quoted.
    fn explain(&mut self, history: &History<'_>, origin: &Origin<'_>, facts: &Facts) {
        if let Some(error) = history.broken {
            let number = history.number_of_extend(history.extends.len());
            self.find(Reason::LogMalformed, Some(number), error.to_string());
            return;
        }
        let restarts = |state: &State| {
            let (then, now) = (state.clock.restart_count, facts.clock.restart_count);
            now.checked_sub(then).filter(|times| *times > 0)
        };
        if let Some(times) = origin.state.and_then(restarts) {
            let detail = format!(
                "the records do not follow those of the last round, and the TPM was started {} \
                 since, without a reset: as after a sleep that ended without power",
                count(usize::try_from(times).unwrap_or(usize::MAX), "time")
            );
            self.find(Reason::Reset, None, detail);
            return;
        }
        // The shortest digest that nobody can forge.
        let banks = origin.initial.iter();
        let bank = banks
            .filter(|((_, algo), _)| !algo.is_weak())
            .find_map(|(place, initial)| Some((initial, facts.quoted.get(place)?)));
        let lists = self.loaded(history, origin.state);
        let cause = bank
            .and_then(|(initial, quoted)| diagnose(history, origin.pcr, initial, quoted, &lists));
        let name = |place: usize| {
            let record = history.record_of_extend(place);
            record.map_or_else(String::new, |record| plain(record.event.name))
        };
        match cause {
            Some(Cause::Added(place)) => {
                let number = history.number_of_extend(place);
                let detail = format!("{}: without it, the list replays", name(place));
                self.find(Reason::RecordAdded, Some(number), detail);
            }
            Some(Cause::Swapped(place)) => {
                let number = history.number_of_extend(place);
                let detail = format!(
                    "{} and {}: in the other order, the list replays",
                    name(place),
                    name(place + 1)
                );
                self.find(Reason::RecordsSwapped, Some(number), detail);
            }
            Some(Cause::RemovalHidden(place, list)) => {
                let number = history.number_of_extend(place);
                let detail = format!("with the removal of {list} before it, the list replays");
                self.find(Reason::RemovalHidden, Some(number), detail);
            }
            None => self.explain_by_count(history, origin, facts),
        }
    }

    fn explain_by_count(&mut self, history: &History<'_>, origin: &Origin<'_>, facts: &Facts) {
        // Records that were staged or deleted have left the list, and are in the evidence as well.
        let status = &self.evidence.status;
        let counts = ["records", "records_staged", "records_deleted"];
        let counts = counts.map(|key| status.get(key).and_then(|text| text.parse::<u64>().ok()));
        let [listed, staged, deleted] = counts;
        let gone = staged.unwrap_or(0).saturating_add(deleted.unwrap_or(0));
        let told = listed.map(|listed| listed.saturating_add(gone));
        let there = history.number_of_extend(history.extends.len());
        match told.filter(|told| *told > there) {
            Some(told) => {
                let detail = format!("the machine had {told} records, and the list has {there}");
                self.find(Reason::LogShort, None, detail);
            }
            None => {
                let pcr = origin.pcr;
                let values: Vec<_> = facts
                    .quoted
                    .iter()
                    .filter(|((number, _), _)| *number == pcr)
                    .map(|((_, algo), value)| format!("{algo}:{}", Hex(value.as_bytes())))
                    .collect();
                let detail = format!(
                    "no beginning of the {there} records gives PCR {pcr} as it was quoted ({})",
                    values.join(", ")
                );
                self.find(Reason::Replay, None, detail);
            }
        }
    }
}
