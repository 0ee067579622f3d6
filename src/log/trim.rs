// SPDX-License-Identifier: GPL-2.0

//! Trimming the list: staging it, and deleting archived records.
//!
//! A record is deleted only after its extend, which needs its data. The order of the extends, the
//! counters and the index of recorded events do not change.

use super::Log;
use digest_logic::trim::Request;
use kernel::prelude::*;

impl Log {
    /// Carries out a request. The files of the list keep out other requests and readers. May sleep
    /// until an extend in progress has ended.
    ///
    /// # Errors
    ///
    /// Nothing has changed then. `EEXIST`: there is a staged list. `ENOENT`: there is nothing to
    /// stage or delete, or there are fewer records. `EAGAIN`: a record to be deleted waits for the
    /// TPM. `ENOMEM`.
    pub(crate) fn trim(&self, request: Request) -> Result {
        let vouching = self.list.vouching.lock();
        let records = &self.list.records;
        match request {
            Request::Stage => records.lock().stage(),
            Request::DeleteStaged => {
                let gone = records.lock().take_staged(vouching.extended)?;
                drop(vouching);
                drop(gone);
                Ok(())
            }
            Request::Delete(count) => {
                let count = usize::try_from(count).map_err(|_| ENOENT)?;
                let (deleted, staged, there) = records.lock().counts();
                let left = there.checked_sub(count).ok_or(ENOENT)?;
                let first = deleted.saturating_add(staged);
                if first.saturating_add(count) > vouching.extended {
                    return Err(EAGAIN);
                }
                let mut rest = KVVec::with_capacity(left, GFP_KERNEL)?;
                for index in count..there {
                    let record = records.lock().at(index, false).ok_or(EINVAL)?;
                    rest.push(record, GFP_KERNEL)?;
                }
                let gone = records.lock().take_first(count, rest);
                drop(vouching);
                drop(gone);
                Ok(())
            }
        }
    }
}
