// SPDX-License-Identifier: GPL-2.0

//! What root did, by the module's own records: loads, removals, keys, policies.

use std::{
    borrow::Cow,
    collections::{
        hash_map::Entry,
        HashMap,
        HashSet, //
    },
    rc::Rc,
    sync::Arc, //
};

use anyhow::Result;
use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    evidence::lines::Lines,
    metadata::{
        self,
        Metadata, //
    },
    policy::Template,
    seen, //
};

use super::{
    cover::Covered,
    Round, //
};
use crate::{
    evidence::{
        crypto::sha256,
        history::{
            self,
            is_own_data,
            History,
            Record, //
        },
        lists::{
            InForce,
            Lists, //
        },
        reason::Reason,
        state::State,
        trust::ALLOWED,
        verdict::{
            LoadedList,
            Update, //
        }, //
    },
    terminal::plain, //
};

/// What the records leave to be judged by their content.
#[derive(Default)]
pub(super) struct Events {
    /// Places of the records of files and of data.
    pub(super) files: Vec<usize>,
    /// The last checkpoint.
    pub(super) checkpoint: Option<Checkpoint>,
    /// The place of the last checkpoint before that with which the bits began anew.
    pub(super) reset: Option<usize>,
    /// The lists that were removed, and by which record first. Evidence of use has nothing of them.
    pub(super) removed: HashMap<Digest, u64>,
    /// Editions that were lower than the floor when they came, and by which record: a refusal or a
    /// removal, which root can write as well, is no reason to pass over them.
    pub(super) low: Vec<(u64, Rc<InForce>)>,
    /// The digests of these.
    noted_low: HashSet<Digest>,
    /// If the last own record but checkpoints is that of a load: the floors that it raised, as they
    /// were before. The module removes the lists that it replaces when it has read the new ones,
    /// which takes it some time. A checkpoint waits for neither, and who attests makes one.
    pub(super) raised: HashMap<(String, String), u64>,
}

/// A record of evidence of use.
pub(super) struct Checkpoint {
    pub(super) place: usize,
    /// The lists in force then.
    pub(super) in_force: Vec<Digest>,
    /// The lists of the last load and of the last removal before it. A load or removal that was
    /// going on may be in the text or not: its record comes first.
    pub(super) in_doubt: HashSet<Digest>,
}

/// Lists that metadata name.
pub(super) type Named = Rc<[Rc<InForce>]>;

/// The loads of a round. A machine may load the same metadata as often as it has records, and
/// remove one of its lists between: a load looks at what went since the one before, not at all
/// lists.
#[derive(Default)]
struct Loads {
    /// By the metadata, and whether the module says that it refused them.
    of: HashMap<(Digest, bool), Load>,
    /// The lists that went, in their order.
    gone: Vec<Digest>,
    /// How often the greatest serial number of a name and signer rose.
    raises: u64,
    /// How many loads there were.
    count: u64,
    /// The load by which a list came that is in force; none of those of earlier rounds.
    came: HashMap<Digest, u64>,
}

/// The loads of metadata.
struct Load {
    lists: Named,
    /// The places of these lists, once they were asked for.
    places: Option<HashMap<Digest, usize>>,
    /// What [`Loads::gone`] and [`Loads::raises`] were at the last one.
    gone: usize,
    raises: u64,
    /// Which of all loads they are.
    at: Vec<u64>,
}

impl Loads {
    /// Metadata with these lists are loaded, or were refused. Returns those of the lists that are
    /// not in force, and whether floors may have risen above some since the last time.
    fn look(
        &mut self,
        (metadata, refused): (Digest, bool),
        named: &Named,
        lists: &Lists,
    ) -> (Vec<Rc<InForce>>, bool) {
        if named.is_empty() {
            return (Vec::new(), false);
        }
        let at = self.count;
        self.count += 1;
        let is_coming = |list: &&Rc<InForce>| !lists.has(&list.digest);
        let load = match self.of.entry((metadata, refused)) {
            Entry::Occupied(load) => load.into_mut(),
            Entry::Vacant(place) => {
                place.insert(Load {
                    lists: named.clone(),
                    places: None,
                    gone: self.gone.len(),
                    raises: self.raises,
                    at: vec![at],
                });
                return (named.iter().filter(is_coming).cloned().collect(), true);
            }
        };
        load.at.push(at);
        let has_risen = load.raises != self.raises;
        let gone = self.gone.get(load.gone..).unwrap_or_default();
        load.gone = self.gone.len();
        load.raises = self.raises;
        if gone.len() >= named.len() {
            return (named.iter().filter(is_coming).cloned().collect(), has_risen);
        }
        let mut places: Vec<usize> = Vec::new();
        if !gone.is_empty() {
            let all = load.places.get_or_insert_with(|| {
                let places = named.iter().enumerate();
                places.map(|(place, list)| (list.digest, place)).collect()
            });
            places.extend(gone.iter().filter_map(|list| all.get(list)));
        }
        places.sort_unstable();
        places.dedup();
        let coming = places.iter().filter_map(|place| named.get(*place));
        (coming.filter(is_coming).cloned().collect(), has_risen)
    }

    /// A list comes by the last load.
    fn comes(&mut self, list: &Digest) {
        self.came.insert(*list, self.count.saturating_sub(1));
    }

    /// Lists go.
    fn go(&mut self, lists: &HashSet<Digest>) {
        for list in lists {
            self.came.remove(list);
            self.gone.push(*list);
        }
    }

    /// Tells the lists in force how often they were loaded since they are.
    fn tell(&self, lists: &mut Arc<Lists>) {
        let loaded = self.of.iter().filter(|((_, refused), _)| !refused);
        for ((metadata, _), load) in loaded {
            for list in load.lists.iter() {
                let since = self.came.get(&list.digest).copied().unwrap_or(0);
                let before = load.at.partition_point(|at| *at < since);
                let times = load.at.len().saturating_sub(before) as u64;
                if times > 0 && lists.has(&list.digest) {
                    Arc::make_mut(lists).load_again(&list.digest, metadata, times);
                }
            }
        }
    }
}

impl Events {
    fn note_removed(&mut self, number: u64, lists: impl IntoIterator<Item = Digest>) {
        for list in lists {
            self.removed.entry(list).or_insert(number);
        }
    }
}

/// The lists that the record of a removal names.
fn named_by(record: &Record<'_>) -> Vec<Digest> {
    let text = String::from_utf8_lossy(record.event.buffer);
    let lists = text.lines().filter_map(|line| Digest::parse(line).ok());
    lists.collect()
}

/// Whether an own record is one of metadata.
fn is_metadata(name: &[u8]) -> bool {
    name.strip_prefix(history::METADATA)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b":"))
}

/// Whether `record` has the form that the module gives its own record of this name: policies can
/// let users choose the name of data.
fn is_own(record: &Record<'_>, pcr: u32) -> bool {
    let name = record.event.name;
    let form = match name {
        history::REFUSED | history::AGGREGATE_LATE => record.template == Template::ImaNg,
        history::LATE => {
            is_own_data(record)
                && Lines::parse(record.event.buffer).is_ok_and(|lines| lines.get("pcr").is_some())
        }
        name if is_metadata(name) => record.template == Template::ImaNg,
        _ => true,
    };
    form && record.pcr == pcr && !record.is_violation()
}

/// What records take back.
#[derive(Default)]
struct TakenBack {
    /// The places of the records that tell of it.
    places: HashSet<usize>,
    /// The places of records that take back what none of these tells of.
    of_earlier: Vec<usize>,
}

impl TakenBack {
    /// Only loads and removals are taken back. Keys and policies that were refused are judged all
    /// the same: root can write the record of a refusal into the PCR.
    fn new(history: &History<'_>, pcr: u32) -> Self {
        let mut back = Self::default();
        let of_refusal = |(_, record): &(usize, Record<'_>)| record.event.name == history::REFUSED;
        let refused = history.records().filter(of_refusal);
        let refused: HashSet<Digest> = refused.map(|(_, record)| record.event.digest).collect();
        let mut announced: HashMap<Digest, Vec<usize>> = HashMap::new();
        for (place, record) in history.records() {
            let event = record.event;
            if !is_own(&record, pcr) {
                continue;
            }
            match event.name {
                history::REFUSED => {
                    let last = announced.get_mut(&event.digest).and_then(Vec::pop);
                    match last {
                        Some(last) => drop(back.places.insert(last)),
                        None => back.of_earlier.push(place),
                    }
                }
                _ if !refused.contains(&event.digest) => (),
                history::REMOVE | history::KEY | history::POLICY => {
                    announced.entry(event.digest).or_default().push(place);
                }
                name if is_metadata(name) => {
                    announced.entry(event.digest).or_default().push(place);
                }
                _ => (),
            }
        }
        back
    }

    fn has(&self, place: usize, record: &Record<'_>) -> bool {
        let name = record.event.name;
        (name == history::REMOVE || is_metadata(name)) && self.places.contains(&place)
    }
}

impl<'a> Round<'a> {
    /// The digests of all lists that the records may have loaded.
    pub(super) fn loaded(&self, history: &History<'_>, state: Option<&State>) -> Vec<Digest> {
        let mut digests: Vec<Digest> = state
            .iter()
            .flat_map(|state| state.lists.in_force())
            .map(|list| list.digest)
            .collect();
        let metadata = history.records();
        let metadata = metadata.filter(|(_, record)| is_metadata(record.event.name));
        let metadata: HashSet<Digest> = metadata.map(|(_, record)| record.event.digest).collect();
        for metadata in metadata {
            let data = self.metadata(&metadata).ok().flatten();
            if let Some(metadata) = data.as_deref().and_then(|data| Metadata::parse(data).ok()) {
                for list in metadata.records() {
                    digests.extend(Digest::new(list.algo, list.digest));
                }
            }
        }
        digests
    }

    /// The metadata with this digest, from the evidence or the repository; not checked.
    fn metadata(&self, digest: &Digest) -> Result<Option<Cow<'a, [u8]>>> {
        let hex = Hex(digest.as_bytes()).to_string();
        if let Some(data) = self.evidence.metadata.get(&hex) {
            return Ok(Some(Cow::Borrowed(&data.0)));
        }
        let found = self.judge.trust.repository.find(digest)?;
        Ok(found.map(|(_, data)| Cow::Owned(data)))
    }

    /// Follows the records, and keeps `lists` as they say.
    pub(super) fn walk(&mut self, covered: &Covered<'_>, lists: &mut Arc<Lists>) -> Result<Events> {
        let history = &covered.history;
        let mut events = Events::default();
        let mut last_load: Named = Rc::new([]);
        let mut last_removal = HashSet::new();
        let mut checkpoint = None;
        let mut loads = Loads::default();
        let back = TakenBack::new(history, covered.pcr);
        self.take_back(covered, &back.of_earlier, lists);
        let is_checkpoint = |record: &Record<'_>| {
            record.event.name == history::CHECKPOINT && is_own(record, covered.pcr)
        };
        let last_checkpoint = history.records().rfind(|(_, record)| is_checkpoint(record));
        let last_checkpoint = last_checkpoint.map(|(place, _)| place);
        for (place, record) in history.records() {
            let record = &record;
            let number = history.number(place);
            let name = record.event.name;
            if name.starts_with(b"/") || !is_own(record, covered.pcr) {
                events.files.push(place);
                continue;
            }
            if back.has(place, record) {
                // Root can write the record of a refusal, also of what was removed.
                match is_metadata(name) {
                    true => {
                        let named = self.refused(number, record)?;
                        let metadata = (record.event.digest, true);
                        if loads.look(metadata, &named, lists).1 {
                            self.note_low(number, &named, lists, &mut events);
                        }
                    }
                    false => events.note_removed(number, named_by(record)),
                }
                continue;
            }
            if name != history::CHECKPOINT {
                events.raised.clear();
            }
            match name {
                b"boot_aggregate" if number == 0 && place == 0 => (),
                history::START if number == 1 && place == 1 => (),
                history::LATE | history::AGGREGATE_LATE | history::REFUSED => (),
                b"boot_aggregate" | history::START => {
                    let detail = "the list begins a second time";
                    self.find(Reason::LogStart, Some(number), detail);
                }
                name if is_metadata(name) => {
                    last_load = self.lists_of(number, record, false)?;
                    let metadata = (record.event.digest, false);
                    let (coming, has_risen) = loads.look(metadata, &last_load, lists);
                    if has_risen {
                        self.note_low(number, &last_load, lists, &mut events);
                    }
                    self.load(number, &coming, lists, &mut loads, &mut events.raised);
                }
                history::REMOVE => {
                    last_removal = self.remove(number, record, lists);
                    loads.go(&last_removal);
                    events.note_removed(number, last_removal.iter().copied());
                }
                // What a rule for the module's own data measures.
                b"digest_lists"
                    if self
                        .judge
                        .trust
                        .expected
                        .policies
                        .contains(&record.event.digest) => {}
                b"digest_lists" => events.files.push(place),
                history::CORRUPTED => {
                    let detail = plain(record.event.buffer);
                    self.find(Reason::ListsCorrupted, Some(number), detail);
                }
                history::KEY => {
                    let key = record.event.digest;
                    let judge = self.judge;
                    if !judge.trust.expected.keys.contains(&key)
                        && !judge.trust.known_keys.contains(&key)
                    {
                        self.find(Reason::KeyUnknown, Some(number), key.to_string());
                    }
                }
                history::POLICY => {
                    let policy = record.event.digest;
                    if !self.judge.trust.expected.policies.contains(&policy) {
                        let detail = format!("policy={policy}");
                        self.find(Reason::Policy, Some(number), detail);
                    }
                }
                // What template a record has is told by the machine alone: by another one, the same
                // bytes would say nothing of a reset.
                history::CHECKPOINT if !is_own_data(record) => {
                    let detail = "the digest of a checkpoint is not that of its text";
                    self.find(Reason::LogMalformed, Some(number), detail);
                }
                history::CHECKPOINT => {
                    let before = checkpoint.replace(place);
                    // No other one is compared with its text.
                    if last_checkpoint == Some(place) {
                        let last_load = last_load.iter().map(|list| list.digest);
                        events.checkpoint = Some(Checkpoint {
                            place,
                            in_force: lists.in_force().map(|list| list.digest).collect(),
                            in_doubt: last_load.chain(last_removal.iter().copied()).collect(),
                        });
                    }
                    let is_reset = |place: &usize| {
                        let record = history.record(*place);
                        record
                            .and_then(|record| seen::Checkpoint::parse(record.event.buffer).ok())
                            .is_some_and(|checkpoint| checkpoint.how == seen::Take::Reset)
                    };
                    events.reset = before.filter(is_reset).or(events.reset);
                }
                name if name.starts_with(b"digest_lists") => {
                    self.find(Reason::RecordUnknown, Some(number), plain(name));
                }
                _ => events.files.push(place),
            }
        }
        loads.tell(lists);
        if !self.looked_at.is_empty() {
            let lists = Arc::make_mut(lists);
            let looked_at = self.looked_at.values().flatten();
            looked_at.for_each(|list| lists.note(&list.digest));
        }
        self.judgement.lists.extend(lists.in_force().map(of_force));
        Ok(events)
    }

    /// Loads of an earlier round were refused after all, by the records at these places.
    fn take_back(&mut self, covered: &Covered<'_>, places: &[usize], lists: &mut Arc<Lists>) {
        let mut refused: HashMap<Digest, u64> = HashMap::new();
        for place in places {
            let Some(record) = covered.history.record(*place) else {
                continue;
            };
            let digest = record.event.digest;
            if covered.state.is_some() {
                *refused.entry(digest).or_default() += 1;
                continue;
            }
            let number = covered.history.number(*place);
            let detail = format!("{digest} was refused, and no record tells what it was");
            self.find(Reason::ListsInconsistent, Some(number), detail);
        }
        if !refused.is_empty() {
            Arc::make_mut(lists).take_back(&refused);
        }
    }

    /// These lists of metadata that are loaded are in force. `raised` gets the floors that they
    /// raise, as they were before.
    fn load(
        &mut self,
        number: u64,
        coming: &[Rc<InForce>],
        lists: &mut Arc<Lists>,
        loads: &mut Loads,
        raised: &mut HashMap<(String, String), u64>,
    ) {
        for list in coming {
            let lists = Arc::make_mut(lists);
            if let Some(serial) = list.serial {
                let before = lists.raise(&list.name, &list.signer, serial);
                loads.raises += u64::from(before.is_none_or(|before| before < serial));
                if let Some(before) = before.filter(|before| *before < serial) {
                    self.judgement.updates.push(Update {
                        name: list.name.clone(),
                        signer: list.signer.clone(),
                        from: before,
                        to: serial,
                        record: number,
                        files: 0,
                    });
                }
                if let Some(before) = before {
                    let name = (list.name.clone(), list.signer.clone());
                    raised.entry(name).or_insert(before);
                }
            }
            loads.comes(&list.digest);
            lists.push(InForce {
                record: Some(number),
                ..InForce::clone(list)
            });
        }
    }

    /// The module says that it refused metadata. Root can write that into the PCR as well, after
    /// lists were in force: so they have to be such that the verifier would take them. Only lists
    /// without a signature cannot have been in force on a machine that wants one.
    fn refused(&mut self, number: u64, record: &Record<'_>) -> Result<Named> {
        self.lists_of(number, record, true)
    }

    /// The least serial number of the edition, by what was loaded until now and what is expected.
    fn least(&self, list: &InForce, lists: &Lists) -> u64 {
        let floor = lists.floor(&list.name, &list.signer);
        let least = self.judge.trust.expected.floors.get(&list.name).copied();
        floor.unwrap_or(0).max(least.unwrap_or(0))
    }

    /// Notes which of the lists that come are lower than that.
    fn note_low(&self, number: u64, coming: &[Rc<InForce>], lists: &Lists, events: &mut Events) {
        let is_low = |list: &&Rc<InForce>| {
            list.serial
                .is_some_and(|serial| serial < self.least(list, lists))
        };
        for list in coming.iter().filter(is_low) {
            if events.noted_low.insert(list.digest) {
                events.low.push((number, list.clone()));
            }
        }
    }

    /// An edition that was too low, and is not in force any more as the records say, has a newer
    /// one in its place.
    pub(super) fn check_low(&mut self, lists: &Lists, events: &Events) {
        let mut greatest: HashMap<(&str, &str), u64> = HashMap::new();
        for list in lists.in_force() {
            if let Some(serial) = list.serial {
                let other = greatest.entry((&list.name, &list.signer)).or_default();
                *other = serial.max(*other);
            }
        }
        for (number, list) in &events.low {
            let least = self.least(list, lists);
            let other = greatest.get(&(&*list.name, &*list.signer));
            let is_replaced = other.is_some_and(|serial| *serial >= least);
            // What is in force itself was told.
            if is_replaced || lists.has(&list.digest) {
                continue;
            }
            let detail = format!(
                "{} has the serial number {}, and had {least}; it went, and none came in its place",
                list.name,
                list.serial.unwrap_or(0)
            );
            self.find(Reason::ListRollback, Some(*number), detail);
        }
    }

    /// The lists that metadata name, without those that are none or not there.
    fn lists_of(&mut self, number: u64, record: &Record<'_>, refused: bool) -> Result<Named> {
        let place = (record.event.digest, refused);
        if let Some(lists) = self.lists_of.get(&place) {
            return Ok(lists.clone());
        }
        if self.without_lists.contains(&record.event.digest) {
            return Ok(Rc::new([]));
        }
        let lists: Named = self.look_into(number, record, refused)?.into();
        match lists.is_empty() && !refused {
            true => drop(self.without_lists.insert(record.event.digest)),
            false => drop(self.lists_of.insert(place, lists.clone())),
        }
        Ok(lists)
    }

    fn look_into(
        &mut self,
        number: u64,
        record: &Record<'_>,
        refused: bool,
    ) -> Result<Vec<Rc<InForce>>> {
        let digest = record.event.digest;
        let mut lists = Vec::new();
        let Some(data) = self.metadata(&digest)? else {
            let detail = format!("{} ({digest})", plain(record.event.name));
            self.find(Reason::MetadataMissing, Some(number), detail);
            return Ok(lists);
        };
        if sha256(&data) != digest {
            let detail = format!(
                "the record has {digest}, the evidence has {}",
                sha256(&data)
            );
            self.find(Reason::MetadataSwapped, Some(number), detail);
            return Ok(lists);
        }
        let metadata = match Metadata::parse(&data) {
            Ok(metadata) => metadata,
            Err(error) => {
                // The module refuses these, and says so in a record.
                let detail = format!("metadata that nobody can have loaded: {error}");
                self.find(Reason::ListsInconsistent, Some(number), detail);
                return Ok(lists);
            }
        };
        let signatures = &self.judge.trust.expected.settings;
        let signatures = signatures.get("require_signature");
        let signatures = signatures.is_some_and(|values| !values.contains("0"));
        let mut there = HashSet::new();
        for record in metadata.records() {
            if refused && signatures && record.signature.is_empty() {
                continue;
            }
            let list = self.list_of(number, &record)?;
            lists.extend(list.filter(|list| there.insert(list.digest)));
        }
        Ok(lists)
    }

    fn list_of(
        &mut self,
        number: u64,
        record: &metadata::Record<'_>,
    ) -> Result<Option<Rc<InForce>>> {
        let named = Digest::new(record.algo, record.digest)?;
        if let Some(list) = self.looked_at.get(&named) {
            return Ok(list.clone());
        }
        let list = self.look_at(number, &named, record)?.map(Rc::new);
        self.looked_at.insert(named, list.clone());
        Ok(list)
    }

    /// Looks at a list that is loaded for the first time. None if it is none, or not there.
    fn look_at(
        &mut self,
        number: u64,
        digest: &Digest,
        record: &metadata::Record<'_>,
    ) -> Result<Option<InForce>> {
        let reference = plain(record.ref_id);
        let Some(file) = self.judge.trust.list(digest)? else {
            let detail = format!("{reference} ({digest}) is not in the repository");
            self.find(Reason::ListUnknown, Some(number), detail);
            return Ok(None);
        };
        let digest = file.digest;
        let list = match &file.list {
            Ok(list) => list,
            Err(error) => {
                let detail = format!("{reference} ({digest}) is no list: {error}");
                self.find(Reason::ListUnknown, Some(number), detail);
                return Ok(None);
            }
        };
        let expected = &self.judge.trust.expected;
        if expected.revoke.contains(&digest) {
            let detail = format!("{reference} ({digest})");
            self.find(Reason::ListRevoked, Some(number), detail);
        }
        let signed = match expected.allow_list.contains(&digest) {
            true => Ok(ALLOWED.to_owned()),
            false => self.judge.trust.signer_of(&file, record.signature)?,
        };
        let signer = match signed {
            Ok(signer) => signer,
            Err(reason) => {
                let detail = format!("{reference} ({digest}): {reason}");
                self.find(Reason::ListSignature, Some(number), detail);
                "signed by nobody that is trusted".to_owned()
            }
        };
        let edition = list.edition.as_ref();
        Ok(Some(InForce {
            digest,
            name: edition.map_or(reference, |(name, _)| name.clone()),
            serial: edition.map(|(_, serial)| *serial),
            digests: list.digests,
            signer,
            record: None,
            loads: HashMap::new(),
        }))
    }

    /// No edition in force at the end is lower than one that was loaded before, now or in an
    /// earlier round, or than is expected. One that is being replaced may be lower than what
    /// replaces it, and not than what was before.
    pub(super) fn check_floors(&mut self, lists: &Lists, raised: &HashMap<(String, String), u64>) {
        for list in lists.in_force() {
            let Some(serial) = list.serial else {
                continue;
            };
            let key = (list.name.clone(), list.signer.clone());
            let floor = raised.get(&key).copied();
            let floor = floor.or_else(|| lists.floor(&list.name, &list.signer));
            let least = self.judge.trust.expected.floors.get(&list.name).copied();
            let least = least.unwrap_or(0).max(floor.unwrap_or(0));
            if serial < least {
                let name = &list.name;
                let detail = format!("{name} has the serial number {serial}, and had {least}");
                self.find(Reason::ListRollback, list.record, detail);
            }
        }
    }

    /// The lists that the record names are not in force any more. Returns those.
    fn remove(
        &mut self,
        number: u64,
        record: &Record<'_>,
        lists: &mut Arc<Lists>,
    ) -> HashSet<Digest> {
        let mut removed = HashSet::new();
        if !is_own_data(record) {
            let detail = "the digest of a removal is not that of its text";
            self.find(Reason::LogMalformed, Some(number), detail);
            return removed;
        }
        let text = String::from_utf8_lossy(record.event.buffer);
        for line in text.lines() {
            let named = Digest::parse(line);
            let there = named.ok().filter(|list| lists.has(list));
            match there.and_then(|list| Arc::make_mut(lists).remove(&list)) {
                Some(gone) => {
                    removed.insert(gone.digest);
                    // Each stands there once, however often it went.
                    if self.removed.insert(gone.digest) {
                        self.judgement.lists.push(LoadedList {
                            in_force: false,
                            ..of_force(&gone)
                        });
                    }
                }
                // What could not be found was told before.
                None if self.judgement.findings.is_empty() => {
                    let detail = format!("{} was removed and not loaded", plain(line.as_bytes()));
                    self.find(Reason::ListsInconsistent, Some(number), detail);
                }
                None => (),
            }
        }
        removed
    }
}

fn of_force(list: &InForce) -> LoadedList {
    LoadedList {
        list: list.digest,
        name: list.name.clone(),
        serial: list.serial,
        digests: list.digests,
        signer: list.signer.clone(),
        record: list.record,
        in_force: true,
        used: None,
    }
}
