// SPDX-License-Identifier: GPL-2.0

//! Files with one decimal number.

use crate::{
    access::Monitor,
    stores::Stores,
    sys::{
        securityfs::Node,
        seq_file::SeqOut, //
    },
};
use core::fmt::Write;
use kernel::sync::Arc;

pub(super) struct Number {
    pub(super) monitor: Arc<Monitor>,
    pub(super) value: fn(&Stores) -> u64,
}

impl Node for Number {
    type Item = ();
    const MODE: u16 = 0o440;

    fn item(&self, index: usize) -> Option<()> {
        (index == 0).then_some(())
    }

    fn show(&self, (): &(), out: &mut SeqOut) {
        let _ = writeln!(out, "{}", (self.value)(self.monitor.stores()));
    }
}
