// SPDX-License-Identifier: GPL-2.0

//! The measurement list of a machine: its records, how far a quote covers them, and from where they
//! replay.

use std::{
    cell::Cell,
    collections::{
        BTreeMap,
        BTreeSet, //
    }, //
};

use digest_logic::{
    digest::Digest,
    evidence::{
        lines::Lines,
        records::{
            Extend,
            Extends,
            Record, //
        },
        replay::{
            extended,
            Hasher, //
        }, //
    },
    hash_algo::HashAlgo,
    template::BOOT_AGGREGATE, //
};

use super::crypto::{
    sha256,
    Hashes, //
};

/// The record that says what the module is.
pub(crate) const START: &[u8] = b"digest_lists_start";
/// The record of a TPM that came late.
pub(crate) const LATE: &[u8] = b"digest_lists_tpm";
/// The record of metadata; behind it and a colon the path of those that came in a file.
pub(crate) const METADATA: &[u8] = b"digest_lists_metadata";
/// The record that takes one back.
pub(crate) const REFUSED: &[u8] = b"digest_lists_refused";
/// The record of a removal.
pub(crate) const REMOVE: &[u8] = b"digest_lists_remove";
/// The record of lists that were changed in memory.
pub(crate) const CORRUPTED: &[u8] = b"digest_lists_corrupted";
/// The record of a key.
pub(crate) const KEY: &[u8] = b"digest_lists_key";
/// The record of a policy.
pub(crate) const POLICY: &[u8] = b"digest_lists_policy";
/// The record of evidence of use.
pub(crate) const CHECKPOINT: &[u8] = b"digest_lists_checkpoint";
/// IMA's name for a `boot_aggregate` of a TPM that came late.
pub(crate) const AGGREGATE_LATE: &[u8] = b"boot_aggregate_late";

/// Values of PCRs, by number and bank.
pub(crate) type Values = BTreeMap<(u32, HashAlgo), Digest>;

/// The records of a piece of a list.
///
/// Where records share an extend, they have one number.
pub(crate) struct History<'a> {
    /// How many extends precede.
    pub(crate) first: u64,
    pub(crate) extends: Vec<Extend<'a>>,
    pub(crate) records: Vec<Record<'a>>,
    /// The place of each record's extend.
    extend_of: Vec<usize>,
    /// Why the list cannot be read behind these records.
    pub(crate) broken: Option<digest_logic::refusal::Cause>,
}

/// The extends that a quote covers.
pub(crate) struct Coverage {
    /// How many.
    pub(crate) extends: usize,
    /// The PCRs after them.
    pub(crate) values: Values,
    /// The PCRs after those at the mark, if it is among them.
    pub(crate) at_mark: Option<Values>,
}

impl<'a> History<'a> {
    /// Reads `data` as far as it can be read.
    pub(crate) fn new(first: u64, data: &'a [u8]) -> Self {
        let mut history = Self {
            first,
            extends: Vec::new(),
            records: Vec::new(),
            extend_of: Vec::new(),
            broken: None,
        };
        for extend in Extends::new(data) {
            match extend {
                Ok(extend) => history.push(extend),
                Err(error) => history.broken = Some(error),
            }
        }
        history
    }

    fn push(&mut self, extend: Extend<'a>) {
        for record in extend.records() {
            self.records.push(record);
            self.extend_of.push(self.extends.len());
        }
        self.extends.push(extend);
    }

    /// Keeps the first `extends` extends, with their records.
    pub(crate) fn truncate(&mut self, extends: usize) {
        self.extends.truncate(extends);
        let records = self.extend_of.partition_point(|extend| *extend < extends);
        self.extend_of.truncate(records);
        self.records.truncate(records);
    }

    /// The number of an extend by its place in these, counted from 0 in the whole list.
    pub(crate) fn number_of_extend(&self, place: usize) -> u64 {
        self.first.saturating_add(place as u64)
    }

    /// The number of a record by its place in these: that of its extend.
    pub(crate) fn number(&self, place: usize) -> u64 {
        let extend = self.extend_of.get(place).copied();
        self.number_of_extend(extend.unwrap_or(self.extends.len()))
    }

    /// Whether the record at this place is one of a batch.
    pub(crate) fn shares_extend(&self, place: usize) -> bool {
        let extend = self.extend_of.get(place);
        extend.is_some_and(|extend| self.extends.get(*extend).is_some_and(Extend::is_batch))
    }

    /// The first record of an extend by the place of that.
    pub(crate) fn record_of_extend(&self, place: usize) -> Option<&Record<'a>> {
        let record = self.extend_of.partition_point(|extend| *extend < place);
        self.records.get(record)
    }

    /// The PCRs that are extended.
    pub(crate) fn pcrs(&self) -> BTreeSet<u32> {
        self.extends.iter().map(|extend| extend.pcr).collect()
    }

    /// The text of the start record, if the list begins as one does.
    pub(crate) fn start(&self) -> Result<Lines<'a>, String> {
        let [aggregate, start, ..] = self.records.as_slice() else {
            return Err("it has fewer than two records".to_owned());
        };
        if aggregate.event.name != BOOT_AGGREGATE.as_bytes() {
            return Err("its first record is not boot_aggregate".to_owned());
        }
        if start.event.name != START || !is_own_data(start) {
            return Err("its second record is not digest_lists_start".to_owned());
        }
        Lines::parse(start.event.buffer)
            .map_err(|error| format!("the text of digest_lists_start: {error}"))
    }

    /// The text that says what the PCR was before the first extend: that of the start record, or of
    /// the record of a TPM that came late.
    pub(crate) fn initial(&self, start: Lines<'a>) -> Option<Lines<'a>> {
        if start.initial().next().is_some() {
            return Some(start);
        }
        let late = self.records.iter().find(|record| record.event.name == LATE);
        late.filter(|record| is_own_data(record))
            .and_then(|record| Lines::parse(record.event.buffer).ok())
            .filter(|lines| lines.get("pcr") == start.get("pcr"))
    }

    /// How many of the extends, from the first, give the PCRs the values `quoted`, beginning with
    /// `initial`: the most of those that do. Only PCRs of `initial` are compared. `mark` is a
    /// number of extends whose values are wanted as well.
    pub(crate) fn covered(
        &self,
        initial: &Values,
        quoted: &Values,
        mark: Option<usize>,
    ) -> Option<Coverage> {
        let mut values = initial.clone();
        let matches = |values: &Values| {
            values
                .iter()
                .all(|(place, value)| quoted.get(place) == Some(value))
        };
        let mut at_mark = None;
        let mut covered = None;
        for place in 0..=self.extends.len() {
            if let Some(extend) = place.checked_sub(1).and_then(|last| self.extends.get(last)) {
                let of_extend = values.iter_mut().filter(|((pcr, _), _)| *pcr == extend.pcr);
                for ((_, algo), value) in of_extend {
                    *value = extended(&Hashes, value, &extend.digest_for(*algo, &Hashes));
                }
            }
            if mark == Some(place) {
                at_mark = Some(values.clone());
            }
            if matches(&values) {
                covered = Some((place, values.clone()));
            }
        }
        let (extends, values) = covered?;
        Some(Coverage {
            extends,
            values,
            at_mark: at_mark.filter(|_| mark.is_some_and(|mark| mark <= extends)),
        })
    }

    /// The first extend whose template digest is not that of its data.
    pub(crate) fn inconsistent(&self) -> Option<usize> {
        self.extends
            .iter()
            .position(|extend| !extend.is_consistent(&Hashes))
    }
}

/// Whether it is a record of data whose digest is theirs.
pub(crate) fn is_own_data(record: &Record<'_>) -> bool {
    record.template == digest_logic::policy::Template::ImaBuf
        && record.event.digest == sha256(record.event.buffer)
}

/// Why a list does not replay to a quote, as far as that can be found out with some work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Without the extend at this place it would replay.
    Added(usize),
    /// With this extend and the next one in the other order it would replay.
    Swapped(usize),
    /// With the removal of this list before the extend at this place it would replay.
    RemovalHidden(usize, Digest),
}

/// The most extends that are computed to find a cause.
const MOST_WORK: usize = 2_000_000;

/// Looks for the cause, in one bank: the records of `pcr` in `history`, which begin with `initial`
/// and should give `quoted`. `lists` may have been removed.
pub(crate) fn diagnose(
    history: &History<'_>,
    pcr: u32,
    initial: &Digest,
    quoted: &Digest,
    lists: &[Digest],
) -> Option<Cause> {
    let algo = initial.algo();
    let extends = history.extends.iter().enumerate();
    let (places, digests): (Vec<usize>, Vec<Digest>) = extends
        .filter(|(_, extend)| extend.pcr == pcr)
        .map(|(place, extend)| (place, extend.digest_for(algo, &Hashes)))
        .unzip();
    let mut before = vec![*initial];
    for digest in &digests {
        let last = before.last().unwrap_or(initial);
        before.push(extended(&Hashes, last, digest));
    }
    let work = Cell::new(0);
    let exhausted = || work.get() >= MOST_WORK;
    // Whether going on from `value` with the digests from `from` meets what was quoted.
    let meets = |mut value: Digest, from: usize| {
        // What the caller has computed.
        work.set(work.get() + 2);
        if value == *quoted {
            return true;
        }
        for digest in digests.get(from..).unwrap_or_default() {
            if exhausted() {
                return false;
            }
            work.set(work.get() + 1);
            value = extended(&Hashes, &value, digest);
            if value == *quoted {
                return true;
            }
        }
        false
    };
    let two = |value: &Digest, one: &Digest, other: &Digest| {
        extended(&Hashes, &extended(&Hashes, value, one), other)
    };
    for (place, pair) in digests.windows(2).enumerate() {
        if exhausted() {
            return None;
        }
        if let [one, other] = pair {
            if meets(two(&before[place], other, one), place + 2) {
                return Some(Cause::Swapped(places[place]));
            }
        }
    }
    for place in 0..digests.len() {
        if exhausted() {
            return None;
        }
        if meets(before[place], place + 1) {
            return Some(Cause::Added(places[place]));
        }
    }
    for list in lists {
        let Some(removal) = removal_of(list, algo) else {
            continue;
        };
        for (place, value) in before.iter().enumerate() {
            if exhausted() {
                return None;
            }
            if meets(extended(&Hashes, value, &removal), place) {
                let place = places.get(place).copied().unwrap_or(history.extends.len());
                return Some(Cause::RemovalHidden(place, *list));
            }
        }
    }
    None
}

/// With what the record of the removal of `list` alone extends a bank.
fn removal_of(list: &Digest, algo: HashAlgo) -> Option<Digest> {
    let text = format!("{list}\n");
    let event = digest_logic::template::Event {
        buffer: text.as_bytes(),
        ..digest_logic::template::Event::new(sha256(text.as_bytes()), REMOVE)
    };
    let mut data = crate::output::Buffer::default();
    event
        .write(digest_logic::policy::Template::ImaBuf, &mut data)
        .ok()?;
    Some(Hashes.hash(algo, &[&data.0]))
}
