// SPDX-License-Identifier: GPL-2.0

//! All keys: whether one may be used depends on those that vouch for it.

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

/// The keys, and the revoked ones.
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

    /// Whether a key may be used: it, and each key that vouches for it, up to a root.
    /// `is_authority` says whether it vouches for another key itself. May sleep.
    ///
    /// The voucher is stored by its fingerprint, so a renewed certificate of an authority also
    /// counts for keys that it signed before.
    pub(super) fn check_chain(
        &self,
        anchor: &Anchor,
        mut moment: Moment,
        is_authority: bool,
    ) -> Result<(), Reason> {
        self.check(anchor, moment)?;
        let mut end = anchor;
        // The authorities between the next key and the signer.
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
                // It vouched with a signature of its own, made at another time.
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

    /// The first key that `select` returns true for and that may be used as an authority or to
    /// sign. If none may be, the reason for the first. May sleep.
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
