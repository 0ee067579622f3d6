// SPDX-License-Identifier: GPL-2.0

//! Whether a file is known: its digests against the lists, algorithm by algorithm, and only as far as needed.

use super::{
    Lists,
    Verdict, //
};
use crate::{
    content,
    evaluate::Access,
    monitor::Monitor, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::Kind, //
};
use kernel::prelude::*;

impl Lists {
    /// The algorithms, SHA-256 aside, whose lists could still change what is said of a file: all of them if it is
    /// unknown, those with revoked digests if it is known.
    fn open(&self, known: bool, revoked: bool) -> [Option<HashAlgo>; 2] {
        [HashAlgo::Sha384, HashAlgo::Sha512].map(|algo| {
            let (any, any_revoked) = self.table.has(algo);
            let matters = any && !revoked && (!known || any_revoked);
            matters.then_some(algo)
        })
    }
}

impl Monitor {
    /// What the lists say of a file whose SHA-256 is `digest`. Where lists of other algorithms could make a difference
    /// the file is read once more for all of them. May sleep.
    ///
    /// # Errors
    ///
    /// `EINTR` if the task is being killed. A file that cannot be read again is what its SHA-256 says; one that changed
    /// between the reads is unknown.
    pub(crate) fn verdict(&self, access: &Access<'_>, digest: &Digest) -> Result<Option<Verdict>> {
        let first = self.lists.verdict(digest);
        let revoked = first.is_some_and(|verdict| verdict.kind == Kind::Revoked);
        let algos = self.lists.open(first.is_some(), revoked);
        if algos.iter().all(Option::is_none) {
            return Ok(first);
        }
        let further = match content::further_digests(access, &self.stats, digest, algos) {
            Ok(further) => further,
            Err(e) if e == EINTR => return Err(e),
            // Nobody knows what this is.
            Err(e) if e == EAGAIN => return Ok(None),
            Err(_) => return Ok(first),
        };
        let others = further
            .iter()
            .flatten()
            .map(|other| self.lists.verdict(other));
        Ok(others.fold(first, join))
    }
}

/// What two algorithms say together.
fn join(a: Option<Verdict>, b: Option<Verdict>) -> Option<Verdict> {
    match (a, b) {
        (Some(a), Some(b)) => Some(Verdict {
            kind: a.kind.or(b.kind),
            measure: a.measure || b.measure,
            appraise: match (a.appraise, b.appraise) {
                (Some(a), Some(b)) => Some(a.or(b)),
                (a, b) => a.or(b),
            },
        }),
        (a, b) => a.or(b),
    }
}
