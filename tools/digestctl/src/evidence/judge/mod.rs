// SPDX-License-Identifier: GPL-2.0

//! The judgement of evidence: whether a machine is trusted, and why not.
//!
//! The steps build on each other; what follows one that failed would say nothing and is left out:
//!
//! 1. the quote: key, signature, nonce, values of the PCRs ([`quote`]);
//! 2. the list: which records the quote covers ([`cover`]);
//! 3. the beginning: what the module is, and from where the list replays ([`begin`]);
//! 4. the events: loads, removals, keys, policies ([`events`]);
//! 5. the content: lists, files and evidence of use ([`content`]).

mod begin;
mod content;
mod cover;
mod events;
mod quote;

use std::{
    collections::{
        HashMap,
        HashSet, //
    },
    path::PathBuf,
    rc::Rc,
    sync::Arc, //
};

use anyhow::Result;
use digest_logic::{
    digest::Digest,
    evidence::attest::ClockInfo, //
};

use self::cover::Covered;
use super::{
    crypto::AttestationKey,
    document::Evidence,
    history::Values,
    lists::{
        InForce,
        Lists, //
    },
    reason::{
        Reason,
        Verdict, //
    },
    rounds::{
        Of,
        Rounds,
        Time,
        MOST, //
    },
    state::{
        Memory,
        State, //
    },
    trust::Trust,
    verdict::Judgement, //
};

/// The question to one machine, and what is known of it.
pub(crate) struct Judge<'a> {
    pub(crate) trust: &'a Trust,
    /// The question that the quote answers.
    pub(crate) nonce: Vec<u8>,
    pub(crate) key: Expectation,
    /// Of the last round in which the machine was trusted.
    pub(crate) state: Option<State>,
    /// Of earlier rounds.
    pub(crate) rounds: Option<Rounds>,
    /// When this round is, if it is to be remembered.
    pub(crate) now: Option<Time>,
}

/// Which attestation key is expected.
pub(crate) enum Expectation {
    /// This one.
    Pinned(AttestationKey),
    /// One with a certificate by an authority in a PEM file.
    Certified {
        authorities: PathBuf,
        /// Whether the certificate need not say that it is for attestation keys.
        any_purpose: bool,
    },
}

/// What a good quote says.
struct Facts {
    /// That of the attestation key ([`AttestationKey::digest`]).
    ak: Digest,
    clock: ClockInfo,
    /// The PCRs of banks that are known here.
    quoted: Values,
}

/// What is found out on the way.
struct Round<'a> {
    judge: &'a Judge<'a>,
    evidence: &'a Evidence,
    judgement: Judgement,
    /// Lists that records load, by the digest that their metadata name.
    looked_at: HashMap<Digest, Option<Rc<InForce>>>,
    /// The lists of metadata that were looked at, without those that are none or not there, by the
    /// digest of the metadata and whether the module says that it refused them.
    lists_of: HashMap<(Digest, bool), events::Named>,
    /// Metadata that are not there, or have no list that is.
    without_lists: HashSet<Digest>,
    /// Lists that were removed, and are told as that.
    removed: HashSet<Digest>,
}

impl Judge<'_> {
    /// Judges `evidence`. Returns as well what to remember, if something is new.
    ///
    /// # Errors
    ///
    /// What the verifier itself needs cannot be read.
    pub(crate) fn judge(&self, evidence: &Evidence) -> Result<(Judgement, Option<Memory>)> {
        let mut round = Round {
            judge: self,
            evidence,
            judgement: Judgement::new(),
            looked_at: HashMap::new(),
            lists_of: HashMap::new(),
            without_lists: HashSet::new(),
            removed: HashSet::new(),
        };
        let outcome = round.run()?;
        let judgement = round.judgement;
        let Some((state, rounds)) = outcome else {
            return Ok((judgement, None));
        };
        let memory = match judgement.verdict() {
            Verdict::Trusted => Some(Memory {
                state: Some(state),
                rounds,
            }),
            // What was judged stays as it was.
            _ if rounds.is_some() && rounds != self.rounds => Some(Memory {
                state: self.state.clone(),
                rounds,
            }),
            _ => None,
        };
        Ok((judgement, memory))
    }
}

impl Round<'_> {
    fn run(&mut self) -> Result<Option<(State, Option<Rounds>)>> {
        let Some(facts) = self.check_quote()? else {
            return Ok(None);
        };
        if !self.is_remembered(&facts) {
            return Ok(None);
        }
        self.check_clock(&facts);
        let Some(covered) = self.cover(&facts) else {
            return Ok(None);
        };
        if !self.are_still_signed(&covered)? {
            return Ok(None);
        }
        let mut lists = match &covered.state {
            Some(state) => state.lists.clone(),
            None => {
                self.check_begin(&covered, &facts);
                let before = self.judge.state.as_ref();
                let before = before.map(|state| &*state.lists);
                Arc::new(Lists::with_floors_of(before))
            }
        };
        self.judgement.records.before = covered.history.first;
        self.judgement.records.judged = covered.history.extends.len() as u64;
        self.judgement.records.behind_quote = covered.behind;
        self.check_expected_pcrs(&facts);
        let events = self.walk(&covered, &mut lists)?;
        self.check_floors(&lists, &events.raised);
        self.check_low(&lists, &events);
        self.check_content(&covered, &lists, &events)?;
        self.check_required(&lists);
        let rounds = self.date(&covered, &facts);
        let pcr = covered.pcr;
        let values = covered.values.iter();
        let state = State {
            ak: facts.ak,
            inputs: self.judge.trust.inputs,
            count: covered
                .history
                .number_of_extend(covered.history.extends.len()),
            clock: facts.clock,
            pcr,
            values: values
                .filter(|((number, _), _)| *number == pcr)
                .map(|(_, value)| *value)
                .collect(),
            lists,
        };
        Ok(Some((state, rounds)))
    }

    /// Whether the lists that an earlier round has found in force are signed as then. That can
    /// change only where the clock is asked.
    fn are_still_signed(&mut self, covered: &Covered<'_>) -> Result<bool> {
        let trust = self.judge.trust;
        let state = covered.state.filter(|_| trust.asks_clock());
        for list in state.iter().flat_map(|state| state.lists.in_force()) {
            if trust.expected.allow_list.contains(&list.digest) {
                continue;
            }
            let why = match trust.list(&list.digest)? {
                Some(file) => match trust.signer_of(&file, &[])? {
                    Ok(signer) if signer == list.signer => continue,
                    Ok(signer) => format!("signed by {signer}, and by {} then", list.signer),
                    Err(reason) => reason,
                },
                None => "not in the repository".to_owned(),
            };
            // The machine may have another signature of it, in metadata that are not here.
            let detail = format!(
                "{} ({}) does not count as at the last round: {why}",
                list.name, list.digest
            );
            self.find(Reason::NeedsWholeList, None, detail);
            return Ok(false);
        }
        Ok(true)
    }

    /// Says of what was found since when it is there. Returns the rounds with this one, if it is to
    /// be remembered.
    fn date(&mut self, covered: &Covered<'_>, facts: &Facts) -> Option<Rounds> {
        let now = self.judge.now?;
        let history = &covered.history;
        let count = history.number_of_extend(history.extends.len());
        // A bank that vouches for something.
        let mut values = covered.values.iter();
        let (_, value) = values.find(|((pcr, algo), _)| *pcr == covered.pcr && !algo.is_weak())?;
        let of = Of {
            ak: facts.ak,
            reset_count: facts.clock.reset_count,
            clock: facts.clock.clock,
            value: *value,
        };
        // Those of another boot or key tell nothing of these records.
        let before = self.judge.rounds.as_ref();
        let before = before
            .filter(|rounds| (rounds.of.ak, rounds.of.reset_count) == (of.ak, of.reset_count));
        let mut rounds = match before {
            // Evidence of before the last round: what is behind it has come already.
            Some(rounds) if of.clock < rounds.of.clock => return Some(rounds.clone()),
            // Nor do those of another list, such as of a module that was loaded again.
            Some(rounds) if self.goes_on(covered, &rounds.of.value) => {
                let mut rounds = rounds.clone();
                rounds.add(of, count, now);
                rounds
            }
            _ => Rounds::new(of, count, now),
        };
        let found = self.judgement.date(&rounds);
        rounds.thin(MOST, &found);
        Some(rounds)
    }

    /// Whether the records are those after which the PCR had `value` at the last round, and more.
    fn goes_on(&self, covered: &Covered<'_>, value: &Digest) -> bool {
        let values = covered.at_last_round.as_ref();
        let value_then = values.and_then(|values| values.get(&(covered.pcr, value.algo())));
        value_then == Some(value)
    }

    fn find(&mut self, reason: Reason, record: Option<u64>, detail: impl Into<String>) {
        self.judgement.find(reason, record, detail);
    }

    /// The lists that must be loaded are.
    fn check_required(&mut self, lists: &Lists) {
        for wanted in &self.judge.trust.expected.require_list {
            let mut named = lists.in_force().filter(|list| list.name == *wanted);
            // The machine says by which reference it loads a list; the name of an edition is in
            // what is signed.
            let found = named.clone().any(|list| list.serial.is_some());
            let mut digests = lists.in_force().map(|list| list.digest.to_string());
            if !found && !digests.any(|digest| digest == *wanted) {
                let detail = match named.next() {
                    Some(list) => format!(
                        "{wanted} is not loaded; {} has no name of its own, and only the machine \
                         calls it so",
                        list.digest
                    ),
                    None => format!("{wanted} is not loaded"),
                };
                self.find(Reason::ListMissing, None, detail);
            }
        }
    }
}
