// SPDX-License-Identifier: GPL-2.0

//! `batch=1`: tasks that wait for the TPM share an extend.
//!
//! A task puts its record into a queue and waits for its turn with the TPM. The task whose turn it
//! is takes the whole queue, appends one record of the template `digest-batch` per PCR, and
//! extends. The other tasks find their records extended when their turn comes. So each task waits
//! for the extend of its record, but not for further records: a record alone in the queue is
//! appended as it is.

use super::{
    queue::{
        Member,
        Settled,
        Slot, //
    },
    record::Record,
    records::Repeat,
    vouching::Vouching,
    List, //
};
use digest_logic::{
    num::u32_as_usize,
    template::batch::MAX_MEMBERS, //
};
use kernel::{
    prelude::*,
    sync::{
        Arc,
        MutexGuard, //
    },
};

impl List {
    /// Appends and extends `record`, itself or by another task, as [`List::push`] does for an event
    /// that is recorded once. Returns the number of the record that has it, and the lock. May
    /// sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`: nothing was appended.
    pub(super) fn push_shared(
        &self,
        record: Arc<Record>,
    ) -> Result<(usize, MutexGuard<'_, Vouching>)> {
        let slot = Arc::new(Slot::new(), GFP_KERNEL)?;
        let member = Member::new(record, slot.clone())?;
        self.queue.lock().push(member, GFP_KERNEL)?;
        let mut vouching = self.vouching.lock();
        if slot.get() == Settled::Not {
            let queue = core::mem::replace(&mut *self.queue.lock(), KVVec::new());
            self.append_queue(queue);
            if self.total() > vouching.extended {
                self.extend(&mut vouching, usize::MAX);
            }
        }
        match slot.get() {
            Settled::Number(number) => Ok((number, vouching)),
            Settled::Not | Settled::Failed => Err(ENOMEM),
        }
    }

    fn append_queue(&self, queue: KVVec<Member>) {
        let mut waiting: KVVec<Option<Member>> = KVVec::new();
        for member in queue {
            if waiting.reserve(1, GFP_KERNEL).is_err() {
                self.append_alone(member);
            } else {
                let _ = waiting.push(Some(member), GFP_KERNEL);
            }
        }
        for start in 0..waiting.len() {
            let rest = waiting.get_mut(start..).unwrap_or_default();
            let first = rest.first_mut().and_then(Option::take);
            if let Some(first) = first {
                self.append_with_others(first, rest);
            }
        }
    }

    /// Appends `first`, with as many of `waiting` as share its extend. An event that has a record,
    /// or that several tasks have recorded at once, needs one place in all batches.
    fn append_with_others(&self, first: Member, waiting: &mut [Option<Member>]) {
        let Some(first) = self.unless_known(first) else {
            return;
        };
        let pcr = first.record.pcr();
        let mut members = KVVec::new();
        if members.reserve(MAX_MEMBERS, GFP_KERNEL).is_err() {
            return self.append_alone(first);
        }
        // There is room.
        let _ = members.push(first, GFP_KERNEL);
        for place in waiting.iter_mut() {
            if members.len() == MAX_MEMBERS {
                break;
            }
            let goes = place.as_ref().is_some_and(|member| {
                member.record.pcr() == pcr && members.iter().all(|m| m.identity != member.identity)
            });
            let member = place.take_if(|_| goes);
            if let Some(member) = member.and_then(|member| self.unless_known(member)) {
                let _ = members.push(member, GFP_KERNEL);
            }
        }
        self.append_batch(pcr, members);
    }

    /// Settles `member` if there is a record of its event, and gives it back otherwise.
    fn unless_known(&self, member: Member) -> Option<Member> {
        let number = self.records.lock().known(&member.identity);
        if number.is_none() {
            return Some(member);
        }
        member.slot.settle(number);
        None
    }

    /// Appends `members`, all of which are of `pcr`.
    fn append_batch(&self, pcr: u32, members: KVVec<Member>) {
        let shared = Record::batch(pcr, members.iter().map(|member| &*member.record));
        let number = shared.and_then(|shared| match shared {
            Some(shared) => self.records.lock().push_unknown(shared).map(Some),
            None => Ok(None),
        });
        for member in members {
            match number {
                Ok(Some(number)) => {
                    member.slot.settle(Some(u32_as_usize(number)));
                    self.records
                        .lock()
                        .note(member.identity, member.node, number);
                }
                // It is the only one, or there is no memory for a batch.
                Ok(None) | Err(_) => self.append_alone(member),
            }
        }
    }

    fn append_alone(&self, member: Member) {
        let Member {
            record,
            identity,
            node,
            slot,
        } = member;
        let pushed = (self.records.lock()).push(record, identity, node, Repeat::Never);
        slot.settle(pushed.ok().map(|(number, _)| number));
    }
}
