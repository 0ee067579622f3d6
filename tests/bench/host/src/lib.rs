// SPDX-License-Identifier: GPL-2.0

//! Digest tables with one face: the module's, and those it is measured against.

pub mod tables;
