// SPDX-License-Identifier: GPL-2.0

//! What was used: files with a record, and digests of lists by the evidence of use.

use std::collections::{
    BTreeMap,
    HashMap,
    HashSet, //
};

use anyhow::Result;
use digest_logic::{
    digest::Digest,
    list::{
        Kind,
        ParsedList, //
    },
    seen,
    verity, //
};

use super::{
    cover::Covered,
    events::{
        Checkpoint,
        Events, //
    },
    Round, //
};
use crate::{
    evidence::{
        crypto::sha256,
        history::is_own_data,
        lists::{
            plain,
            Lists, //
        },
        reason::Reason,
        verdict::{
            Standing,
            UsedFile, //
        }, //
    },
    format,
};

/// Digests of files, each with the list that has it.
type Places = HashMap<Digest, Digest>;

impl Round<'_> {
    /// Judges the records of files, and the evidence of use.
    pub(super) fn check_content(
        &mut self,
        covered: &Covered<'_>,
        lists: &Lists,
        events: &Events,
    ) -> Result<()> {
        if events.files.is_empty() && events.checkpoint.is_none() {
            return self.no_checkpoint();
        }
        let revoked = self.revoked(lists)?;
        self.check_files(covered, lists, events, &revoked)?;
        self.check_seen(covered, events, &revoked)
    }

    /// What the lists of the repository, and those in force, revoke.
    fn revoked(&mut self, lists: &Lists) -> Result<Places> {
        let mut revoked = Places::new();
        for digest in self.judge.repository.revocations()? {
            let Some((path, data)) = self.judge.repository.find(&digest)? else {
                continue;
            };
            let loaded = lists.position(&digest).is_some();
            let allowed = self.judge.expected.allow_list.contains(&digest);
            if !loaded && !allowed {
                if let Err(reason) = self.signer_of(&path, &data, &[])? {
                    let note = format!("{digest} revokes nothing: {reason}");
                    self.judgement.note(note);
                    continue;
                }
            }
            if let Ok((_, list)) = format::list(&data) {
                let entries = list.entries().filter(|(kind, _)| *kind == Kind::Revoked);
                revoked.extend(entries.map(|(_, entry)| (entry, digest)));
            }
        }
        Ok(revoked)
    }

    fn check_files(
        &mut self,
        covered: &Covered<'_>,
        lists: &Lists,
        events: &Events,
        revoked: &Places,
    ) -> Result<()> {
        let expected = &self.judge.expected;
        let entry = |place: usize| {
            let event = covered.history.records.get(place)?.event;
            Some(match event.verity {
                true => verity::entry(&event.digest),
                false => event.digest,
            })
        };
        let wanted: HashSet<Digest> = events
            .files
            .iter()
            .filter_map(|place| entry(*place))
            .filter(|digest| !expected.allow.contains(digest))
            .collect();
        let (loaded, others) = self.known(&wanted, lists)?;
        for place in &events.files {
            let (Some(record), Some(entry)) = (covered.history.records.get(*place), entry(*place))
            else {
                continue;
            };
            let number = covered.history.number(*place);
            let name = plain(record.event.name);
            let digest = record.event.digest;
            let (standing, list) = if record.is_violation() {
                match self.judge.expected.allow_violation.contains(&name) {
                    true => (Standing::ViolationAllowed, None),
                    false => (Standing::Violation, None),
                }
            } else if self.judge.expected.revoke.contains(&digest) {
                (Standing::Revoked, None)
            } else if let Some(list) = revoked.get(&entry) {
                (Standing::Revoked, Some(list))
            } else if self.judge.expected.allow.contains(&digest) {
                (Standing::Allowed, None)
            } else if let Some(list) = loaded.get(&entry) {
                (Standing::Loaded, Some(list))
            } else if let Some(list) = others.get(&entry) {
                (Standing::NotLoaded, Some(list))
            } else {
                (Standing::Unknown, None)
            };
            let reason = match standing {
                Standing::Violation => Some(Reason::Violation),
                Standing::Revoked => Some(Reason::FileRevoked),
                Standing::Unknown => Some(Reason::FileUnknown),
                Standing::NotLoaded if self.judge.expected.refuse_not_loaded => {
                    Some(Reason::FileUnknown)
                }
                _ => None,
            };
            if let Some(reason) = reason {
                let detail = match record.is_violation() {
                    true => name.clone(),
                    false => format!("{name} {digest}"),
                };
                self.find(reason, Some(number), detail);
            }
            self.judgement.files.push(UsedFile {
                record: number,
                name,
                digest: digest.to_string(),
                standing,
                list: list.map(|list| list.to_string()),
            });
        }
        Ok(())
    }

    /// Which of the digests `wanted` the lists in force have, and which only others of the
    /// repository.
    fn known(&mut self, wanted: &HashSet<Digest>, lists: &Lists) -> Result<(Places, Places)> {
        let mut loaded = Places::new();
        let mut others = Places::new();
        if wanted.is_empty() {
            return Ok((loaded, others));
        }
        for list in &lists.in_force {
            // Rules may measure the lists themselves.
            if wanted.contains(&list.digest) {
                loaded.insert(list.digest, list.digest);
            }
            if let Some((_, data)) = self.judge.repository.find(&list.digest)? {
                find_in(&data, &list.digest, wanted, &mut loaded);
            }
        }
        let rest: HashSet<Digest> = wanted
            .iter()
            .filter(|digest| !loaded.contains_key(*digest))
            .copied()
            .collect();
        if rest.is_empty() {
            return Ok((loaded, others));
        }
        for object in self.judge.repository.objects()? {
            if lists.position(&object).is_some() {
                continue;
            }
            let Some((path, data)) = self.judge.repository.find(&object)? else {
                continue;
            };
            let mut found = Places::new();
            find_in(&data, &object, &rest, &mut found);
            if rest.contains(&object) && format::list(&data).is_ok() {
                found.insert(object, object);
            }
            let counts = found.is_empty()
                || self.judge.expected.revoke.contains(&object)
                || !self.judge.expected.allow_list.contains(&object)
                    && self.signer_of(&path, &data, &[])?.is_err();
            if !counts {
                others.extend(found);
            }
        }
        Ok((loaded, others))
    }

    /// The evidence of use is that of the checkpoint, and has nothing that was revoked since.
    fn check_seen(
        &mut self,
        covered: &Covered<'_>,
        events: &Events,
        revoked: &Places,
    ) -> Result<()> {
        let Some(Checkpoint {
            place,
            in_force,
            in_doubt,
        }) = &events.checkpoint
        else {
            return self.no_checkpoint();
        };
        let number = covered.history.number(*place);
        let Some(record) = covered.history.records.get(*place) else {
            return Ok(());
        };
        if let Some(reset) = events.reset {
            let reset = covered.history.number(reset);
            let detail =
                format!("what was used before the checkpoint of record {reset} is not told");
            if self.judge.expected.require_seen {
                self.find(Reason::SeenMissing, Some(number), detail);
                return Ok(());
            }
            self.judgement.note(detail);
        }
        let Some(text) = &self.evidence.seen else {
            let detail = "the evidence has no text of this checkpoint";
            self.find(Reason::SeenMissing, Some(number), detail);
            return Ok(());
        };
        let good = seen::Checkpoint::parse(record.event.buffer).is_ok_and(|checkpoint| {
            is_own_data(record)
                && checkpoint.text == sha256(text.as_bytes())
                && checkpoint.length == text.len() as u64
        });
        if !good {
            let detail = "the text is not the one that was recorded";
            self.find(Reason::SeenSwapped, Some(number), detail);
            return Ok(());
        }
        // What could not be loaded here was told before.
        let told = !self.judgement.findings.is_empty();
        let known: HashSet<&Digest> = in_force.iter().collect();
        let mut used_of = BTreeMap::new();
        for used in seen::lines(text.as_bytes()) {
            let used = match used {
                Ok(used) => used,
                Err(error) => {
                    self.find(Reason::SeenSwapped, Some(number), error.to_string());
                    return Ok(());
                }
            };
            if !known.contains(&used.list) && !in_doubt.contains(&used.list) {
                if !told {
                    let detail = format!("{} was used and not loaded", used.list);
                    self.find(Reason::ListsInconsistent, Some(number), detail);
                }
                continue;
            }
            let before = used_of.insert(used.list.to_string(), used.seen());
            if before.is_some() {
                let detail = format!("{} stands twice in the evidence of use", used.list);
                self.find(Reason::ListsInconsistent, Some(number), detail);
                return Ok(());
            }
            let Some((_, data)) = self.judge.repository.find(&used.list)? else {
                continue;
            };
            let Ok((_, list)) = format::list(&data) else {
                continue;
            };
            if list.counts().total() != used.count {
                let detail = format!(
                    "{} has {} digests, and {} in the evidence of use",
                    used.list,
                    list.counts().total(),
                    used.count
                );
                self.find(Reason::ListsInconsistent, Some(number), detail);
                continue;
            }
            if used.seen() > 0 {
                self.check_used(number, &list, &used, revoked);
            }
        }
        let missing = in_force
            .iter()
            .filter(|list| !in_doubt.contains(list) && !used_of.contains_key(&list.to_string()));
        for list in missing.filter(|_| !told) {
            let detail = format!("{list} was loaded and is not in the evidence of use");
            self.find(Reason::ListsInconsistent, Some(number), detail);
        }
        self.add_used(&used_of);
        Ok(())
    }

    fn check_used(
        &mut self,
        number: u64,
        list: &ParsedList<'_>,
        used: &seen::Line<'_>,
        revoked: &Places,
    ) {
        // As the table has them: by kind, each in the order of the file.
        let entries = Kind::ALL.into_iter().flat_map(|kind| {
            list.entries()
                .filter(move |(other, _)| *other == kind)
                .map(|(_, digest)| digest)
        });
        for (place, digest) in (0u32..).zip(entries) {
            let by = revoked.get(&digest).map(Digest::to_string);
            let by = match self.judge.expected.revoke.contains(&digest) {
                true => Some("the expectations".to_owned()),
                false => by,
            };
            if let Some(by) = by.filter(|_| used.is_seen(place)) {
                let detail = format!("{digest} of {} was used, and is revoked by {by}", used.list);
                self.find(Reason::FileRevokedUsed, Some(number), detail);
            }
        }
    }

    /// There is no evidence of use in these records.
    fn no_checkpoint(&mut self) -> Result<()> {
        if self.judge.expected.require_seen {
            let detail = "there is no checkpoint in these records";
            self.find(Reason::SeenMissing, None, detail);
        }
        Ok(())
    }

    /// Adds to the verdict how many digests of the lists were used.
    fn add_used(&mut self, used: &BTreeMap<String, u32>) {
        for list in &mut self.judgement.lists {
            list.used = used.get(&list.list).copied();
        }
    }
}

/// Adds to `found` which of the digests `wanted` the list `data` makes known.
fn find_in(data: &[u8], list: &Digest, wanted: &HashSet<Digest>, found: &mut Places) {
    if let Ok((_, parsed)) = format::list(data) {
        let entries = parsed.entries().filter(|(kind, _)| *kind != Kind::Revoked);
        for (_, entry) in entries.filter(|(_, entry)| wanted.contains(entry)) {
            found.insert(entry, *list);
        }
    }
}
