// SPDX-License-Identifier: GPL-2.0

//! `policy`: reading shows the active policy. Writing replaces it. `policy_hits` shows how often
//! each of its rules decided.

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
use core::fmt::Write;
use digest_logic::policy::write_rule;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// `policy`.
pub(super) struct Policy(pub(super) Arc<Monitor>);

impl Node for Policy {
    /// The policy that is shown, and the place of a rule.
    type Item = (Arc<ActivePolicy>, usize);
    const MODE: u16 = 0o600;
    const MAX_WRITE: usize = MAX_POLICY;

    fn item(&self, index: usize) -> Option<Self::Item> {
        rule(&self.0, index)
    }

    fn show(&self, (policy, place): &Self::Item, out: &mut SeqOut) {
        show_rule(policy, *place, out);
    }

    fn write(&self, data: KVVec<u8>, continues: bool) -> Result {
        replace_policy(&self.0, data, continues)
    }
}

/// `policy_hits`: the rules as `policy` shows them, each behind the number of accesses that it
/// decided about.
pub(super) struct PolicyHits(pub(super) Arc<Monitor>);

impl Node for PolicyHits {
    type Item = <Policy as Node>::Item;
    const MODE: u16 = 0o400;

    fn item(&self, index: usize) -> Option<Self::Item> {
        rule(&self.0, index)
    }

    fn show(&self, (policy, place): &Self::Item, out: &mut SeqOut) {
        let _ = write!(out, "{} ", policy.hits(*place));
        show_rule(policy, *place, out);
    }
}

fn rule(monitor: &Monitor, place: usize) -> Option<(Arc<ActivePolicy>, usize)> {
    let policy = monitor.stores().policies.load();
    (place < policy.rules()).then_some((policy, place))
}

fn show_rule(policy: &ActivePolicy, place: usize, out: &mut SeqOut) {
    if let Some(rule) = policy.rule(place) {
        let _ = write_rule(rule, policy.text(), out);
        out.bytes(b"\n");
    }
}
