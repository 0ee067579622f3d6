// SPDX-License-Identifier: GPL-2.0

//! The lists of one write on their way into the table: all of them or none.

use super::{
    floors::Floors,
    list::{
        Facts,
        List,
        Named,
        SignerId, //
    },
    signature,
    Lists, //
};
use crate::{
    reason::Reason,
    sys::{
        key::is_data_blacklisted,
        pages::Writer,
        sha, //
    },
};
use digest_logic::{
    digest::Digest,
    edition::{
        Floor,
        Standing, //
    },
    list::ParsedList,
    metadata::Record,
    num::u32_as_usize,
    refusal::Cause,
    table::PerAlgo, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The lists of one write. They share one piece of memory.
pub(crate) struct Batch<'a> {
    lists: &'a Lists,
    /// The bytes that loaded lists take.
    used: usize,
    staged: KVVec<Facts>,
    /// Replacements for lists that were loaded unsigned and are signed here.
    signed: KVVec<Arc<List>>,
    memory: Writer,
    /// The bytes that the new lists take beside their digests.
    more: usize,
    entries: PerAlgo<usize>,
    /// The floors that this write raises.
    floors: Floors,
}

impl<'a> Batch<'a> {
    /// An empty batch for `lists`. The caller keeps others from changing them.
    pub(super) fn new(lists: &'a Lists) -> Self {
        Self {
            lists,
            used: lists.memory(),
            staged: KVVec::new(),
            signed: KVVec::new(),
            memory: Writer::new(),
            more: 0,
            entries: PerAlgo::default(),
            floors: Floors::new(),
        }
    }

    /// Checks and parses one list, whose SHA-256 is `digest`. It is checked and parsed in the same
    /// buffer. May sleep.
    pub(crate) fn stage(
        &mut self,
        record: &Record<'_>,
        data: &[u8],
        digest: Digest,
    ) -> Result<(), Reason> {
        let described = if record.algo == digest.algo() {
            digest
        } else {
            sha::digest(record.algo, data).ok_or(Cause::WeakAlgorithm)?
        };
        if described.as_bytes() != record.digest {
            return Err(Cause::OtherFile.into());
        }
        // The writer of the metadata chooses their algorithm, which must not be a way past the
        // blacklist.
        if is_data_blacklisted(digest.as_bytes()) || is_data_blacklisted(described.as_bytes()) {
            return Err(Cause::Blacklisted.into());
        }
        let signer = if record.signature.is_empty() {
            if self.lists.settings.require_signature {
                return Err(Cause::Unsigned.into());
            }
            None
        } else {
            let signer =
                signature::verify(&self.lists.trust, record.list_type, data, record.signature)?;
            Some(Arc::new(signer, GFP_KERNEL)?)
        };
        let list = ParsedList::parse(record.list_type, data)?;
        list.algo().strong()?;
        let named = match list.edition() {
            Some(edition) => Some(Arc::new(Named::new(&edition)?, GFP_KERNEL)?),
            None => None,
        };
        if let Some(named) = &named {
            self.enter_edition(named, &signer, &digest)?;
        }
        if self.has(record, &digest, &signer)? {
            return Ok(());
        }
        let mut staged = Facts {
            digest,
            list_type: record.list_type,
            algo: list.algo(),
            ref_id: printable(record.ref_id)?,
            counts: list.counts(),
            signer,
            named,
            place: self.memory.len()..self.memory.len(),
        };
        self.more = self.more.saturating_add(staged.footprint());
        if let Some(entries) = self.entries.get_mut(staged.algo) {
            *entries = entries.saturating_add(u32_as_usize(staged.counts.total()));
        }
        self.check_limit(list.arena_len())?;
        list.write_arena(&mut self.memory)
            .map_err(Reason::of_writing)?;
        staged.place.end = self.memory.len();
        self.staged.push(staged, GFP_KERNEL)?;
        Ok(())
    }

    /// Checks that a list with this edition may be loaded, and makes it the floor of its name and
    /// signer. Drops older editions of it from this write. May sleep.
    fn enter_edition(
        &mut self,
        named: &Arc<Named>,
        signer: &Option<Arc<SignerId>>,
        digest: &Digest,
    ) -> Result<(), Reason> {
        let floor = Floor {
            serial: named.serial,
            list: *digest,
        };
        self.lists.floors.lock().judge(named, signer, &floor)?;
        if self.floors.judge(named, signer, &floor)? == Standing::Higher {
            self.floors.raise(named.clone(), signer.clone(), floor)?;
            let floors = &self.floors;
            let below = |of: &Option<Arc<Named>>, signer: &Option<Arc<SignerId>>| {
                of.as_ref().is_some_and(|of| floors.is_below(of, signer))
            };
            leave_out(&mut self.staged, |list| below(&list.named, &list.signer));
            leave_out(&mut self.signed, |list| below(&list.named, &list.signer));
        }
        Ok(())
    }

    /// Whether what was staged and `more` bytes of digests exceed the limit. May sleep.
    fn check_limit(&self, more: usize) -> Result<(), Reason> {
        let more = self.memory.footprint_with(more).saturating_add(self.more);
        self.lists.table.check_limit(self.used, more, &self.entries)
    }

    /// Whether the list is loaded or in the batch already. A list that is there unsigned, and has a
    /// good signature here, counts as signed from then on.
    fn has(
        &mut self,
        record: &Record<'_>,
        digest: &Digest,
        signer: &Option<Arc<SignerId>>,
    ) -> Result<bool, Reason> {
        if let Some(staged) = self.staged.iter_mut().find(|list| list.digest == *digest) {
            if staged.signer.is_none() && signer.is_some() {
                staged.signer = signer.clone();
            }
            return Ok(true);
        }
        let Some(loaded) = self.lists.table.list(digest) else {
            return Ok(false);
        };
        let signed = |list: &Arc<List>| list.digest == *digest;
        if let Some(signer) = signer
            .clone()
            .filter(|_| loaded.signer.is_none() && !self.signed.iter().any(signed))
        {
            let list = loaded.signed_by(signer, printable(record.ref_id)?);
            self.more = self.more.saturating_add(list.footprint());
            self.check_limit(0)?;
            self.signed.push(Arc::new(list, GFP_KERNEL)?, GFP_KERNEL)?;
        }
        Ok(true)
    }

    /// Puts all lists into the table. Returns how many are new, and how many were loaded before and
    /// are now signed. May sleep.
    pub(crate) fn publish(self) -> Result<(usize, usize), Reason> {
        let signed = self.signed.len();
        let mut floors = self.lists.floors.lock();
        floors.reserve(&self.floors)?;
        if self.staged.is_empty() && self.signed.is_empty() {
            floors.take(self.floors)?;
            return Ok((0, 0));
        }
        let memory = Arc::new(self.memory.seal()?, GFP_KERNEL)?;
        let mut lists = KVVec::with_capacity(self.staged.len(), GFP_KERNEL)?;
        for staged in self.staged {
            let list = List::new(staged, memory.clone())?;
            lists.push(Arc::new(list, GFP_KERNEL)?, GFP_KERNEL)?;
        }
        let count = lists.len();
        self.lists.table.add(&lists, &self.signed)?;
        floors.take(self.floors)?;
        Ok((count, signed))
    }
}

/// A reference for display: spaces and unprintable characters become underscores.
fn printable(ref_id: &[u8]) -> Result<KVVec<u8>, Reason> {
    let mut shown = KVVec::with_capacity(ref_id.len(), GFP_KERNEL)?;
    for byte in ref_id {
        let byte = if byte.is_ascii_graphic() { *byte } else { b'_' };
        shown.push(byte, GFP_KERNEL)?;
    }
    Ok(shown)
}

/// Removes the items for which `is_out` is true. (`Vec::retain()` has a path to a panic.)
fn leave_out<T>(list: &mut KVVec<T>, is_out: impl Fn(&T) -> bool) {
    while let Some(place) = list.iter().position(&is_out) {
        if list.remove(place).is_err() {
            break;
        }
    }
}
