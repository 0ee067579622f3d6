// SPDX-License-Identifier: GPL-2.0

//! Checkpoints: what was used of the lists, put into the measurement list by one record.
//!
//! One is made when root asks for it, every `checkpoint_interval` seconds, and before the system
//! goes. The last two are left out where nothing has changed since the last one.

use crate::{
    access::Monitor,
    lists::Repeat,
    stores::Stores,
    sys::{
        delayed_work::{
            DelayedWork,
            Work, //
        },
        reboot::{
            AtReboot,
            RebootNotifier, //
        },
    },
};
use digest_logic::{
    cursor::SliceSink,
    seen::{
        Checkpoint,
        Take, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The name of the record.
const CHECKPOINT_EVENT: &[u8] = b"digest_lists_checkpoint";

/// Records what was used of the lists, and returns the text of it; the bits start anew afterwards
/// if `how` says so. May sleep.
///
/// # Errors
///
/// `ENOMEM`: there is no record, and no bit is lost.
pub(crate) fn checkpoint(stores: &Stores, how: Take) -> Result<KVVec<u8>> {
    let text = (stores.lists).checkpoint(how, Repeat::Always, |it| record(stores, it))?;
    Ok(text.unwrap_or(KVVec::new()))
}

fn record(stores: &Stores, checkpoint: &Checkpoint) -> Result {
    let mut data = [0; Checkpoint::MAX];
    let mut sink = SliceSink::new(&mut data);
    checkpoint.write(&mut sink).map_err(|_| EINVAL)?;
    // Nothing is used by it, so it may wait for the TPM.
    stores.log.note_own_data(sink.written(), CHECKPOINT_EVENT)
}

/// The checkpoints that are made without a request.
struct Automatic {
    monitor: Arc<Monitor>,
    /// In milliseconds.
    interval: u32,
}

impl Automatic {
    fn run(&self) {
        // Nothing comes before the first records.
        if !self.monitor.is_running() {
            return;
        }
        let stores = self.monitor.stores();
        let made = (stores.lists).checkpoint(Take::Keep, Repeat::Never, |it| record(stores, it));
        match made {
            Ok(Some(text)) => pr_info!("checkpoint of {} bytes\n", text.len()),
            Ok(None) => (),
            Err(error) => pr_err!("no checkpoint could be made ({})\n", error.to_errno()),
        }
    }
}

impl Work for Automatic {
    fn run(&self) -> Option<u32> {
        self.run();
        Some(self.interval)
    }
}

impl AtReboot for Automatic {
    fn run(&self) {
        self.run();
    }
}

/// Makes checkpoints by itself until it is dropped.
pub(crate) struct Checkpoints {
    _at_reboot: RebootNotifier<Automatic>,
    work: DelayedWork<Automatic>,
}

impl Checkpoints {
    /// Makes one before the system goes, and once [`Checkpoints::begin`] was called one every
    /// `interval` seconds; none of these if that is 0. May sleep.
    pub(crate) fn new(monitor: Arc<Monitor>, interval: u32) -> Result<Self> {
        let interval = interval.saturating_mul(1000);
        let automatic = Arc::new(Automatic { monitor, interval }, GFP_KERNEL)?;
        Ok(Self {
            work: DelayedWork::new(automatic.clone())?,
            _at_reboot: RebootNotifier::new(automatic)?,
        })
    }

    /// The first records are in the list. Does not sleep.
    pub(crate) fn begin(&self, interval: u32) {
        if interval > 0 {
            self.work.after(interval.saturating_mul(1000));
        }
    }
}
