// SPDX-License-Identifier: GPL-2.0

//! The index and the directory of the digest table, one operation at a time, against slow models.

use std::sync::atomic::{
    AtomicU32,
    Ordering, //
};

use digest_logic::{
    list::{
        Kind,
        MAX_ENTRIES, //
    },
    refusal::Cause,
    siphash::Key,
    table::{
        ids,
        sizes,
        Entry,
        Index,
        Inserted,
        Occupancy,
        Removed,
        GRANULE,
        NONE, //
    }, //
};
use host_tests::cases;
use proptest::prelude::*;

const KEY: Key = Key([0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]);

/// Every id belongs to one digest out of a few and to one list out of a few.
const DIGESTS: u32 = 12;
const PER_LIST: u32 = 8;

fn digest_of(id: u32) -> [u8; 32] {
    // Ids spread over the digests so that lists repeat and share them.
    [(id.wrapping_mul(7) / 3 % DIGESTS) as u8; 32]
}

fn kind_of(id: u32) -> Kind {
    Kind::ALL[(id / 5 % 3) as usize]
}

fn list_of(id: u32) -> std::ops::Range<u32> {
    let start = id / PER_LIST * PER_LIST;
    start..start + PER_LIST
}

fn new_slots(len: usize) -> Vec<AtomicU32> {
    (0..len).map(|_| AtomicU32::new(0)).collect()
}

/// The index with the ids it should hold.
struct Model {
    slots: Vec<AtomicU32>,
    digests: Vec<[u8; 32]>,
    occupancy: Occupancy,
    live: Vec<u32>,
}

impl Model {
    fn new(len: usize) -> Self {
        Self {
            slots: new_slots(len),
            digests: (0..64).map(digest_of).collect(),
            occupancy: Occupancy::default(),
            live: Vec::new(),
        }
    }

    fn index(&self) -> Index<'_> {
        Index::new(&self.slots, &KEY)
    }

    fn resolve(&self, id: u32) -> Option<(Kind, &[u8])> {
        Some((kind_of(id), self.digests.get(id as usize)?))
    }

    fn insert(&mut self, id: u32) -> Result<Inserted, Cause> {
        let entry = Entry {
            id,
            kind: kind_of(id),
            digest: &digest_of(id),
            list: list_of(id),
        };
        let mut occupancy = self.occupancy;
        let result = self
            .index()
            .insert(&mut occupancy, &entry, |id| self.resolve(id));
        self.occupancy = occupancy;

        let same: Vec<u32> = self
            .live
            .iter()
            .copied()
            .filter(|other| digest_of(*other) == digest_of(id))
            .collect();
        let repeated = same
            .iter()
            .any(|other| list_of(id).contains(other) && kind_of(*other) == kind_of(id));
        match result {
            Ok(Inserted::Repeated) => assert!(repeated),
            Ok(Inserted::Known) => assert!(!repeated && !same.is_empty()),
            Ok(Inserted::New) => assert!(same.is_empty()),
            Err(error) => {
                assert_eq!(error, Cause::IndexFull);
                let used = self.occupancy.live + self.occupancy.tombstones;
                assert_eq!(used, sizes::capacity(self.slots.len()));
            }
        }
        if matches!(result, Ok(Inserted::New | Inserted::Known)) {
            self.live.push(id);
        }
        result
    }

    fn remove(&mut self, id: u32) -> Removed {
        let mut occupancy = self.occupancy;
        let result = self
            .index()
            .remove(&mut occupancy, id, &digest_of(id), |id| self.resolve(id));
        self.occupancy = occupancy;

        let was = self.live.contains(&id);
        self.live.retain(|other| *other != id);
        let still = self
            .live
            .iter()
            .any(|other| digest_of(*other) == digest_of(id));
        let expected = match (was, still) {
            (false, _) => Removed::Absent,
            (true, true) => Removed::StillKnown,
            (true, false) => Removed::Last,
        };
        assert_eq!(result, expected);
        result
    }

    fn check(&self) {
        let values: Vec<u32> = self
            .slots
            .iter()
            .map(|slot| slot.load(Ordering::Relaxed))
            .collect();
        let tombstones = values.iter().filter(|value| **value == 0xff_ffff).count();
        assert_eq!(self.occupancy.tombstones, tombstones);
        assert_eq!(self.occupancy.live, self.live.len());
        let empty = values.iter().filter(|value| **value == 0).count();
        assert_eq!(empty + tombstones + self.live.len(), values.len());
        for (position, value) in values.iter().enumerate() {
            let next = values[(position + 1) % values.len()];
            assert!(
                *value != 0xff_ffff || next != 0,
                "a tombstone before an empty slot"
            );
        }

        for digest in 0..DIGESTS {
            let digest = [digest as u8; 32];
            let mut expected: Vec<u32> = self
                .live
                .iter()
                .copied()
                .filter(|id| digest_of(*id) == digest)
                .collect();
            let mut found: Vec<u32> = self
                .index()
                .candidates(&digest)
                .filter(|id| digest_of(*id) == digest)
                .collect();
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected);
        }
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn the_index_agrees_with_a_list_of_ids(
        len in 5usize..70,
        steps in prop::collection::vec((any::<bool>(), 0u32..64), 1..200),
    ) {
        let mut model = Model::new(len);
        for (insert, id) in steps {
            if insert && !model.live.contains(&id) {
                let _ = model.insert(id);
            } else if !insert {
                model.remove(id);
            }
            model.check();
        }
        for id in 0..64 {
            model.remove(id);
        }
        model.check();
        prop_assert_eq!(model.occupancy, Occupancy::default());
    }

    #[test]
    fn runs_of_granules_do_not_overlap_and_are_found_first_fit(
        steps in prop::collection::vec((any::<bool>(), 1u32..200), 1..60),
    ) {
        let mut directory: Vec<u32> = Vec::new();
        let mut claimed: Vec<(u32, u32)> = Vec::new();
        for (number, (claim, entries)) in steps.into_iter().enumerate() {
            if claim {
                let granules = ids::granules_for(entries);
                let base = ids::allocate(&directory, granules).unwrap();
                let end = ids::length_for(base, entries);
                if directory.len() < end {
                    directory.resize(end, NONE);
                }
                let first_fit = (0..)
                    .find(|start| directory[*start..].iter().take(granules as usize).all(|owner| *owner == NONE))
                    .unwrap();
                prop_assert_eq!(base, first_fit as u32 * GRANULE);
                ids::claim(&mut directory, base, entries, number as u32).unwrap();
                prop_assert_eq!(ids::claim(&mut directory, base, 1, 0), Err(Cause::BadLength));
                claimed.push((base, entries));
            } else if !claimed.is_empty() {
                let (base, entries) = claimed.swap_remove(entries as usize % claimed.len());
                let start = ids::length_for(base, 0);
                directory[start..ids::length_for(base, entries)].fill(NONE);
            }
            let taken: u32 = claimed.iter().map(|(_, entries)| ids::granules_for(*entries)).sum();
            prop_assert_eq!(directory.iter().filter(|owner| **owner != NONE).count() as u32, taken);
        }
    }
}

#[test]
fn the_directory_ends_where_ids_of_24_bits_end() {
    let most = MAX_ENTRIES / GRANULE;
    let all = most as usize;
    for (directory, granules, base) in [
        (vec![], most, Some(0)),
        (vec![], most + 1, None),
        (vec![0], most - 1, Some(1)),
        (vec![0], most, None),
        (vec![NONE], most, Some(0)),
        (vec![0, NONE], most - 1, Some(1)),
        (vec![0; all - 1], 1, Some(most - 1)),
        (vec![0; all], 1, None),
        (vec![0; all], u32::MAX, None),
    ] {
        let expected = base.map(|base| base * GRANULE).ok_or(Cause::TooManyEntries);
        assert_eq!(ids::allocate(&directory, granules), expected);
    }
}

#[test]
fn claims_outside_the_directory_or_off_a_granule_are_refused() {
    let mut directory = [NONE; 4];
    for (base, entries) in [(0, 257), (64 * 4, 1), (1, 1), (u32::MAX - 63, u32::MAX)] {
        let result = ids::claim(&mut directory, base, entries, 0);
        assert_eq!(result, Err(Cause::BadLength), "{base} {entries}");
    }
    assert_eq!(
        ids::claim(&mut directory, 0, 1, NONE),
        Err(Cause::BadLength)
    );
    assert_eq!(directory, [NONE; 4]);
    assert_eq!(ids::claim(&mut directory, 64, 65, 9), Ok(()));
    assert_eq!(directory, [NONE, 9, 9, NONE]);
}

#[test]
fn the_first_and_the_last_id_are_told_from_empty_slots_and_tombstones() {
    let slots = new_slots(64);
    let index = Index::new(&slots, &KEY);
    let mut occupancy = Occupancy::default();
    let resolve = |id: u32| {
        Some((
            Kind::Mutable,
            if id == 0 { &[0; 32] } else { &[1u8; 32][..] },
        ))
    };
    for (id, byte) in [(0, 0), (MAX_ENTRIES - 1, 1)] {
        let entry = Entry {
            id,
            kind: Kind::Mutable,
            digest: &[byte; 32],
            list: id..id + 1,
        };
        assert_eq!(
            index.insert(&mut occupancy, &entry, resolve),
            Ok(Inserted::New)
        );
        let found: Vec<_> = index.candidates(&[byte; 32]).collect();
        assert_eq!(found, [id]);
        let too_large = Entry {
            id: MAX_ENTRIES,
            ..entry
        };
        let result = index.insert(&mut occupancy, &too_large, resolve);
        assert_eq!(result, Err(Cause::TooManyEntries));
    }
}

#[test]
fn an_index_without_slots_holds_nothing() {
    let index = Index::new(&[], &KEY);
    assert_eq!(index.candidates(&[0; 32]).next(), None);
    let entry = Entry {
        id: 0,
        kind: Kind::Mutable,
        digest: &[0; 32],
        list: 0..1,
    };
    let mut occupancy = Occupancy::default();
    let result = index.insert(&mut occupancy, &entry, |_| None);
    assert_eq!(result, Err(Cause::IndexFull));
}

#[test]
fn sizes_leave_between_20_and_39_percent_unused() {
    for entries in (205..2_000_000).step_by(997) {
        let slots = sizes::slots_for(entries);
        assert!(sizes::capacity(slots) >= entries);
        let load = entries as f64 / slots as f64;
        assert!((0.61..=0.8).contains(&load), "{entries}: {load}");
    }
    assert_eq!(sizes::slots_for(0), sizes::MIN_SLOTS);
    assert_eq!(sizes::slots_for(usize::MAX), usize::MAX);
    assert!(sizes::slots_for(MAX_ENTRIES as usize) < 1 << 25);
}

#[test]
fn a_table_takes_at_most_40_bytes_per_sha256_digest() {
    let per_digest = |entries: usize| {
        let slots = sizes::slots_for(entries) * size_of::<u32>();
        let directory = entries.div_ceil(GRANULE as usize) * size_of::<u32>();
        (entries * 32 + slots + directory) as f64 / entries as f64
    };
    for entries in [10_000, 100_000, 130_000, 1_000_000, 1_300_000, 10_000_000] {
        let bytes = per_digest(entries);
        println!("{entries} digests: {bytes:.2} bytes each");
        assert!(bytes <= 40.0, "{entries}: {bytes}");
    }
    // The worst case of every size: just grown.
    let mut slots = sizes::slots_for(10_000);
    while slots < 1 << 24 {
        let entries = sizes::capacity(slots) + 1;
        let bytes = per_digest(entries);
        assert!(bytes <= 38.7, "{entries}: {bytes}");
        slots = sizes::slots_for(entries);
    }
}
