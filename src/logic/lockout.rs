// SPDX-License-Identifier: GPL-2.0

//! What must stay possible under a policy: the accesses that are asked about before one is put in
//! force, by the module and by `digestctl appraise`.

use crate::policy::{
    Func,
    Mask, //
};
use core::ffi::CStr;

/// The functions that a mapping serves, in the order in which they are asked: if it is executable
/// as asked for, and if it is in fact.
pub const MAPPING: [Func; 2] = [Func::MmapCheckReqprot, Func::MmapCheck];

/// What the kernel asks about a program: as it opens it, as the caller executes it, and with the
/// ids that it will have.
pub const EXECUTING: [(Func, Mask); 3] = [
    (Func::FileCheck, Mask::EXEC),
    (Func::BprmCheck, Mask::EXEC),
    (Func::CredsCheck, Mask::EXEC),
];

/// What it asks about what is mapped executable: as ld.so opens it, and as it is mapped.
pub const OPENING_AND_MAPPING: [(Func, Mask); 3] = [
    (Func::FileCheck, Mask::READ),
    (MAPPING[0], Mask::EXEC),
    (MAPPING[1], Mask::EXEC),
];

/// What the administrator needs to repair anything; it need not be running.
pub const INDISPENSABLE: [&CStr; 2] = [c"/bin/sh", c"/usr/sbin/digestctl"];
