// SPDX-License-Identifier: GPL-2.0

//! Trimming the list: staging it, and deleting what was archived.
//!
//! A record goes only when the TPM has it, since the extend needs its data. The order of the
//! extends, the counters and what is known to be recorded stay as they are.

use super::Log;
use digest_logic::trim::Request;
use kernel::prelude::*;

impl Log {
    /// Carries out a request. The files of the list exclude other requests and readers meanwhile.
    /// May sleep, also until an extend that is under way has ended.
    ///
    /// # Errors
    ///
    /// `EEXIST`: there is a staged list already. `ENOENT`: there is nothing to be staged or
    /// deleted, or there are fewer records. `EAGAIN`: a record that is to be deleted waits for the
    /// TPM. `ENOMEM`. Nothing has changed then.
    pub(crate) fn trim(&self, request: Request) -> Result {
        // Nothing is appended meanwhile.
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
