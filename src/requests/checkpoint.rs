// SPDX-License-Identifier: GPL-2.0

//! Checkpoints: records of what was used of the lists.
//!
//! One is made when root asks for it, every `checkpoint_interval` seconds, and before a reboot. The
//! last two are skipped if nothing has changed since the last checkpoint.

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

const CHECKPOINT_EVENT: &[u8] = b"digest_lists_checkpoint";

/// Records what was used of the lists, and returns its text. The bits start anew afterwards if
/// `how` says so. May sleep.
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
    // No file is used because of it, so it may wait for the TPM.
    stores.log.note_own_data(sink.written(), CHECKPOINT_EVENT)
}

/// Makes the checkpoints that no request asks for.
struct Automatic {
    monitor: Arc<Monitor>,
    /// In milliseconds.
    interval: u32,
}

impl Automatic {
    fn run(&self) {
        // There is no checkpoint before the first records.
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

/// Makes checkpoints until it is dropped.
pub(crate) struct Checkpoints {
    _at_reboot: RebootNotifier<Automatic>,
    work: DelayedWork<Automatic>,
}

impl Checkpoints {
    /// Makes a checkpoint before a reboot and, after [`Checkpoints::begin`], one every `interval`
    /// seconds. Makes none if that is 0. May sleep.
    pub(crate) fn new(monitor: Arc<Monitor>, interval: u32) -> Result<Self> {
        let interval = interval.saturating_mul(1000);
        let automatic = Arc::new(Automatic { monitor, interval }, GFP_KERNEL)?;
        Ok(Self {
            work: DelayedWork::new(automatic.clone())?,
            _at_reboot: RebootNotifier::new(automatic)?,
        })
    }

    /// Starts the interval; the first records are in the list. Does not sleep.
    pub(crate) fn begin(&self, interval: u32) {
        if interval > 0 {
            self.work.after(interval.saturating_mul(1000));
        }
    }
}
