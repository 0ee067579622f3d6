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
use digest_logic::hash_algo::HashAlgo;
use kernel::sync::Arc;

/// `ascii_runtime_measurements[_<algo>]`: one line per record, with the template digest of the bank `algo`.
pub(super) struct Ascii(pub(super) Arc<Monitor>, pub(super) HashAlgo);

impl Node for Ascii {
    type Item = Arc<Record>;
    const MODE: u16 = 0o440;

    fn item(&self, index: usize) -> Option<Self::Item> {
        self.0.stores().log.get(index)
    }

    fn show(&self, record: &Self::Item, out: &mut SeqOut) {
        record.show_ascii(self.1, out);
    }
}

/// `binary_runtime_measurements[_<algo>]`: the records as verifiers replay them.
pub(super) struct Binary(pub(super) Arc<Monitor>, pub(super) HashAlgo);

impl Node for Binary {
    type Item = Arc<Record>;
    const MODE: u16 = 0o440;

    fn item(&self, index: usize) -> Option<Self::Item> {
        self.0.stores().log.get(index)
    }

    fn show(&self, record: &Self::Item, out: &mut SeqOut) {
        record.show_binary(self.1, out);
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
    |stores| stores.log.len() as u64
);
number!(
    /// `violations`: records that vouch for nothing, and extends that failed.
    Violations,
    |stores| stores.log.violations()
);
