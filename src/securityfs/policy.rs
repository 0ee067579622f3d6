// SPDX-License-Identifier: GPL-2.0

//! `policy`: reading shows the active policy, writing replaces it.

use crate::{
    access::Monitor,
    policy::{
        ActivePolicy,
        MAX_POLICY, //
    },
    requests::policy::replace_policy,
    sys::{
        securityfs::Node,
        seq_file::SeqOut, //
    },
};
use digest_logic::policy::write_rule;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The file.
pub(super) struct Policy(pub(super) Arc<Monitor>);

impl Node for Policy {
    /// The policy that is shown, and the place of the rule.
    type Item = (Arc<ActivePolicy>, usize);
    const MODE: u16 = 0o600;
    const MAX_WRITE: usize = MAX_POLICY;

    fn item(&self, index: usize) -> Option<Self::Item> {
        let policy = self.0.stores().policies.load();
        (index < policy.rules()).then_some((policy, index))
    }

    fn show(&self, (policy, place): &Self::Item, out: &mut SeqOut) {
        if let Some(rule) = policy.rule(*place) {
            let _ = write_rule(rule, policy.text(), out);
            out.bytes(b"\n");
        }
    }

    fn write(&self, data: KVVec<u8>, continues: bool) -> Result {
        replace_policy(&self.0, data, continues)
    }
}
