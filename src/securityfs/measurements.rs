// SPDX-License-Identifier: GPL-2.0

//! The measurement list in IMA's two formats, and its two counters.

use crate::{
    access::Monitor,
    log::Record,
    stores::Stores,
    sys::{
        securityfs::Node,
        seq_file::SeqOut, //
    },
};
use core::fmt::Write;
use digest_logic::{
    hash_algo::HashAlgo,
    num::usize_as_u64, //
};
use kernel::sync::Arc;

/// How a record is shown with the template digest of a bank.
type Show = fn(&Record, HashAlgo, &mut SeqOut);

/// `ascii_runtime_measurements[_<algo>]`: one line per record;
/// `binary_runtime_measurements[_<algo>]`: the records as verifiers replay them.
pub(super) struct Measurements(
    pub(super) Arc<Monitor>,
    pub(super) HashAlgo,
    pub(super) Show,
);

impl Node for Measurements {
    type Item = Arc<Record>;
    const MODE: u16 = 0o440;

    fn item(&self, index: usize) -> Option<Self::Item> {
        self.0.stores().log.get(index)
    }

    fn show(&self, record: &Self::Item, out: &mut SeqOut) {
        (self.2)(record, self.1, out);
    }
}

/// Declares a file with one decimal number.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $value:expr) => {
        $(#[$doc])*
        pub(super) struct $name(pub(super) Arc<Monitor>);

        impl Node for $name {
            type Item = ();
            const MODE: u16 = 0o440;

            fn item(&self, index: usize) -> Option<()> {
                (index == 0).then_some(())
            }

            fn show(&self, (): &(), out: &mut SeqOut) {
                let value: fn(&Stores) -> u64 = $value;
                let _ = writeln!(out, "{}", value(self.0.stores()));
            }
        }
    };
}
pub(super) use number;

number!(
    /// `runtime_measurements_count`: the number of records.
    Count,
    |stores| usize_as_u64(stores.log.len())
);
number!(
    /// `violations`: records that vouch for nothing, and extends that failed.
    Violations,
    |stores| stores.log.violations()
);
