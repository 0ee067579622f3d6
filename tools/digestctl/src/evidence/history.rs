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
            self,
            Extends, //
        },
        replay::{
            extended,
            Hasher, //
        }, //
    },
    hash_algo::HashAlgo,
    policy::Template,
    template::{
        Event,
        BOOT_AGGREGATE, //
    }, //
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
/// Where records share an extend, they have one number. Of each is kept where it is, and it is read
/// again when it is asked for: a machine says how many there are.
pub(crate) struct History<'a> {
    /// How many extends precede.
    pub(crate) first: u64,
    pub(crate) extends: Vec<Extend<'a>>,
    /// The whole piece.
    data: &'a [u8],
    records: Vec<Place<'a>>,
    /// Why the list cannot be read behind these records.
    pub(crate) broken: Option<digest_logic::refusal::Cause>,
}

/// An extend of a PCR.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extend<'a> {
    pub(crate) pcr: u32,
    is_violation: bool,
    /// The template data.
    data: &'a [u8],
}

/// Where a record is.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    /// The place of its extend.
    extend: usize,
    template: Template,
    /// The template data, which were checked.
    data: &'a [u8],
}

/// A record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// The PCR it extends, or its batch does.
    pub(crate) pcr: u32,
    pub(crate) template: Template,
    pub(crate) event: Event<'a>,
    is_violation: bool,
}

impl Record<'_> {
    /// Whether it extends with ones: nothing vouches for the content of the file.
    pub(crate) fn is_violation(&self) -> bool {
        self.is_violation
    }
}

impl Extend<'_> {
    /// With what it extends a bank of `algo`.
    pub(crate) fn digest_for(&self, algo: HashAlgo) -> Digest {
        match self.is_violation {
            true => Digest::ones(algo),
            false => Hashes.hash(algo, &[self.data]),
        }
    }
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
            data,
            records: Vec::new(),
            broken: None,
        };
        for extend in Extends::new(data) {
            match extend {
                Ok(extend) => history.push(&extend),
                Err(error) => history.broken = Some(error),
            }
        }
        history
    }

    fn push(&mut self, extend: &records::Extend<'a>) {
        let place = self.extends.len();
        self.records.extend(extend.records().map(|record| Place {
            extend: place,
            template: record.template,
            data: record.data,
        }));
        self.extends.push(Extend {
            pcr: extend.pcr,
            is_violation: extend.is_violation(),
            data: extend.data,
        });
    }

    /// Keeps the first `extends` extends, with their records.
    pub(crate) fn truncate(&mut self, extends: usize) {
        self.extends.truncate(extends);
        let records = self.place_of_extend(extends);
        self.records.truncate(records);
    }

    /// The place of the first record of an extend, or of a later one.
    fn place_of_extend(&self, extend: usize) -> usize {
        self.records.partition_point(|place| place.extend < extend)
    }

    fn read(&self, place: &Place<'a>) -> Option<Record<'a>> {
        let extend = self.extends.get(place.extend)?;
        Some(Record {
            pcr: extend.pcr,
            template: place.template,
            // It was read before.
            event: Event::parse(place.template, place.data).ok()?,
            // A batch is none, and none of its records.
            is_violation: extend.is_violation,
        })
    }

    /// The record at this place.
    pub(crate) fn record(&self, place: usize) -> Option<Record<'a>> {
        self.records.get(place).and_then(|place| self.read(place))
    }

    /// All of them, with their places.
    pub(crate) fn records(&self) -> impl DoubleEndedIterator<Item = (usize, Record<'a>)> + '_ {
        let places = self.records.iter().enumerate();
        places.filter_map(|(place, record)| Some((place, self.read(record)?)))
    }

    /// The number of an extend by its place in these, counted from 0 in the whole list.
    pub(crate) fn number_of_extend(&self, place: usize) -> u64 {
        self.first.saturating_add(place as u64)
    }

    /// The number of a record by its place in these: that of its extend.
    pub(crate) fn number(&self, place: usize) -> u64 {
        let extend = self.records.get(place).map(|place| place.extend);
        self.number_of_extend(extend.unwrap_or(self.extends.len()))
    }

    /// The first record of an extend by the place of that.
    pub(crate) fn record_of_extend(&self, place: usize) -> Option<Record<'a>> {
        self.record(self.place_of_extend(place))
    }

    /// The PCRs that are extended.
    pub(crate) fn pcrs(&self) -> BTreeSet<u32> {
        self.extends.iter().map(|extend| extend.pcr).collect()
    }

    /// The text of the start record, if the list begins as one does.
    pub(crate) fn start(&self) -> Result<Lines<'a>, String> {
        let (Some(aggregate), Some(start)) = (self.record(0), self.record(1)) else {
            return Err("it has fewer than two records".to_owned());
        };
        if aggregate.event.name != BOOT_AGGREGATE.as_bytes() {
            return Err("its first record is not boot_aggregate".to_owned());
        }
        if start.event.name != START || !is_own_data(&start) {
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
        let late = self.records().find(|(_, record)| record.event.name == LATE);
        late.filter(|(_, record)| is_own_data(record))
            .and_then(|(_, record)| Lines::parse(record.event.buffer).ok())
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
                    *value = extended(&Hashes, value, &extend.digest_for(*algo));
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
        let extends = Extends::new(self.data).take(self.extends.len());
        extends
            .map_while(Result::ok)
            .position(|extend| !extend.is_consistent(&Hashes))
    }
}

/// Whether it is a record of data whose digest is theirs.
pub(crate) fn is_own_data(record: &Record<'_>) -> bool {
    record.template == Template::ImaBuf && record.event.digest == sha256(record.event.buffer)
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
        .map(|(place, extend)| (place, extend.digest_for(algo)))
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
    let event = Event {
        buffer: text.as_bytes(),
        ..Event::new(sha256(text.as_bytes()), REMOVE)
    };
    let mut data = crate::output::Buffer::default();
    event.write(Template::ImaBuf, &mut data).ok()?;
    Some(Hashes.hash(algo, &[&data.0]))
}
