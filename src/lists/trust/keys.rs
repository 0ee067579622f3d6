// SPDX-License-Identifier: GPL-2.0

//! All keys together: whether one may be used now depends on those that vouch for it.

use super::{
    anchor::{
        Anchor,
        Origin, //
    },
    revoked::Revoked,
};
use crate::lists::reason::Reason;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The longest chain of keys that vouch for each other.
const MAX_CHAIN: usize = 8;

/// The keys, and those that are none any more.
pub(super) struct Keys {
    pub(super) anchors: KVVec<Arc<Anchor>>,
    pub(super) revoked: Revoked,
}

impl Keys {
    /// Whether a key by itself may be used now. May sleep.
    fn check(&self, anchor: &Anchor) -> Result<(), Reason> {
        if self.revoked.has(&anchor.fingerprint, anchor.id()) {
            return Err(Reason::KeyRevoked);
        }
        anchor.check()
    }

    /// Whether a key may be used now: it, and what vouches for it, up to a key that needs nobody. May sleep.
    ///
    /// A key that vouches is remembered by its fingerprint, so that a renewed certificate of an authority serves those
    /// that it signed before.
    pub(super) fn check_chain(&self, anchor: &Anchor) -> Result<(), Reason> {
        self.check(anchor)?;
        let mut end = anchor;
        for _ in 0..MAX_CHAIN {
            let (issuer, certifies) = match end.origin {
                Origin::Module => return Ok(()),
                Origin::System if self.revoked.has_id(end.issuer_key()) => break,
                Origin::System => return Ok(()),
                Origin::Certified(issuer) => (issuer, true),
                Origin::Signed(signer) => (signer, false),
            };
            let may = |anchor: &Anchor| match certifies {
                true => anchor.may_certify,
                false => anchor.may_sign,
            };
            let next = self
                .anchors
                .iter()
                .filter(|anchor| anchor.fingerprint == issuer && may(anchor))
                .filter(|anchor| self.check(anchor).is_ok())
                .min_by_key(|anchor| !anchor.origin.is_root());
            match next {
                Some(next) => end = next,
                None => break,
            }
        }
        Err(Reason::Issuer)
    }

    /// The first key that `select` takes and that may be used; otherwise why the first cannot be. May sleep.
    pub(super) fn find(
        &self,
        select: impl Fn(&Anchor) -> bool,
        further: impl Fn(&Anchor) -> Result<(), Reason>,
    ) -> Result<Arc<Anchor>, Reason> {
        let mut problem = Reason::UnknownKey;
        for anchor in self.anchors.iter().filter(|anchor| select(anchor)) {
            match self.check_chain(anchor).and_then(|()| further(anchor)) {
                Ok(()) => return Ok(anchor.clone()),
                Err(reason) if problem == Reason::UnknownKey => problem = reason,
                Err(_) => (),
            }
        }
        Err(problem)
    }
}
