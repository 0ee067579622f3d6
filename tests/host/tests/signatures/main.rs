// SPDX-License-Identifier: GPL-2.0

//! Signatures and keys: what is read, what is refused and why.

// Tables of cases are read by column.
#![allow(clippy::type_complexity)]

mod algorithms;
mod certificate;
mod detect;
mod key_file;
mod openpgp;
mod purpose;
