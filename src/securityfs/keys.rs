// SPDX-License-Identifier: GPL-2.0

//! `trusted_keys`: reading shows the keys by which lists may be signed. Writing adds or revokes
//! keys.

use crate::{
    access::Monitor,
    lists::ShownKey,
    requests::keys::change_trusted_keys,
    sys::{
        securityfs::Node,
        seq_file::SeqOut, //
    },
};
use core::fmt::Write;
use kernel::{
    prelude::*,
    sync::Arc, //
};

pub(super) struct TrustedKeys(pub(super) Arc<Monitor>);

impl Node for TrustedKeys {
    type Item = ShownKey;
    const MODE: u16 = 0o600;
    const MAX_WRITE: usize = 64 << 10;

    fn item(&self, index: usize) -> Option<Self::Item> {
        self.0.stores().lists.trust().get(index)
    }

    fn show(&self, key: &Self::Item, out: &mut SeqOut) {
        let _ = writeln!(out, "{key}");
    }

    fn write(&self, data: KVVec<u8>, _continues: bool) -> Result {
        change_trusted_keys(&self.0, &data)
    }
}
