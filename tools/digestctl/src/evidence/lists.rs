// SPDX-License-Identifier: GPL-2.0

//! Which lists are in force on a machine, by the records of loads and removals.

use std::collections::BTreeMap;

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
    pub(crate) loads: Vec<(Digest, u64)>,
}

impl InForce {
    /// It is loaded once more.
    pub(crate) fn load_again(&mut self, metadata: &Digest) {
        match self.loads.iter_mut().find(|(other, _)| other == metadata) {
            Some((_, times)) => *times = times.saturating_add(1),
            None => self.loads.push((*metadata, 1)),
        }
    }
}

/// The lists in force, in the order of loading, and the floors of their editions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    pub(crate) in_force: Vec<InForce>,
    /// The greatest serial number that was loaded, by name and signer.
    pub(crate) floors: BTreeMap<(String, String), u64>,
}

impl Lists {
    /// The place of the list with this digest.
    pub(crate) fn position(&self, digest: &Digest) -> Option<usize> {
        self.in_force.iter().position(|list| list.digest == *digest)
    }

    /// The last load by `metadata` was refused: what it alone has put in force is not.
    pub(crate) fn take_back(&mut self, metadata: &Digest) {
        self.in_force.retain_mut(|list| {
            let loads = &mut list.loads;
            let Some(place) = loads.iter().position(|(other, _)| other == metadata) else {
                return true;
            };
            loads[place].1 = loads[place].1.saturating_sub(1);
            loads.retain(|(_, times)| *times > 0);
            !loads.is_empty()
        });
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
                    let mut loads = Vec::new();
                    for load in word().unwrap_or_default().split_terminator(',') {
                        let (metadata, times) = load.split_once('*').context("not a load")?;
                        loads.push((Digest::parse(metadata)?, times.parse()?));
                    }
                    lists.in_force.push(InForce {
                        digest,
                        name,
                        serial,
                        digests,
                        signer,
                        record: None,
                        loads,
                    });
                }
                "floor" => {
                    let serial = word()?.parse()?;
                    let key = (word()?.to_owned(), word()?.to_owned());
                    lists.floors.insert(key, serial);
                }
                _ => bail!("a line is neither of a list nor of a floor"),
            }
        }
        Ok(lists)
    }

    /// Lines of words with tabs between them.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        for list in &self.in_force {
            let serial = list
                .serial
                .map_or("-".to_owned(), |serial| serial.to_string());
            let loads = list.loads.iter();
            let loads: Vec<_> = loads
                .map(|(metadata, times)| format!("{metadata}*{times}"))
                .collect();
            text.push_str(&format!(
                "list\t{}\t{serial}\t{}\t{}\t{}\t{}\n",
                list.digest,
                list.digests,
                list.name,
                list.signer,
                loads.join(",")
            ));
        }
        for ((name, signer), serial) in &self.floors {
            text.push_str(&format!("floor\t{serial}\t{name}\t{signer}\n"));
        }
        text
    }
}
