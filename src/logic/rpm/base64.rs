// SPDX-License-Identifier: GPL-2.0

//! Base64, in which newer packages store signatures. Only the tool uses it.

use crate::{
    cursor::Sink,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// Decodes `text` into `sink`. Line ends are skipped.
///
/// # Errors
///
/// [`Cause::BadSignature`] for other characters, wrong padding and left-over bits, and those of
/// `sink`.
pub fn decode(text: &[u8], sink: &mut (impl Sink + ?Sized)) -> Result {
    let mut bits = 0u32;
    let mut count = 0u32;
    let mut padding = 0u32;
    for byte in text {
        let value = match byte {
            b'\n' | b'\r' => continue,
            b'=' => {
                padding = padding.saturating_add(1);
                continue;
            }
            _ if padding > 0 => return Err(Cause::BadSignature),
            byte => value_of(*byte)?,
        };
        bits = (bits << 6) | value;
        count = (count.wrapping_add(1)) % 4;
        if count == 0 {
            let [_, bytes @ ..] = bits.to_be_bytes();
            sink.put(&bytes)?;
            bits = 0;
        }
    }
    match (count, padding) {
        (0, 0) => Ok(()),
        (2, 2) if bits & 0xf == 0 => {
            let [_, _, high, low] = bits.to_be_bytes();
            // Twelve bits, of which the last four are zero.
            sink.put(&[(high << 4) | (low >> 4)])
        }
        (3, 1) if bits & 3 == 0 => {
            // Eighteen bits, of which the last two are zero.
            let [_, _, high, low] = (bits >> 2).to_be_bytes();
            sink.put(&[high, low])
        }
        _ => Err(Cause::BadSignature),
    }
}

const fn value_of(byte: u8) -> Result<u32> {
    // CAST: Widening, in a constant function.
    Ok(match byte {
        b'A'..=b'Z' => byte.wrapping_sub(b'A') as u32,
        b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26) as u32,
        b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52) as u32,
        b'+' => 62,
        b'/' => 63,
        _ => return Err(Cause::BadSignature),
    })
}
