// SPDX-License-Identifier: GPL-2.0

//! What root did, by the module's own records: loads, removals, keys, policies.

use std::collections::HashSet;

use anyhow::{
    Context,
    Result, //
};
use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    evidence::records::Record,
    metadata::{
        self,
        Metadata, //
    },
};
use tempfile::TempDir;

use super::Round;
use crate::{
    evidence::{
        crypto::sha256,
        history::{
            self,
            is_own_data,
            History, //
        },
        lists::{
            plain,
            InForce,
            Lists, //
        },
        reason::Reason,
        state::State,
        verdict::LoadedList, //
    },
    format,
};

/// What the records leave to be judged by their content.
#[derive(Default)]
pub(super) struct Events {
    /// Places of the records of files and of data.
    pub(super) files: Vec<usize>,
    /// The place of the last checkpoint, and the lists in force then.
    pub(super) checkpoint: Option<(usize, Vec<Digest>)>,
}

/// What an own record is about, and whether the event happened.
fn is_metadata(name: &[u8]) -> bool {
    name.strip_prefix(history::METADATA)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b":"))
}

/// The places of records that a later one takes back, and the digests that were taken back without
/// a record of them in these.
fn taken_back(records: &[Record<'_>]) -> (HashSet<usize>, Vec<Digest>) {
    let mut back = HashSet::new();
    let mut of_earlier = Vec::new();
    for (place, record) in records.iter().enumerate() {
        if record.event.name != history::REFUSED {
            continue;
        }
        let before = records.get(..place).unwrap_or_default().iter().enumerate();
        let announced = before.rev().find(|(at, other)| {
            other.event.name.starts_with(b"digest_lists_")
                && other.event.name != history::REFUSED
                && other.event.digest == record.event.digest
                && !back.contains(at)
        });
        match announced {
            Some((at, _)) => drop(back.insert(at)),
            None => of_earlier.push(record.event.digest),
        }
    }
    (back, of_earlier)
}

impl Round<'_> {
    /// The digests of all lists that the records may have loaded.
    pub(super) fn loaded(&self, history: &History<'_>, state: Option<&State>) -> Vec<Digest> {
        let mut digests: Vec<Digest> = state
            .iter()
            .flat_map(|state| &state.lists.in_force)
            .map(|list| list.digest)
            .collect();
        for record in &history.records {
            if !is_metadata(record.event.name) {
                continue;
            }
            let data = self.metadata(&record.event.digest).ok().flatten();
            if let Some(metadata) = data.as_deref().and_then(|data| Metadata::parse(data).ok()) {
                for list in metadata.records() {
                    digests.extend(Digest::new(list.algo, list.digest));
                }
            }
        }
        digests
    }

    /// The metadata with this digest, from the evidence or the repository; not checked.
    fn metadata(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let hex = Hex(digest.as_bytes()).to_string();
        if let Some(data) = self.evidence.metadata.get(&hex) {
            return Ok(Some(data.0.clone()));
        }
        Ok(self.judge.repository.find(digest)?.map(|(_, data)| data))
    }

    /// Follows the records, and keeps `lists` as they say.
    pub(super) fn walk(&mut self, history: &History<'_>, lists: &mut Lists) -> Result<Events> {
        let mut events = Events::default();
        let (back, of_earlier) = taken_back(&history.records);
        for digest in of_earlier {
            self.take_back(&digest, lists)?;
        }
        for (place, record) in history.records.iter().enumerate() {
            let number = history.number(place);
            let name = record.event.name;
            if name.starts_with(b"/") || record.is_violation() {
                events.files.push(place);
                continue;
            }
            if back.contains(&place) {
                continue;
            }
            match name {
                b"boot_aggregate" if number == 0 => (),
                history::START if number == 1 => (),
                history::LATE | history::AGGREGATE_LATE | history::REFUSED => (),
                b"boot_aggregate" | history::START => {
                    let detail = "the list begins a second time";
                    self.find(Reason::LogStart, Some(number), detail);
                }
                name if is_metadata(name) => self.load(number, record, lists)?,
                history::REMOVE => self.remove(number, record, lists),
                history::CORRUPTED => {
                    let detail = plain(record.event.buffer);
                    self.find(Reason::ListsCorrupted, Some(number), detail);
                }
                history::KEY => {
                    let key = record.event.digest;
                    let judge = self.judge;
                    if !judge.expected.keys.contains(&key) && !judge.known_keys.contains(&key) {
                        self.find(Reason::KeyUnknown, Some(number), key.to_string());
                    }
                }
                history::POLICY => {
                    let policy = record.event.digest;
                    if !self.judge.expected.policies.contains(&policy) {
                        let detail = format!("policy={policy}");
                        self.find(Reason::Policy, Some(number), detail);
                    }
                }
                history::CHECKPOINT => {
                    let in_force = lists.in_force.iter().map(|list| list.digest).collect();
                    events.checkpoint = Some((place, in_force));
                }
                name if name.starts_with(b"digest_lists") => {
                    self.find(Reason::RecordUnknown, Some(number), plain(name));
                }
                _ => events.files.push(place),
            }
        }
        self.judgement
            .lists
            .extend(lists.in_force.iter().map(of_force));
        Ok(events)
    }

    /// A load of an earlier round was refused after all.
    fn take_back(&mut self, digest: &Digest, lists: &mut Lists) -> Result<()> {
        let data = self.metadata(digest)?;
        if let Some(metadata) = data.as_deref().and_then(|data| Metadata::parse(data).ok()) {
            for record in metadata.records() {
                let digest = Digest::new(record.algo, record.digest)?;
                lists.in_force.retain(|list| list.digest != digest);
            }
        }
        Ok(())
    }

    /// The lists that metadata name are in force.
    fn load(&mut self, number: u64, record: &Record<'_>, lists: &mut Lists) -> Result<()> {
        let digest = record.event.digest;
        let Some(data) = self.metadata(&digest)? else {
            let detail = format!("{} ({digest})", plain(record.event.name));
            self.find(Reason::MetadataMissing, Some(number), detail);
            return Ok(());
        };
        if sha256(&data) != digest {
            let detail = format!(
                "the record has {digest}, the evidence has {}",
                sha256(&data)
            );
            self.find(Reason::MetadataSwapped, Some(number), detail);
            return Ok(());
        }
        let metadata = match Metadata::parse(&data) {
            Ok(metadata) => metadata,
            Err(error) => {
                // The module refuses these, and says so in a record.
                let detail = format!("metadata that nobody can have loaded: {error}");
                self.find(Reason::ListsInconsistent, Some(number), detail);
                return Ok(());
            }
        };
        for record in metadata.records() {
            self.load_list(number, &record, lists)?;
        }
        Ok(())
    }

    fn load_list(
        &mut self,
        number: u64,
        record: &metadata::Record<'_>,
        lists: &mut Lists,
    ) -> Result<()> {
        let named = Digest::new(record.algo, record.digest)?;
        if lists.position(&named).is_some() {
            return Ok(());
        }
        let list = match self.looked_at.get(&named) {
            Some(list) => list.clone(),
            None => {
                let list = self.look_at(number, &named, record)?;
                self.looked_at.insert(named, list.clone());
                list
            }
        };
        let Some(list) = list else {
            return Ok(());
        };
        if let Some(serial) = list.serial {
            let name = (list.name.clone(), list.signer.clone());
            let floor = lists.floors.entry(name).or_default();
            *floor = serial.max(*floor);
        }
        if lists.position(&list.digest).is_none() {
            lists.in_force.push(InForce {
                record: Some(number),
                ..list
            });
        }
        Ok(())
    }

    /// Looks at a list that is loaded for the first time. None if it is none, or not there.
    fn look_at(
        &mut self,
        number: u64,
        digest: &Digest,
        record: &metadata::Record<'_>,
    ) -> Result<Option<InForce>> {
        let reference = plain(record.ref_id);
        let Some((path, data)) = self.judge.repository.find(digest)? else {
            let detail = format!("{reference} ({digest}) is not in the repository");
            self.find(Reason::ListUnknown, Some(number), detail);
            return Ok(None);
        };
        let digest = sha256(&data);
        let list = match format::list(&data) {
            Ok((_, list)) => list,
            Err(error) => {
                let detail = format!("{reference} ({digest}) is no list: {error}");
                self.find(Reason::ListUnknown, Some(number), detail);
                return Ok(None);
            }
        };
        let expected = &self.judge.expected;
        if expected.revoke.contains(&digest) {
            let detail = format!("{reference} ({digest})");
            self.find(Reason::ListRevoked, Some(number), detail);
        }
        let signed = match expected.allow_list.contains(&digest) {
            true => Ok("allowed by the expectations".to_owned()),
            false => self.signer_of(&path, &data, record.signature)?,
        };
        let signer = match signed {
            Ok(signer) => signer,
            Err(reason) => {
                let detail = format!("{reference} ({digest}): {reason}");
                self.find(Reason::ListSignature, Some(number), detail);
                "signed by nobody that is trusted".to_owned()
            }
        };
        let edition = list.edition();
        Ok(Some(InForce {
            digest,
            name: edition.map_or(reference, |edition| edition.name_text().to_owned()),
            serial: edition.map(|edition| edition.serial()),
            digests: list.counts().total(),
            signer,
            record: None,
        }))
    }

    /// No edition in force at the end is lower than one that was loaded before, now or in an
    /// earlier round, or than is expected.
    pub(super) fn check_floors(&mut self, lists: &Lists) {
        for list in &lists.in_force {
            let Some(serial) = list.serial else {
                continue;
            };
            let key = (list.name.clone(), list.signer.clone());
            let floor = lists.floors.get(&key).copied().unwrap_or(0);
            let least = self.judge.expected.floors.get(&list.name).copied();
            let least = least.unwrap_or(0).max(floor);
            if serial < least {
                let name = &list.name;
                let detail = format!("{name} has the serial number {serial}, and had {least}");
                self.find(Reason::ListRollback, list.record, detail);
            }
        }
    }

    /// By whom the list at `path` is signed, beside it or in the metadata of the machine.
    pub(super) fn signer_of(
        &self,
        path: &std::path::Path,
        data: &[u8],
        signature: &[u8],
    ) -> Result<Result<String, String>> {
        let reason = match self.judge.signers.signer(path) {
            Ok(signer) => return Ok(Ok(plain(signer.as_bytes()))),
            Err(error) => format!("{error:#}"),
        };
        if signature.is_empty() {
            return Ok(Err(reason));
        }
        let place = TempDir::new().context("cannot make a temporary directory")?;
        let list = place.path().join("list");
        std::fs::write(&list, data)?;
        std::fs::write(place.path().join("list.p7s"), signature)?;
        Ok(match self.judge.signers.signer(&list) {
            Ok(signer) => Ok(plain(signer.as_bytes())),
            Err(error) => Err(format!("{error:#}")),
        })
    }

    /// The lists that the record names are not in force any more.
    fn remove(&mut self, number: u64, record: &Record<'_>, lists: &mut Lists) {
        if !is_own_data(record) {
            let detail = "the digest of a removal is not that of its text";
            self.find(Reason::LogMalformed, Some(number), detail);
            return;
        }
        let text = String::from_utf8_lossy(record.event.buffer);
        for line in text.lines() {
            let place = Digest::parse(line)
                .ok()
                .and_then(|digest| lists.position(&digest));
            match place {
                Some(place) => {
                    let gone = lists.in_force.remove(place);
                    self.judgement.lists.push(LoadedList {
                        in_force: false,
                        ..of_force(&gone)
                    });
                }
                // What could not be found was told before.
                None if self.judgement.findings.is_empty() => {
                    let detail = format!("{} was removed and not loaded", plain(line.as_bytes()));
                    self.find(Reason::ListsInconsistent, Some(number), detail);
                }
                None => (),
            }
        }
    }
}

fn of_force(list: &InForce) -> LoadedList {
    LoadedList {
        list: list.digest.to_string(),
        name: list.name.clone(),
        serial: list.serial,
        digests: list.digests,
        signer: list.signer.clone(),
        record: list.record,
        in_force: true,
        used: None,
    }
}
