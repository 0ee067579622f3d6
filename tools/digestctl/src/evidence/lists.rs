// SPDX-License-Identifier: GPL-2.0

//! Which lists are in force on a machine, by the records of loads and removals.

use std::collections::{
    BTreeMap,
    BTreeSet,
    HashMap,
    HashSet, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::digest::Digest;

/// A list that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InForce {
    pub(crate) digest: Digest,
    /// The name of its edition, or else its reference.
    pub(crate) name: String,
    pub(crate) serial: Option<u64>,
    /// How many digests it has.
    pub(crate) digests: u32,
    /// By whom it is signed.
    pub(crate) signer: String,
    /// The record of its load, if that was in this round.
    pub(crate) record: Option<u64>,
    /// The metadata by which it was loaded since it is in force, and how often: a load that was
    /// refused counts until the record that says so.
    pub(crate) loads: HashMap<Digest, u64>,
}

impl InForce {
    /// It is loaded so many times more.
    fn load_again(&mut self, metadata: &Digest, times: u64) {
        let before = self.loads.entry(*metadata).or_default();
        *before = before.saturating_add(times);
    }
}

/// The lists in force, in the order of loading, the floors of their editions, and what went.
///
/// # Invariants
///
/// `places` has the place of each list of `in_force`, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    in_force: BTreeMap<u64, InForce>,
    places: HashMap<Digest, u64>,
    /// The greatest serial number that was loaded, by name and signer.
    floors: BTreeMap<String, BTreeMap<String, u64>>,
    /// Lists that were loaded since the machine was started, or may have been, and are not in
    /// force: the whole list names them.
    gone: HashSet<Digest>,
}

impl Lists {
    /// None, with the floors of these.
    pub(crate) fn with_floors_of(before: Option<&Self>) -> Self {
        Self {
            floors: before.map_or_else(BTreeMap::new, |before| before.floors.clone()),
            ..Self::default()
        }
    }

    /// Those in force.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = &InForce> + Clone {
        self.in_force.values()
    }

    /// Those that the records since the machine was started name: what a whole list needs.
    pub(crate) fn of_boot(&self) -> impl Iterator<Item = &Digest> {
        self.places.keys().chain(&self.gone)
    }

    /// Whether the list with this digest is in force.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.places.contains_key(digest)
    }

    /// A list comes. It is not in force.
    pub(crate) fn push(&mut self, list: InForce) {
        let place = self.in_force.last_key_value();
        let place = place.map_or(0, |(last, _)| last.saturating_add(1));
        self.gone.remove(&list.digest);
        // INVARIANT: Both have it.
        self.places.insert(list.digest, place);
        self.in_force.insert(place, list);
    }

    /// The list is loaded so many times more by `metadata`, if it is in force.
    pub(crate) fn load_again(&mut self, list: &Digest, metadata: &Digest, times: u64) -> bool {
        let place = self.places.get(list);
        match place.and_then(|place| self.in_force.get_mut(place)) {
            Some(list) => {
                list.load_again(metadata, times);
                true
            }
            None => false,
        }
    }

    /// The list goes, if it is in force.
    pub(crate) fn remove(&mut self, digest: &Digest) -> Option<InForce> {
        // INVARIANT: Neither has it.
        let place = self.places.remove(digest)?;
        self.gone.insert(*digest);
        self.in_force.remove(&place)
    }

    /// A list was looked at that may have been loaded.
    pub(crate) fn note(&mut self, digest: &Digest) {
        if !self.has(digest) {
            self.gone.insert(*digest);
        }
    }

    /// The greatest serial number of this name and signer.
    pub(crate) fn floor(&self, name: &str, signer: &str) -> Option<u64> {
        self.floors.get(name)?.get(signer).copied()
    }

    /// An edition comes. Returns the floor of before.
    pub(crate) fn raise(&mut self, name: &str, signer: &str, serial: u64) -> Option<u64> {
        let of_name = self.floors.entry(name.to_owned()).or_default();
        let before = of_name.get(signer).copied();
        of_name.insert(signer.to_owned(), serial.max(before.unwrap_or(0)));
        before
    }

    /// The last loads by these metadata, of each so many, were refused: what they alone have put in
    /// force is not.
    pub(crate) fn take_back(&mut self, refused: &HashMap<Digest, u64>) {
        let mut gone = Vec::new();
        for list in self.in_force.values_mut() {
            let mut is_taken = false;
            for (metadata, times) in &mut list.loads {
                if let Some(refused) = refused.get(metadata) {
                    *times = times.saturating_sub(*refused);
                    is_taken = true;
                }
            }
            list.loads.retain(|_, times| *times > 0);
            if is_taken && list.loads.is_empty() {
                gone.push(list.digest);
            }
        }
        for list in gone {
            self.remove(&list);
        }
    }

    /// Reads what [`Self::to_text`] writes.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut lists = Self::default();
        for line in text.lines() {
            let mut words = line.split('\t');
            let mut word = || words.next().context("a line is too short");
            match word()? {
                "list" => {
                    let digest = Digest::parse(word()?)?;
                    let serial = match word()? {
                        "-" => None,
                        serial => Some(serial.parse()?),
                    };
                    let digests = word()?.parse()?;
                    let (name, signer) = (word()?.to_owned(), word()?.to_owned());
                    let mut loads = HashMap::new();
                    for load in word().unwrap_or_default().split_terminator(',') {
                        let (metadata, times) = load.split_once('*').context("not a load")?;
                        loads.insert(Digest::parse(metadata)?, times.parse()?);
                    }
                    if lists.has(&digest) {
                        bail!("{digest} stands twice");
                    }
                    lists.push(InForce {
                        digest,
                        name,
                        serial,
                        digests,
                        signer,
                        record: None,
                        loads,
                    });
                }
                "gone" => drop(lists.gone.insert(Digest::parse(word()?)?)),
                "floor" => {
                    let serial = word()?.parse()?;
                    lists.raise(word()?, word()?, serial);
                }
                _ => bail!("a line is neither of a list nor of a floor"),
            }
        }
        Ok(lists)
    }

    /// Lines of words with tabs between them.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        for list in self.in_force() {
            let serial = list
                .serial
                .map_or("-".to_owned(), |serial| serial.to_string());
            let loads = list.loads.iter();
            let loads: BTreeSet<_> = loads
                .map(|(metadata, times)| format!("{metadata}*{times}"))
                .collect();
            let loads: Vec<_> = loads.into_iter().collect();
            text.push_str(&format!(
                "list\t{}\t{serial}\t{}\t{}\t{}\t{}\n",
                list.digest,
                list.digests,
                list.name,
                list.signer,
                loads.join(",")
            ));
        }
        let gone: BTreeSet<_> = self.gone.iter().map(Digest::to_string).collect();
        for list in gone {
            text.push_str(&format!("gone\t{list}\n"));
        }
        for (name, floors) in &self.floors {
            for (signer, serial) in floors {
                text.push_str(&format!("floor\t{serial}\t{name}\t{signer}\n"));
            }
        }
        text
    }
}
