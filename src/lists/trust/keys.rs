// SPDX-License-Identifier: GPL-2.0

//! All keys together: whether one may be used now depends on those that vouch for it.

use super::{
    anchor::{
        Anchor,
        Origin, //
    },
    moment::Moment,
    revoked::Revoked, //
};
use crate::{
    reason::Reason, //
};
use digest_logic::refusal::Cause;
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
    /// Whether a key by itself may be used. May sleep.
    fn check(&self, anchor: &Anchor, moment: Moment) -> Result<(), Reason> {
        if self.revoked.has(&anchor.fingerprint, anchor.id()) {
            return Err(Cause::KeyRevoked.into());
        }
        anchor.check(moment)
    }

    /// Whether a key may be used: it, and what vouches for it, up to a key that needs nobody.
    /// `is_authority` says whether it vouches for another key. May sleep.
    ///
    /// A key that vouches is remembered by its fingerprint, so that a renewed certificate of an
    /// authority serves those that it signed before.
    pub(super) fn check_chain(
        &self,
        anchor: &Anchor,
        mut moment: Moment,
        is_authority: bool,
    ) -> Result<(), Reason> {
        self.check(anchor, moment)?;
        let mut end = anchor;
        // The authorities between the next one and the key that signs.
        let mut below = usize::from(is_authority);
        for _ in 0..MAX_CHAIN {
            let (issuer, certifies) = match end.origin {
                Origin::Module => return Ok(()),
                Origin::System if self.revoked.has_id(end.issuer_key()) => break,
                Origin::System => return Ok(()),
                Origin::Certified(issuer) => (issuer, true),
                Origin::Signed(signer) => (signer, false),
            };
            if !certifies {
                // It vouched by a signature of its own, with a time of its own.
                moment = moment.of_earlier_signature();
                below = 0;
            }
            let may = |anchor: &Anchor| match certifies {
                true => anchor.may_certify && anchor.allows_below(below),
                false => anchor.may_sign,
            };
            let next = self
                .anchors
                .iter()
                .filter(|anchor| anchor.fingerprint == issuer && may(anchor))
                .filter(|anchor| self.check(anchor, moment).is_ok())
                .min_by_key(|anchor| !anchor.origin.is_root());
            match next {
                Some(next) => {
                    end = next;
                    below = below.saturating_add(usize::from(certifies));
                }
                None => break,
            }
        }
        Err(Cause::Issuer.into())
    }

    /// The first key that `select` takes and that may be used, as an authority or to sign;
    /// otherwise why the first cannot be. May sleep.
    pub(super) fn find(
        &self,
        select: impl Fn(&Anchor) -> bool,
        further: impl Fn(&Anchor) -> Result<(), Reason>,
        moment: Moment,
        is_authority: bool,
    ) -> Result<Arc<Anchor>, Reason> {
        let mut problem = Reason::from(Cause::UnknownKey);
        for anchor in self.anchors.iter().filter(|anchor| select(anchor)) {
            match self
                .check_chain(anchor, moment, is_authority)
                .and_then(|()| further(anchor))
            {
                Ok(()) => return Ok(anchor.clone()),
                Err(reason) if problem == Cause::UnknownKey => problem = reason,
                Err(_) => (),
            }
        }
        Err(problem)
    }
}
