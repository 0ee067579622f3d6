// SPDX-License-Identifier: GPL-2.0

//! Keeping `security.ima` true.
//!
//! When the last writer closes a file that was good when it was opened, its new digest is stored:
//! whoever may write the file decides what is in it. A file that failed is never blessed in this
//! way, and a signature is never replaced.

use super::{
    super::{
        content,
        file_access::{
            Access,
            ATTEMPTS, //
        },
        known::Found, //
    },
    reference::NAME, //
};
use crate::{
    stores::Stores,
    sys::file::{
        File,
        WhenFrozen, //
    },
};
use digest_logic::{
    cursor::SliceSink,
    digest::Digest,
    policy::{
        Func,
        Mask, //
    },
    reference::{
        is_signature,
        write_digest,
        MAX_DIGEST_VALUE, //
    },
};
use kernel::prelude::*;

/// All that an inode's writers have written is there: the last of them is closing `file`, or has.
/// May sleep.
pub(in crate::access) fn refresh_reference(stores: &Stores, file: &File) {
    if !file.is_regular() || !stores.policies.appraises() || !stores.cache.has_passed(file) {
        return;
    }
    let access = Access::new(file, Func::FileCheck, Mask::WRITE);
    if stores.policies.decide(&access).appraise.is_none() {
        return;
    }
    let digest = stores
        .reader
        .run(|| content::digest(&access, false, &stores.stats));
    if let Ok(digest) = digest {
        // The writes that went before would have waited as well, and without its new digest the
        // file is refused.
        let _ = store(stores, file, &digest, WhenFrozen::Wait);
    }
}

/// The same for `file`, which its writers have left. May sleep.
///
/// A writer that comes and goes meanwhile stores the digest of its own content when it closes. If
/// the older digest is stored after that one, the content is read again.
pub(in crate::access) fn refresh_left(stores: &Stores, file: &File) {
    for _ in 0..ATTEMPTS {
        let look = stores.cache.glance(file);
        refresh_reference(stores, file);
        if stores.cache.is_unchanged(file, &look) {
            break;
        }
    }
}

/// Stores the digest of content that is good, or that shall be taken as good. Says whether that is
/// settled: while the file system is frozen it is left to the next access, because this one may
/// only read, and who thaws the file system may be the one who does. May sleep.
pub(in crate::access) fn store_digest(stores: &Stores, file: &File, found: &Found<'_>) -> bool {
    // The digest that fs-verity enforces is none of the content.
    found.verity || store(stores, file, found.digest, WhenFrozen::Fail) != Err(EAGAIN)
}

/// Stores `digest`, unless it or a signature is there. Where that cannot be done, as on a file
/// system that is read-only or has no extended attributes, the file stays what it is.
///
/// # Errors
///
/// Those of [`File::set_xattr`].
fn store(stores: &Stores, file: &File, digest: &Digest, frozen: WhenFrozen) -> Result {
    let mut buf = [0; MAX_DIGEST_VALUE];
    let mut sink = SliceSink::new(&mut buf);
    write_digest(digest, &mut sink).map_err(|_| EINVAL)?;
    stores.reader.run(|| {
        let old = file.xattr(NAME)?;
        if is_signature(&old) || *old == *sink.written() {
            return Ok(());
        }
        file.set_xattr(NAME, sink.written(), frozen)?;
        stores.stats.stored.count();
        Ok(())
    })
}
