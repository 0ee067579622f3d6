// SPDX-License-Identifier: GPL-2.0

//! What a remote verifier reads: quotes of a TPM 2.0, the binary measurement list, the texts of the
//! module's own records, and the firmware's event log.
//!
//! All of it is hostile input. Each parser checks the whole of what it is given, and is bounded by
//! its length. Nothing is hashed and no signature is verified here: the caller brings both. Nothing
//! is judged here either.
//!
//! This is no part of the module.

pub mod attest;
pub mod firmware;
pub mod lines;
pub mod public;
pub mod records;
pub mod replay;
pub mod tpm_signature;
