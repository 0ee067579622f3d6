// SPDX-License-Identifier: GPL-2.0

//! What a new policy must still allow: the accesses that the module and `digestctl appraise` check.

use crate::policy::{
    Func,
    Mask, //
};
use core::ffi::CStr;

/// The functions of a mapping, in the order of their evaluation: executable as requested, and
/// executable in effect.
pub const MAPPING: [Func; 2] = [Func::MmapCheckReqprot, Func::MmapCheck];

/// The accesses by which the kernel executes a program: its open, the execution by the caller, and
/// with the new ids.
pub const EXECUTING: [(Func, Mask); 3] = [
    (Func::FileCheck, Mask::EXEC),
    (Func::BprmCheck, Mask::EXEC),
    (Func::CredsCheck, Mask::EXEC),
];

/// The accesses to what is mapped executable: the open by ld.so, and the mapping.
pub const OPENING_AND_MAPPING: [(Func, Mask); 3] = [
    (Func::FileCheck, Mask::READ),
    (MAPPING[0], Mask::EXEC),
    (MAPPING[1], Mask::EXEC),
];

/// What the administrator needs for repairs. It need not be running.
pub const INDISPENSABLE: [&CStr; 2] = [c"/bin/sh", c"/usr/sbin/digestctl"];
