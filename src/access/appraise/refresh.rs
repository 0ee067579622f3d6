// SPDX-License-Identifier: GPL-2.0

//! Updates `security.ima` after a write.
//!
//! When the last writer closes a file that was good when it was opened, the new digest is stored. A
//! file that failed never gets a new digest this way. A signature is never replaced.

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

/// Stores the new digest. The last writer of `file` is closing it, or has closed it. May sleep.
pub(in crate::access) fn refresh_reference(stores: &Stores, file: &File) {
    if !file.is_regular() || !stores.policies.appraises() || !stores.cache.has_passed(file) {
        return;
    }
    // It would be refused in spite of the value, and its server may never answer the read. The task
    // may have no way to be killed: it exits, or closes files for all others.
    if file.is_served() {
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
        // The write itself would have waited too. Without its new digest the file is refused.
        let _ = store(stores, file, &digest, WhenFrozen::Wait);
    }
}

/// Stores the new digest of `file`, whose writers have closed it. May sleep.
///
/// Another writer may open and close the file meanwhile, and store its digest first. Then the
/// content is read again.
pub(in crate::access) fn refresh_left(stores: &Stores, file: &File) {
    for _ in 0..ATTEMPTS {
        let look = stores.cache.glance(file);
        refresh_reference(stores, file);
        if stores.cache.is_unchanged(file, &look) {
            break;
        }
    }
}

/// Stores the digest of good content, or of content that is to become good. Returns whether that is
/// done. On a frozen file system it is left to the next access: this access may be a read by the
/// task that is to thaw the file system. May sleep.
pub(in crate::access) fn store_digest(stores: &Stores, file: &File, found: &Found<'_>) -> bool {
    // The fs-verity digest is not a digest of the content.
    found.verity || store(stores, file, found.digest, WhenFrozen::Fail) != Err(EAGAIN)
}

/// Stores `digest`, unless the same digest or a signature is there. Where the file system cannot
/// store it (read-only, no extended attributes), nothing changes.
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
