// SPDX-License-Identifier: GPL-2.0

//! The measurement list in IMA's two formats, and its staged part.

use crate::{
    access::Monitor,
    log::Record,
    sys::{
        securityfs::Node,
        seq_file::SeqOut,
        task, //
    },
};
use digest_logic::{
    hash_algo::HashAlgo,
    trim::{
        Request,
        Turns,
        MAX_REQUEST, //
    },
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
};

/// Writes a record with the template digest of a bank.
type Show = fn(&Record, HashAlgo, &mut SeqOut);

/// What all files of the list share.
#[pin_data]
pub(super) struct Shared {
    monitor: Arc<Monitor>,
    /// Which tasks have them open.
    #[pin]
    turns: Mutex<Turns<task::Token>>,
}

impl Shared {
    pub(super) fn new(monitor: Arc<Monitor>) -> Result<Arc<Self>> {
        let shared = pin_init!(Self {
            monitor,
            turns <- new_mutex!(Turns::new()),
        });
        Arc::pin_init(shared, GFP_KERNEL)
    }
}

/// `ascii_runtime_measurements[_<algo>][_staged]`: one line per record.
/// `binary_runtime_measurements[_<algo>][_staged]`: the records for verifiers. Writing trims the
/// list.
pub(super) struct Measurements {
    pub(super) shared: Arc<Shared>,
    pub(super) algo: HashAlgo,
    pub(super) show: Show,
    /// Whether it is the staged list.
    pub(super) staged: bool,
}

impl Node for Measurements {
    type Item = Arc<Record>;
    const MODE: u16 = 0o660;
    const MAX_WRITE: usize = MAX_REQUEST;

    fn opened(&self, writes: bool) -> Result {
        if writes && !task::may_configure() {
            pr_err!("the measurement list: writing needs CAP_SYS_ADMIN\n");
            return Err(EPERM);
        }
        let mut turns = self.shared.turns.lock();
        if turns.open(task::Token::current(), writes) {
            Ok(())
        } else {
            pr_err!("the measurement list: it is open elsewhere, for writing or to be written\n");
            Err(EBUSY)
        }
    }

    fn closed(&self, writes: bool) {
        self.shared.turns.lock().close(writes);
    }

    fn item(&self, index: usize) -> Option<Self::Item> {
        let log = &self.shared.monitor.stores().log;
        log.get(index, self.staged)
    }

    fn show(&self, record: &Self::Item, out: &mut SeqOut) {
        (self.show)(record, self.algo, out);
    }

    fn write(&self, data: KVVec<u8>, _continues: bool) -> Result {
        let request = Request::parse(&data, self.staged).map_err(|_| {
            pr_err!("the measurement list: A or D for the staged one, or a number of records\n");
            EINVAL
        })?;
        let log = &self.shared.monitor.stores().log;
        log.trim(request).inspect_err(|error| {
            let cause = match (*error, request) {
                (EEXIST, _) => "there is a staged list, which has to be deleted first",
                (ENOENT, Request::Stage) => "it is empty",
                (ENOENT, Request::DeleteStaged) => "nothing is staged",
                (ENOENT, Request::Delete(_)) => "there are not as many records",
                (EAGAIN, _) => "a record of them waits for the TPM",
                _ => return,
            };
            pr_err!("the measurement list: {}\n", cause);
        })
    }
}
