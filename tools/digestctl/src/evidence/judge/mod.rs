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
    collections::HashMap,
    path::PathBuf,
    rc::Rc,
    sync::Arc, //
};

use anyhow::Result;
use digest_logic::{
    digest::Digest,
    evidence::attest::ClockInfo, //
};

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
    state::State,
    trust::Trust,
    verdict::Judgement, //
};

/// The question to one machine, and what is known of it.
pub(crate) struct Judge<'a> {
    pub(crate) trust: &'a Trust,
    /// The question that the quote answers.
    pub(crate) nonce: Vec<u8>,
    pub(crate) key: Expectation,
    /// Of the last round.
    pub(crate) state: Option<State>,
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
    looked_at: HashMap<Digest, Option<InForce>>,
    /// The lists of metadata that were looked at, without those that are none or not there, by the
    /// digest of the metadata and whether the module says that it refused them.
    lists_of: HashMap<(Digest, bool), Rc<[InForce]>>,
}

impl Judge<'_> {
    /// Judges `evidence`. Returns as well what to remember if the machine is trusted.
    ///
    /// # Errors
    ///
    /// What the verifier itself needs cannot be read.
    pub(crate) fn judge(&self, evidence: &Evidence) -> Result<(Judgement, Option<State>)> {
        let mut round = Round {
            judge: self,
            evidence,
            judgement: Judgement::new(),
            looked_at: HashMap::new(),
            lists_of: HashMap::new(),
        };
        let state = round.run()?;
        let trusted = round.judgement.verdict() == Verdict::Trusted;
        Ok((round.judgement, state.filter(|_| trusted)))
    }
}

impl Round<'_> {
    fn run(&mut self) -> Result<Option<State>> {
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
        let mut lists = match &covered.state {
            Some(state) => state.lists.clone(),
            None => {
                self.check_begin(&covered, &facts);
                let before = self.judge.state.iter();
                Arc::new(Lists {
                    floors: before
                        .flat_map(|state| state.lists.floors.clone())
                        .collect(),
                    ..Lists::default()
                })
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
        let pcr = covered.pcr;
        let values = covered.values.iter();
        Ok(Some(State {
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
        }))
    }

    fn find(&mut self, reason: Reason, record: Option<u64>, detail: impl Into<String>) {
        self.judgement.find(reason, record, detail);
    }

    /// The lists that must be loaded are.
    fn check_required(&mut self, lists: &Lists) {
        for wanted in &self.judge.trust.expected.require_list {
            let mut named = lists.in_force.iter().filter(|list| list.name == *wanted);
            // The machine says by which reference it loads a list; the name of an edition is in
            // what is signed.
            let found = named.clone().any(|list| list.serial.is_some());
            let mut digests = lists.in_force.iter().map(|list| list.digest.to_string());
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
