// SPDX-License-Identifier: GPL-2.0

//! What was used: files with a record, and digests of lists by the evidence of use.

use std::{
    collections::{
        HashMap,
        HashSet, //
    },
    sync::Arc, //
};

use anyhow::Result;
use digest_logic::{
    digest::Digest,
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
        lists::Lists,
        reason::Reason,
        trust::{
            Entry,
            Revoked,
            Wanted,
            ALLOWED, //
        },
        verdict::{
            Standing,
            UsedFile, //
        }, //
    },
    terminal::plain, //
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
        let is_idle = events.files.is_empty() && events.removed.is_empty();
        if is_idle && events.checkpoint.is_none() {
            return self.no_checkpoint();
        }
        let revoked = self.revoked(lists)?;
        self.check_files(covered, lists, events, &revoked)?;
        self.check_removed(events, &revoked)?;
        self.check_seen(covered, events, &revoked)
    }

    /// What was used of a list since the last checkpoint before its removal is not told, nor by a
    /// list that is loaded again: its bits begin anew. That counts if something of it is revoked.
    fn check_removed(&mut self, events: &Events, revoked: &Revoked) -> Result<()> {
        let mut removed: Vec<_> = events.removed.iter().collect();
        removed.sort_by_key(|(_, number)| **number);
        for (list, number) in removed {
            // What a list itself revokes was never known by it: a use of it has a record.
            let revoked = self.judge.trust.revoked_in(revoked, list)?;
            if !revoked.iter().any(|entry| entry.is_known) {
                continue;
            }
            let detail = format!(
                "{list}, of which something is revoked, was removed: what was used of it is not \
                 told, also by later evidence"
            );
            match self.judge.trust.expected.require_seen {
                true => self.find(Reason::SeenMissing, Some(*number), detail),
                false => self.judgement.note(format!("record {number}: {detail}")),
            }
        }
        Ok(())
    }

    /// What the lists of the repository, and those in force, revoke.
    fn revoked(&mut self, lists: &Lists) -> Result<Arc<Revoked>> {
        let trust = self.judge.trust;
        let mut counting = Vec::new();
        for digest in &trust.revocations {
            let Some(file) = trust.list(digest)? else {
                continue;
            };
            let loaded = lists.has(digest);
            let allowed = trust.expected.allow_list.contains(digest);
            if !loaded && !allowed {
                if let Err(reason) = trust.revoker_of(&file)? {
                    let note = format!("{digest} revokes nothing: {reason}");
                    self.judgement.note(note);
                    continue;
                }
            }
            counting.push(*digest);
        }
        trust.revoked_by(counting)
    }

    fn check_files(
        &mut self,
        covered: &Covered<'_>,
        lists: &Lists,
        events: &Events,
        revoked: &Revoked,
    ) -> Result<()> {
        let expected = &self.judge.trust.expected;
        let entry = |place: usize| {
            let event = covered.history.record(place)?.event;
            Some(match event.verity {
                true => verity::entry(&event.digest),
                false => event.digest,
            })
        };
        let files = events.files.iter();
        let wanted = Wanted::new(
            files
                .filter_map(|place| entry(*place))
                .filter(|digest| !expected.allow.contains(digest)),
        );
        let (loaded, others) = self.known(&wanted, lists)?;
        drop(wanted);
        self.judgement.files.reserve_exact(events.files.len());
        // The names of lists, and the updates that explain files of them.
        let mut names: HashMap<Digest, Arc<str>> = HashMap::new();
        let mut updates: HashMap<Digest, Option<usize>> = HashMap::new();
        for place in &events.files {
            let (Some(record), Some(entry)) = (covered.history.record(*place), entry(*place))
            else {
                continue;
            };
            let number = covered.history.number(*place);
            let name = plain(record.event.name);
            let digest = record.event.digest;
            let (standing, list) = if record.is_violation() {
                // Not by what is shown of the name.
                let name = std::str::from_utf8(record.event.name);
                match name.is_ok_and(|name| expected.allow_violation.contains(name)) {
                    true => (Standing::ViolationAllowed, None),
                    false => (Standing::Violation, None),
                }
            } else if self.judge.trust.expected.revoke.contains(&digest) {
                (Standing::Revoked, None)
            } else if let Some(list) = revoked.by.get(&entry) {
                (Standing::Revoked, Some(list))
            } else if self.judge.trust.expected.allow.contains(&digest) {
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
                Standing::NotLoaded if self.judge.trust.expected.refuse_not_loaded => {
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
            if let (Standing::Loaded | Standing::NotLoaded, Some(list)) = (standing, list) {
                let update = match updates.get(list) {
                    Some(update) => *update,
                    None => {
                        let update = self.update_of(list)?;
                        updates.insert(*list, update);
                        update
                    }
                };
                let update = update.and_then(|place| self.judgement.updates.get_mut(place));
                if let Some(update) = update {
                    update.files += 1;
                }
            }
            let list = list.map(|list| {
                let name = names.entry(*list);
                name.or_insert_with(|| list.to_string().into()).clone()
            });
            self.judgement.files.push(UsedFile {
                record: number,
                name: name.into(),
                digest,
                standing,
                list,
                since: None,
            });
        }
        Ok(())
    }

    /// The place of the update that explains why files of `list` have records: that of which this
    /// list is an edition.
    fn update_of(&self, list: &Digest) -> Result<Option<usize>> {
        if self.judgement.updates.is_empty() {
            return Ok(None);
        }
        let trust = self.judge.trust;
        let Some(file) = trust.list(list)? else {
            return Ok(None);
        };
        let edition = file
            .list
            .as_ref()
            .ok()
            .and_then(|list| list.edition.as_ref());
        let Some((name, serial)) = edition else {
            return Ok(None);
        };
        let signer = match trust.expected.allow_list.contains(list) {
            true => Ok(ALLOWED.to_owned()),
            false => trust.signer_of(&file, &[])?,
        };
        let mut updates = self.judgement.updates.iter();
        Ok(updates.position(|update| {
            update.name == *name
                && (update.from..=update.to).contains(serial)
                && signer.as_ref() == Ok(&update.signer)
        }))
    }

    /// Which of the digests `wanted` the lists in force have, and which only others of the
    /// repository.
    fn known(&mut self, wanted: &Wanted, lists: &Lists) -> Result<(Places, Places)> {
        let mut loaded = Places::new();
        let mut others = Places::new();
        let trust = self.judge.trust;
        // Rules may measure the lists themselves.
        for list in lists.in_force().filter(|list| wanted.has(&list.digest)) {
            loaded.insert(list.digest, list.digest);
        }
        for (digest, places) in trust.places_of(wanted)? {
            for list in places.iter() {
                if lists.has(list) {
                    loaded.insert(digest, *list);
                } else if self.counts(list)? {
                    others.insert(digest, *list);
                }
            }
        }
        Ok((loaded, others))
    }

    /// Whether a list of the repository that is not loaded says what is known.
    fn counts(&self, list: &Digest) -> Result<bool> {
        let trust = self.judge.trust;
        if trust.expected.revoke.contains(list) {
            return Ok(false);
        }
        if trust.expected.allow_list.contains(list) {
            return Ok(true);
        }
        match trust.list(list)? {
            Some(file) => Ok(trust.signer_of(&file, &[])?.is_ok()),
            None => Ok(false),
        }
    }

    /// The evidence of use is that of the checkpoint, and has nothing that was revoked since.
    fn check_seen(
        &mut self,
        covered: &Covered<'_>,
        events: &Events,
        revoked: &Revoked,
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
        let Some(record) = covered.history.record(*place) else {
            return Ok(());
        };
        if let Some(reset) = events.reset {
            let reset = covered.history.number(reset);
            let detail =
                format!("what was used before the checkpoint of record {reset} is not told");
            if self.judge.trust.expected.require_seen {
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
            is_own_data(&record)
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
        let mut used_of = HashMap::new();
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
            let seen = used.seen();
            let before = used_of.insert(used.list, seen);
            if before.is_some() {
                let detail = format!("{} stands twice in the evidence of use", used.list);
                self.find(Reason::ListsInconsistent, Some(number), detail);
                return Ok(());
            }
            let file = self.judge.trust.list(&used.list)?;
            let Some(list) = file.as_ref().and_then(|file| file.list.as_ref().ok()) else {
                continue;
            };
            if list.digests != used.count {
                let detail = format!(
                    "{} has {} digests, and {} in the evidence of use",
                    used.list, list.digests, used.count
                );
                self.find(Reason::ListsInconsistent, Some(number), detail);
                continue;
            }
            if seen > 0 {
                self.check_used(number, &used, revoked)?;
            }
        }
        let missing = in_force
            .iter()
            .filter(|list| !in_doubt.contains(list) && !used_of.contains_key(list));
        for list in missing.filter(|_| !told) {
            let detail = format!("{list} was loaded and is not in the evidence of use");
            self.find(Reason::ListsInconsistent, Some(number), detail);
        }
        self.add_used(&used_of);
        Ok(())
    }

    fn check_used(&mut self, number: u64, used: &seen::Line<'_>, revoked: &Revoked) -> Result<()> {
        let trust = self.judge.trust;
        for Entry {
            number: place,
            digest,
            ..
        } in trust.revoked_in(revoked, &used.list)?.iter()
        {
            let by = revoked.by.get(digest).map(Digest::to_string);
            let by = match trust.expected.revoke.contains(digest) {
                true => Some("the expectations".to_owned()),
                false => by,
            };
            if let Some(by) = by.filter(|_| used.is_seen(*place)) {
                let detail = format!("{digest} of {} was used, and is revoked by {by}", used.list);
                self.find(Reason::FileRevokedUsed, Some(number), detail);
            }
        }
        Ok(())
    }

    /// There is no evidence of use in these records.
    fn no_checkpoint(&mut self) -> Result<()> {
        if self.judge.trust.expected.require_seen {
            let detail = "there is no checkpoint in these records";
            self.find(Reason::SeenMissing, None, detail);
        }
        Ok(())
    }

    /// Adds to the verdict how many digests of the lists were used.
    fn add_used(&mut self, used: &HashMap<Digest, u32>) {
        for list in &mut self.judgement.lists {
            list.used = used.get(&list.list).copied();
        }
    }
}
