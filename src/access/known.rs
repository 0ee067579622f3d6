// SPDX-License-Identifier: GPL-2.0

//! Whether a file is known: looks its digests up in the lists, with further algorithms only where
//! they matter.

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

/// The result of looking a file up.
#[derive(Clone, Copy)]
pub(crate) struct Looked {
    /// What the lists say.
    pub(crate) verdict: Option<Verdict>,
    /// Its digests by other algorithms than SHA-256, if lists of these were looked up.
    pub(crate) further: [Option<Digest>; 2],
    /// The file could not be read again, so it is not known whether a list of another algorithm
    /// revokes it.
    pub(crate) is_doubtful: bool,
}

impl Looked {
    /// The result if lists of other algorithms are not needed.
    pub(crate) fn only(verdict: Option<Verdict>) -> Self {
        Self {
            verdict,
            further: [None; 2],
            is_doubtful: false,
        }
    }
}

/// What is known of the content of a file.
pub(crate) struct Found<'a> {
    /// Its digest, SHA-256 or that of fs-verity.
    pub(crate) digest: &'a Digest,
    /// Whether it is that of fs-verity.
    pub(crate) verity: bool,
    /// What the lists say.
    pub(crate) looked: Looked,
    /// Whether the content that was read is what will be used.
    pub(crate) stable: bool,
    /// Whether a rule permits direct I/O, which does not use the page cache that was read.
    pub(crate) permit_directio: bool,
}

impl<'a> Found<'a> {
    /// Facts for callers that do not ask whether the content stays, or how it will be read.
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

/// The digest of a file, or with `verity` its fs-verity digest, and all that the lists say of it.
/// Not for letting the file be used. May sleep.
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

/// What the lists say of a file whose SHA-256 is `digest`. `appraised` says whether it matters what
/// vouches for it. Reads the file once more if lists of other algorithms could change the answer.
/// May sleep.
///
/// # Errors
///
/// `EINTR` if the task is killed. A file that changed between the reads is unknown. A file that
/// cannot be read again is unknown if lists of other algorithms may revoke it; otherwise its
/// SHA-256 decides.
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

/// What the lists say, for measurement, of bytes whose SHA-256 is `digest`. Does not sleep.
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
