// SPDX-License-Identifier: GPL-2.0

//! Whether a file is known: its digests against the lists, algorithm by algorithm, and only as far
//! as needed.

use super::{
    content,
    file_access::Access, //
};
use crate::{
    lists::{
        Lists,
        Purpose, //
    },
    stats::Stats,
    stores::Stores, //
};
use digest_logic::{
    digest::Digest,
    verdict::{
        join,
        Verdict, //
    },
};
use kernel::prelude::*;

/// What was found out of a file by looking it up.
#[derive(Clone, Copy)]
pub(crate) struct Looked {
    /// What the lists say.
    pub(crate) verdict: Option<Verdict>,
    /// Its digests by other algorithms than SHA-256, where lists of these were asked.
    pub(crate) further: [Option<Digest>; 2],
    /// Lists that revoke digests could not be asked, since the file could not be read again: nobody
    /// knows whether it is revoked.
    pub(crate) is_doubtful: bool,
}

impl Looked {
    /// What the lists of the digest's own algorithm say, where no others are asked.
    pub(crate) fn only(verdict: Option<Verdict>) -> Self {
        Self {
            verdict,
            further: [None; 2],
            is_doubtful: false,
        }
    }
}

/// What was found out about the content of a file.
pub(crate) struct Found<'a> {
    /// Its digest, SHA-256 or that of fs-verity.
    pub(crate) digest: &'a Digest,
    /// Whether it is that of fs-verity.
    pub(crate) verity: bool,
    /// What the lists say.
    pub(crate) looked: Looked,
    /// Whether what was read is what will be used.
    pub(crate) stable: bool,
    /// Whether a rule lets the file be used past the page cache, through which it was read.
    pub(crate) permit_directio: bool,
}

impl<'a> Found<'a> {
    /// What is found of content of which nobody asks whether it stays, or how it will be read.
    pub(super) fn now(digest: &'a Digest, verity: bool, looked: Looked) -> Self {
        Self {
            digest,
            verity,
            looked,
            stable: true,
            permit_directio: true,
        }
    }
}

/// The digest of a file, or with `verity` the one that fs-verity enforces, and all that the lists
/// say of it, for other purposes than to let it be used. May sleep.
///
/// # Errors
///
/// Those of [`content::digest`] and [`verdict`].
pub(super) fn digest_and_verdict(
    stores: &Stores,
    access: &Access<'_>,
    verity: bool,
) -> Result<(Digest, Looked)> {
    let Stores { lists, stats, .. } = stores;
    stores.reader.run(|| {
        let digest = content::digest(access, verity, stats)?;
        let looked = if verity {
            Looked::only(lists.verdict_of_verity(&digest, Purpose::Question))
        } else {
            verdict(lists, stats, access, &digest, true, Purpose::Question)?
        };
        Ok((digest, looked))
    })
}

/// What the lists say of a file whose SHA-256 is `digest`; `appraised` says whether it matters what
/// vouches for it. Where lists of other algorithms could make a difference the file is read once
/// more, for all of them together. May sleep.
///
/// # Errors
///
/// `EINTR` if the task is being killed. A file that changed between the reads is unknown, and so is
/// one that cannot be read again where that leaves open whether it is revoked; otherwise it is what
/// its SHA-256 says.
pub(super) fn verdict(
    lists: &Lists,
    stats: &Stats,
    access: &Access<'_>,
    digest: &Digest,
    appraised: bool,
    purpose: Purpose,
) -> Result<Looked> {
    let first = lists.verdict(digest, purpose);
    let (algos, revokes) = lists.open_algorithms(first, appraised);
    if algos.iter().all(Option::is_none) {
        return Ok(Looked::only(first));
    }
    let further = match content::further_digests(access, stats, digest, algos) {
        Ok(further) => further,
        Err(e) if e == EINTR => return Err(e),
        Err(_) if revokes => {
            return Ok(Looked {
                is_doubtful: true,
                ..Looked::only(None)
            })
        }
        Err(e) if e == EAGAIN => return Ok(Looked::only(None)),
        Err(_) => return Ok(Looked::only(first)),
    };
    let others = further.iter().flatten();
    let others = others.map(|other| lists.verdict(other, purpose));
    Ok(Looked {
        verdict: others.fold(first, join),
        further,
        is_doubtful: false,
    })
}

/// What the lists that answer for measurement say of bytes in memory whose SHA-256 is `digest`.
/// Does not sleep.
pub(super) fn verdict_of_bytes(
    lists: &Lists,
    stats: &Stats,
    bytes: &[u8],
    digest: &Digest,
) -> Option<Verdict> {
    let first = lists.verdict(digest, Purpose::Access);
    let (algos, _) = lists.open_algorithms(first, false);
    content::further_digests_of_bytes(bytes, stats, algos)
        .iter()
        .flatten()
        .map(|other| lists.verdict(other, Purpose::Access))
        .fold(first, join)
}
