// SPDX-License-Identifier: GPL-2.0

//! Evidence of use of the loaded lists: the bits of `digest_logic::seen` as text, and checkpoints.
//!
//! The bits go with their list. A list keeps its bits when it becomes signed and when only its
//! revocations are left. Snapshots of the table share their lists, so no bit is lost when a
//! snapshot is replaced.

use super::{
    evidence::Last,
    list::List,
    table::Snapshot,
    Lists, //
};
use crate::sys::{
    bytes::{
        joined,
        Bytes, //
    },
    kernel_crate::kvvec_zeroed,
    sha,
    task, //
};
use digest_logic::{
    num::usize_as_u64,
    seen::{
        self,
        Checkpoint,
        Take, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Whether to record a checkpoint that equals the last one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    Always,
    Never,
}

/// The bits of all lists of a snapshot, one after another.
struct Taken {
    lists: Arc<Snapshot>,
    bytes: KVVec<u8>,
}

impl Taken {
    /// Takes the bits of `lists`. May sleep.
    fn new(lists: Arc<Snapshot>, how: Take) -> Result<Self> {
        let mut size = 0usize;
        for list in lists.lists() {
            size = size.saturating_add(list.seen.len());
        }
        let mut bytes = kvvec_zeroed(size, GFP_KERNEL)?;
        let mut rest = &mut *bytes;
        for list in lists.lists() {
            let Some((taken, others)) = rest.split_at_mut_checked(list.seen.len()) else {
                break;
            };
            list.seen.take(how, taken);
            rest = others;
            task::yield_now();
        }
        Ok(Self { lists, bytes })
    }

    /// Calls `visit` for each list with its bits.
    fn each<E>(&self, mut visit: impl FnMut(&List, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut rest = &*self.bytes;
        for list in self.lists.lists() {
            let Some((taken, others)) = rest.split_at_checked(list.seen.len()) else {
                break;
            };
            visit(list, taken)?;
            rest = others;
            task::yield_now();
        }
        Ok(())
    }

    /// The text of them. May sleep.
    fn text(&self) -> Result<KVVec<u8>> {
        let mut text = Bytes(KVVec::new());
        self.each(|list, bits| seen::write_line(&list.digest, list.seen.count(), bits, &mut text))
            .map_err(|_| ENOMEM)?;
        Ok(text.0)
    }

    /// Undoes the reset of the bits.
    fn put_back(&self) {
        let _ = self.each(|list, bits| {
            list.seen.put_back(bits);
            Ok::<_, Error>(())
        });
    }
}

impl Lists {
    /// Which digests were found, as text. May sleep.
    pub(crate) fn seen(&self) -> Result<KVVec<u8>> {
        Taken::new(self.table.snapshot(), Take::Keep)?.text()
    }

    /// The text of the last checkpoint; empty if there was none. May sleep.
    pub(crate) fn last_checkpoint(&self) -> Result<KVVec<u8>> {
        joined(&[&self.last_checkpoint.lock().text])
    }

    /// Takes the text, calls `record` with it, and returns it. With [`Repeat::Never`], a text that
    /// equals the last checkpoint is not recorded, and nothing is returned. Records and checkpoints
    /// have the same order. Accesses do not wait for this. May sleep.
    ///
    /// With [`Take::Reset`], each use after this has returned sets its bit again, because earlier
    /// results become stale. A use meanwhile has its bit in this text or in the next one.
    ///
    /// # Errors
    ///
    /// `ENOMEM` and those of `record`. The bits are then as before.
    pub(crate) fn checkpoint(
        &self,
        how: Take,
        repeat: Repeat,
        record: impl FnOnce(&Checkpoint) -> Result,
    ) -> Result<Option<KVVec<u8>>> {
        let mut last = self.last_checkpoint.lock();
        let taken = Taken::new(self.table.snapshot(), how)?;
        if how == Take::Reset {
            // A result that was cached under the old number has its bit in the text just taken.
            // Under the new number the lookup sets the bit again.
            self.table.next_generation();
        }
        let recorded = taken.text().and_then(|text| {
            let digest = sha::sha256_digest(&text);
            if repeat == Repeat::Never && digest == last.digest {
                return Ok(None);
            }
            let kept = joined(&[&text])?;
            record(&Checkpoint {
                text: digest,
                length: usize_as_u64(text.len()),
                how,
            })?;
            *last = Last { text: kept, digest };
            Ok(Some(text))
        });
        if how == Take::Reset && !matches!(recorded, Ok(Some(_))) {
            taken.put_back();
        }
        recorded
    }
}
