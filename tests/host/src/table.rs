// SPDX-License-Identifier: GPL-2.0

//! A digest table whose memory the host owns: the writer's side as the module does it, with `Arc` in place of
//! RCU.

use std::{
    sync::{
        atomic::AtomicU32,
        Arc,
        RwLock,
        Weak, //
    },
    thread, //
};

use digest_logic::{
    error::Result,
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind, //
    },
    siphash::Key,
    table::{
        ids,
        insert_arena,
        refill,
        remove_arena,
        sizes,
        Arena,
        ArenaView,
        Index,
        Occupancy,
        View,
        NONE, //
    }, //
};

/// Bytes that begin at a cache line, as an arena of whole pages does.
#[derive(Debug)]
pub struct Lines {
    bytes: Vec<u8>,
    start: usize,
}

impl Lines {
    const LINE: usize = 64;

    fn new(bytes: &[u8]) -> Self {
        let mut lines = vec![0; bytes.len() + Self::LINE];
        let start = lines.as_ptr().align_offset(Self::LINE);
        lines[start..start + bytes.len()].copy_from_slice(bytes);
        lines.truncate(start + bytes.len());
        Self {
            bytes: lines,
            start,
        }
    }
}

impl std::ops::Deref for Lines {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// The digests of one list.
#[derive(Debug)]
pub struct List {
    pub base: u32,
    pub counts: Counts,
    pub digests: Lines,
}

impl Arena for List {
    fn arena(&self) -> Option<ArenaView<'_>> {
        Some(ArenaView {
            base: self.base,
            counts: self.counts,
            digests: &self.digests,
        })
    }
}

/// A place in the array of arenas: a list, or the hole that a removed one left.
#[derive(Clone, Debug)]
pub struct Slot(pub Option<Arc<List>>);

impl Arena for Slot {
    fn arena(&self) -> Option<ArenaView<'_>> {
        self.0.as_ref()?.arena()
    }
}

/// What a reader holds.
#[derive(Debug)]
pub struct Snapshot {
    pub algo: HashAlgo,
    pub slots: Arc<Vec<AtomicU32>>,
    pub key: Key,
    pub directory: Vec<u32>,
    pub arenas: Vec<Slot>,
}

impl Snapshot {
    pub fn view(&self) -> View<'_, Slot> {
        View {
            algo: self.algo,
            index: Index::new(&self.slots, &self.key),
            directory: &self.directory,
            arenas: &self.arenas,
            any_revoked: self
                .arenas
                .iter()
                .filter_map(Arena::arena)
                .any(|list| list.counts.revoked > 0),
        }
    }
}

/// The published snapshot.
#[derive(Debug)]
pub struct Published(RwLock<Arc<Snapshot>>);

impl Published {
    pub fn get(&self) -> Arc<Snapshot> {
        self.0.read().unwrap().clone()
    }
}

/// The writer.
pub struct Writer {
    algo: HashAlgo,
    key: Key,
    slots: Arc<Vec<AtomicU32>>,
    directory: Vec<u32>,
    arenas: Vec<Slot>,
    retired: Vec<Weak<Snapshot>>,
    pub published: Arc<Published>,
    pub occupancy: Occupancy,
    pub distinct: u32,
    pub growths: u32,
}

impl Writer {
    pub fn new(algo: HashAlgo, key: Key) -> Self {
        let slots = new_slots(sizes::MIN_SLOTS);
        let first = Arc::new(Snapshot {
            algo,
            slots: slots.clone(),
            key,
            directory: Vec::new(),
            arenas: Vec::new(),
        });
        Self {
            algo,
            key,
            slots,
            directory: Vec::new(),
            arenas: Vec::new(),
            retired: vec![Arc::downgrade(&first)],
            published: Arc::new(Published(RwLock::new(first))),
            occupancy: Occupancy::default(),
            distinct: 0,
            growths: 0,
        }
    }

    /// Loads a list of digests that are grouped already and returns its number.
    pub fn load(&mut self, counts: Counts, digests: Vec<u8>) -> Result<usize> {
        let number = self.stage(counts, digests)?;
        self.publish();
        Ok(number)
    }

    /// Loads several lists with one publication.
    pub fn load_all(&mut self, lists: Vec<(Counts, Vec<u8>)>) -> Result<Vec<usize>> {
        let numbers = lists
            .into_iter()
            .map(|(counts, digests)| self.stage(counts, digests))
            .collect();
        self.publish();
        numbers
    }

    fn stage(&mut self, counts: Counts, digests: Vec<u8>) -> Result<usize> {
        assert_eq!(
            digests.len(),
            counts.total() as usize * self.algo.digest_size()
        );
        let granules = ids::granules_for(counts.total());
        let base = match ids::allocate(&self.directory, granules) {
            Some(base) => base,
            None => {
                let len = ids::grown_len(&self.directory, granules)?;
                self.directory.resize(len, NONE);
                ids::allocate(&self.directory, granules).expect("the directory has grown")
            }
        };
        let number = match self.arenas.iter().position(|slot| slot.0.is_none()) {
            Some(number) => number,
            None => {
                self.arenas.push(Slot(None));
                self.arenas.len() - 1
            }
        };
        ids::claim(&mut self.directory, base, counts.total(), number as u32)?;
        let list = Arc::new(List {
            base,
            counts,
            digests: Lines::new(&digests),
        });
        // Growth inserts again what is in the index: not yet this list.
        self.make_room(counts.total() as usize);
        self.arenas[number] = Slot(Some(list.clone()));

        let staged = self.snapshot();
        let view = staged.view();
        self.distinct += insert_arena(
            &view.index,
            &mut self.occupancy,
            &list.arena().unwrap(),
            self.algo,
            |id| view.resolve(id),
            || (),
        )?;
        Ok(number)
    }

    /// Unpublishes a list, waits for the readers and removes it.
    pub fn remove(&mut self, number: usize) {
        let staged = self.snapshot();
        let list = self.arenas[number].0.take().expect("the list is loaded");
        ids::release(&mut self.directory, list.base, list.counts.total()).unwrap();
        self.publish();
        self.wait_for_readers();
        let view = staged.view();
        self.distinct -= remove_arena(
            &view.index,
            &mut self.occupancy,
            &list.arena().unwrap(),
            self.algo,
            |id| view.resolve(id),
            || (),
        );
    }

    pub fn loaded(&self) -> Vec<usize> {
        (0..self.arenas.len())
            .filter(|number| self.arenas[*number].0.is_some())
            .collect()
    }

    /// Everything the table takes for digests, in bytes.
    pub fn bytes(&self) -> usize {
        let arenas: usize = self
            .arenas
            .iter()
            .filter_map(Arena::arena)
            .map(|list| list.digests.len())
            .sum();
        arenas + (self.slots.len() + self.directory.len()) * size_of::<u32>()
    }

    fn make_room(&mut self, more: usize) {
        if self.occupancy.has_room(self.slots.len(), more) {
            return;
        }
        let old = self.snapshot();
        let slots = new_slots(self.occupancy.slots_with(more));
        let view = old.view();
        let index = Index::new(&slots, &self.key);
        let occupancy = refill(&index, &view, || ()).unwrap();
        assert_eq!(occupancy.live, self.occupancy.live);
        self.occupancy = occupancy;
        self.slots = slots;
        self.growths += 1;
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            algo: self.algo,
            slots: self.slots.clone(),
            key: self.key,
            directory: self.directory.clone(),
            arenas: self.arenas.clone(),
        })
    }

    fn publish(&mut self) {
        let snapshot = self.snapshot();
        self.retired.push(Arc::downgrade(&snapshot));
        *self.published.0.write().unwrap() = snapshot;
    }

    fn wait_for_readers(&mut self) {
        let current = self.published.get();
        let current = Arc::downgrade(&current);
        self.retired.retain(|snapshot| !snapshot.ptr_eq(&current));
        while self
            .retired
            .iter()
            .any(|snapshot| snapshot.strong_count() > 0)
        {
            thread::yield_now();
        }
        self.retired = vec![current];
    }
}

fn new_slots(len: usize) -> Arc<Vec<AtomicU32>> {
    Arc::new((0..len).map(|_| AtomicU32::new(0)).collect())
}

/// Groups digests as an arena holds them.
pub fn grouped(entries: &[(Kind, Vec<u8>)]) -> (Counts, Vec<u8>) {
    let mut digests = Vec::new();
    let mut counts = Counts::default();
    for kind in Kind::ALL {
        for (_, digest) in entries.iter().filter(|(other, _)| *other == kind) {
            digests.extend_from_slice(digest);
            match kind {
                Kind::Immutable => counts.immutable += 1,
                Kind::Mutable => counts.mutable += 1,
                Kind::Revoked => counts.revoked += 1,
            }
        }
    }
    (counts, digests)
}
