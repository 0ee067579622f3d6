// SPDX-License-Identifier: GPL-2.0

//! Makes inputs of the parsers: RPM headers and OpenPGP packets, good ones and any others.

pub mod evidence;
pub mod openpgp;
pub mod rpm;
