// SPDX-License-Identifier: GPL-2.0

//! Evidence of machines, and how it is judged.
//!
//! Documentation/attestation.md is for operators, Documentation/evidence.md for who writes another
//! verifier.

pub(crate) mod crypto;
pub(crate) mod document;
pub(crate) mod expected;
pub(crate) mod history;
pub(crate) mod judge;
pub(crate) mod lists;
pub(crate) mod reason;
pub(crate) mod repository;
pub(crate) mod rounds;
pub(crate) mod state;
pub(crate) mod tpm;
pub(crate) mod trust;
pub(crate) mod verdict;
