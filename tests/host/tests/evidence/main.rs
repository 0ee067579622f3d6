// SPDX-License-Identifier: GPL-2.0

//! What a verifier reads, against a real TPM and against what is malformed.

mod firmware;
mod texts;
mod tpm;

/// Every beginning of `data` but all of it is refused.
#[track_caller]
fn no_cut_is_taken(data: &[u8], taken: impl Fn(&[u8]) -> bool) {
    assert!(taken(data));
    for len in 0..data.len() {
        assert!(!taken(&data[..len]), "{len} of {} bytes", data.len());
    }
    let more = [data, b"\0"].concat();
    assert!(!taken(&more), "a byte more");
}
