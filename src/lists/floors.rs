// SPDX-License-Identifier: GPL-2.0

//! Floors: lists with lower serial numbers, of the same name and signer, are refused as long as the
//! module is loaded.
//!
//! Unsigned lists count as of one signer of their own, so their names do not affect signed lists.

use super::list::{
    List,
    Named,
    SignerId, //
};
use crate::{
    reason::Reason, //
};
use digest_logic::edition::{
    Floor,
    Standing, //
};
use digest_logic::refusal::Cause;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The most floors. Each write by root could add one.
const MAX_FLOORS: usize = 1 << 16;

/// The signer of a list, if it is signed.
pub(super) type Signer = Option<Arc<SignerId>>;

struct Entry {
    named: Arc<Named>,
    signer: Signer,
    floor: Floor,
}

impl Entry {
    fn is_of(&self, named: &Named, signer: &Signer) -> bool {
        let signer = signer.as_deref();
        *self.named.name == *named.name && self.signer.as_deref() == signer
    }
}

pub(super) struct Floors(KVVec<Entry>);

impl Floors {
    pub(super) fn new() -> Self {
        Self(KVVec::new())
    }

    fn of(&self, named: &Named, signer: &Signer) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.is_of(named, signer))
    }

    /// Checks that the list with the edition `named` may be loaded. `floor` is its own serial
    /// number and digest.
    ///
    /// # Errors
    ///
    /// Those of [`Floor::judge`].
    pub(super) fn judge(
        &self,
        named: &Named,
        signer: &Signer,
        floor: &Floor,
    ) -> Result<Standing, Reason> {
        let known = self.of(named, signer).map(|entry| &entry.floor);
        Ok(Floor::judge(known, floor)?)
    }

    /// Replaces the floor of the same name and signer. Adding a new one needs room that was
    /// reserved.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn raise(
        &mut self,
        named: Arc<Named>,
        signer: Signer,
        floor: Floor,
    ) -> Result<(), Reason> {
        match self.0.iter_mut().find(|entry| entry.is_of(&named, &signer)) {
            Some(entry) => entry.floor = floor,
            None => self.0.push(
                Entry {
                    named,
                    signer,
                    floor,
                },
                GFP_KERNEL,
            )?,
        }
        Ok(())
    }

    /// Makes room for `more` floors, so that [`Floors::take`] does not fail. May sleep.
    ///
    /// # Errors
    ///
    /// [`Cause::MemoryLimit`] if there are too many, `ENOMEM`.
    pub(super) fn reserve(&mut self, more: &Self) -> Result<(), Reason> {
        if self.0.len().saturating_add(more.0.len()) > MAX_FLOORS {
            return Err(Cause::MemoryLimit.into());
        }
        Ok(self.0.reserve(more.0.len(), GFP_KERNEL)?)
    }

    /// Takes over the floors of `more`; room must have been reserved.
    pub(super) fn take(&mut self, more: Self) -> Result<(), Reason> {
        for entry in more.0 {
            self.raise(entry.named, entry.signer, entry.floor)?;
        }
        Ok(())
    }

    /// Whether a list with a higher serial number than `named` of `signer` was loaded.
    pub(super) fn is_below(&self, named: &Named, signer: &Signer) -> bool {
        self.of(named, signer)
            .is_some_and(|entry| named.serial < entry.floor.serial)
    }

    /// Whether a list with a higher serial number than `list` was loaded.
    pub(super) fn is_renewed(&self, list: &List) -> bool {
        (list.named.as_ref()).is_some_and(|named| self.is_below(named, &list.signer))
    }
}
