// SPDX-License-Identifier: GPL-2.0

//! The writer: adds, removes and withdraws lists. A change is made as a whole or not at all.
//!
//! The order of the steps is that of [`super`], "Concurrency". All memory is allocated before the
//! first step that readers, or the next change, could notice.

use super::{
    lists::Usage,
    memory::{
        Current,
        List,
        Memory, //
    },
    per_algo::PerAlgo,
    sizes,
    snapshot::{
        Shared,
        Snapshot, //
    },
    GRANULE, //
};
use crate::num::u32_as_usize;

/// What happens to a list whose digests in memory may have changed.
pub enum Damaged<S> {
    /// They have not changed: the list stays.
    Intact,
    /// It is removed. It has no revocations.
    Gone,
    /// Only its revocations are intact: this list replaces it.
    Revocations(S),
    /// Its revocations have changed: every digest counts as revoked until a list with the same
    /// digest is added.
    RevocationsLost,
}

/// Data of the writer about the tables.
///
/// # Invariants
///
/// Between two changes, `usage` is that of the indexes of the snapshot in force, which resolves all
/// ids in them.
#[derive(Debug, Default)]
pub struct Writer {
    /// How full the indexes are. Read-only.
    pub usage: PerAlgo<Usage>,
}

impl Writer {
    /// The number of distinct digests of all algorithms.
    pub fn digests(&self) -> u64 {
        self.usage
            .iter()
            .fold(0, |sum, (_, usage)| sum.saturating_add(usage.distinct))
    }

    /// The bytes that `entries` more digests need in indexes, directories and arrays while they are
    /// added to `now`, the snapshot in force. Old memory is freed only after readers have the new
    /// one.
    pub fn growth<M: Memory>(&self, now: &Snapshot<M>, entries: &PerAlgo<usize>) -> usize {
        let mut words = 0usize;
        for ((usage, part), more) in self.usage.0.iter().zip(&now.parts.0).zip(entries.0) {
            if !usage.occupancy.has_room(part.slots.len(), more) {
                words = words.saturating_add(usage.occupancy.slots_with(more));
            }
            words = words
                .saturating_add(part.directory.len())
                .saturating_add(more.div_ceil(u32_as_usize(GRANULE)));
        }
        words
            .saturating_mul(size_of::<u32>())
            .saturating_add(size_of_val(&*now.lists))
    }

    /// Adds all of `lists`, which are not loaded, and replaces loaded lists by those that `changed`
    /// returns, which have the same digests. All at once, or nothing. May sleep.
    ///
    /// # Errors
    ///
    /// Those of memory, and [`Cause`](crate::refusal::Cause) for too many or inconsistent lists.
    pub fn add<M: Memory>(
        &mut self,
        current: &impl Current<M>,
        lists: &[Shared<M>],
        changed: impl Fn(&M::List) -> Option<Shared<M>>,
    ) -> Result<(), M::Error> {
        let old = current.load();
        let first = old.lists.len();
        let mut next = old.copy(lists, |list| {
            Ok(Some(changed(list).unwrap_or_else(|| list.clone())))
        })?;
        drop(old);
        for list in lists {
            next.enter(list.clone())?;
        }
        let mut usage = self.usage;
        let mut grown = PerAlgo::<bool>::default();
        for ((algo, usage), grown) in usage.iter_mut().zip(&mut grown.0) {
            *grown = next.make_room(algo, first, usage)?;
        }
        let next = M::share(next)?;

        if let Err(error) = next.insert(first, &mut usage) {
            // INVARIANT: What was inserted was removed again from the indexes in force. Indexes
            // that grew are dropped. Tombstones may be left elsewhere.
            for ((now, was), grown) in self.usage.0.iter_mut().zip(usage.0).zip(grown.0) {
                if !grown {
                    *now = was;
                }
            }
            return Err(error.into());
        }
        // INVARIANT: `next` resolves all ids that were in the indexes or were inserted.
        current.publish(next);
        self.usage = usage;
        Ok(())
    }

    /// Removes the lists for which `gone` is true, all at once. `commit` is called when nothing
    /// else can fail. If it fails, nothing is removed. May sleep.
    ///
    /// # Errors
    ///
    /// Without memory, and those of `commit`.
    pub fn remove<M: Memory, E: From<M::Error>>(
        &mut self,
        current: &impl Current<M>,
        gone: impl Fn(&M::List) -> bool,
        commit: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let old = current.load();
        let mut next = old.copy(&[], |list| Ok((!gone(list)).then(|| list.clone())))?;
        // A table that became much smaller gets a smaller index.
        let mut rebuilt = PerAlgo::<Option<Usage>>::default();
        for ((algo, usage), rebuilt) in self.usage.iter().zip(&mut rebuilt.0) {
            let leaving = old.entries(algo, 0).saturating_sub(next.entries(algo, 0));
            let slots = sizes::slots_for(usage.occupancy.live.saturating_sub(leaving));
            let have = old.parts.get(algo).map_or(0, |part| part.slots.len());
            if leaving > 0 && slots < have / 2 {
                *rebuilt = Some(next.rebuild(algo)?);
            }
        }
        let next = M::share(next)?;
        drop(old);
        commit()?;

        // Nothing fails from here on. After this, no reader resolves the lists.
        let old = current.replace(next);
        // INVARIANT: Ids that the snapshot in force does not resolve leave the indexes that it
        // shares with the old one.
        let leaving = old.lists.iter().filter(|placed| {
            let rebuilt = rebuilt.get(placed.list.algo());
            gone(&placed.list) && rebuilt.is_some_and(Option::is_none)
        });
        old.remove(leaving, &mut self.usage);
        for ((_, usage), rebuilt) in self.usage.iter_mut().zip(rebuilt.0) {
            *usage = rebuilt.unwrap_or(*usage);
        }
        Ok(())
    }

    /// Takes out lists whose digests in memory have changed, all at once, as `damaged` says. May
    /// sleep.
    ///
    /// # Errors
    ///
    /// Without memory, and those of `damaged`: nothing is taken out.
    pub fn withdraw<M: Memory>(
        &mut self,
        current: &impl Current<M>,
        mut damaged: impl FnMut(&Shared<M>) -> Result<Damaged<Shared<M>>, M::Error>,
    ) -> Result<(), M::Error> {
        let old = current.load();
        let mut touched = PerAlgo::<bool>::default();
        let mut lost = M::array(0)?;
        let mut next = old.copy(&[], |list| {
            let left = match damaged(list)? {
                Damaged::Intact => return Ok(Some(list.clone())),
                Damaged::Gone => None,
                Damaged::Revocations(rest) => Some(rest),
                Damaged::RevocationsLost => {
                    M::push(&mut lost, *list.digest())?;
                    None
                }
            };
            if let Some(touched) = touched.get_mut(list.algo()) {
                *touched = true;
            }
            Ok(left)
        })?;
        drop(old);
        for digest in lost.iter() {
            next.lose(digest)?;
        }
        // Their digests are no longer those that are indexed.
        let mut usage = self.usage;
        for ((algo, usage), touched) in usage.iter_mut().zip(touched.0) {
            if touched {
                *usage = next.rebuild(algo)?;
            }
        }
        // INVARIANT: Indexes that are not rebuilt only have lists that stayed.
        current.publish(M::share(next)?);
        self.usage = usage;
        Ok(())
    }
}
