// SPDX-License-Identifier: GPL-2.0

//! What has to be looked at, and whether what is read there is what will be used.

use super::file_access::Access;
use crate::{
    cache::{
        Cache,
        Look, //
    },
    sys::file::File, //
};
use digest_logic::{
    cache::Left,
    policy::{
        Decision,
        Func, //
    },
};

/// What earlier looks leave to be done of what `decision` asks for, with lists of generation `lists`. Does not read the
/// file.
pub(super) fn left(
    cache: &Cache,
    access: &Access<'_>,
    decision: &Decision,
    pcr: u32,
    lists: u64,
) -> Left {
    if access.content.is_some() {
        return Left::all(decision);
    }
    let mut left = cache.left(access.file, decision, small(pcr), lists);
    left.appraise &= !is_between(cache, access);
    // What was found out about the page cache says nothing of a way past it.
    left.appraise |=
        decision.appraise.is_some() && access.file.is_direct() && !decision.permit_directio;
    left
}

/// Whether a file that passed is being written by somebody who opened it then: its content is neither what it was
/// nor what it will be, and the result holds until the last of them closes it, as in IMA.
fn is_between(cache: &Cache, access: &Access<'_>) -> bool {
    access.func == Func::FileCheck
        && access.file.has_other_writers()
        && cache.has_passed(access.file)
}

/// Makes what is read after `look` began what the next reader reads, as long as nothing opens the file for writing: on
/// storage that keeps what it has, dirty pages are written to it, and pages that something else may hold a reference
/// to are replaced. Returns whether that is so; of a file that is open for writing it says nothing more than of its
/// storage. May sleep.
pub(super) fn is_stable(cache: &Cache, access: &Access<'_>, look: &Look) -> bool {
    access.content.is_some() || is_stable_on_disk(cache, access.file, look)
}

fn is_stable_on_disk(cache: &Cache, file: &File, look: &Look) -> bool {
    if !file.content_is_stable() {
        return false;
    }
    if look.is_written() || file.is_sealed() {
        return true;
    }
    if cache.is_shared(file) {
        return file.cleanse().is_ok() && cache.cleansed(file, look);
    }
    file.write_back().is_ok()
}

/// The kernel's numbers of PCRs are small.
pub(super) fn small(pcr: u32) -> u8 {
    u8::try_from(pcr).unwrap_or(u8::MAX)
}
