// SPDX-License-Identifier: GPL-2.0

//! Times as signatures and certificates write them, in seconds since 1970.
//!
//! `UTCTime` is `YYMMDDHHMMSSZ`, for years from 1970 to 2049. `GeneralizedTime` is
//! `YYYYMMDDHHMMSSZ`, from 2050 on. As in the kernel's parser, fractions of seconds and offsets are
//! refused. Source: RFC 5280, 4.1.2.5.

use crate::{
    asn1::{
        put_element,
        GENERALIZED_TIME,
        UTC_TIME, //
    },
    cursor::Sink,
    refusal::{
        Cause,
        Result, //
    }, //
};

/// The seconds since 1970 of a time with this tag and content.
///
/// # Errors
///
/// [`Cause::BadSignature`] if it is not a time.
pub fn parse(tag: u8, content: &[u8]) -> Result<i64> {
    let (year, rest) = match tag {
        UTC_TIME => {
            let (short, rest) = number(content, 2)?;
            let century = if short < 50 { 2000 } else { 1900 };
            (short.saturating_add(century), rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = number(content, 4)?;
            if year < 2050 {
                return Err(Cause::BadSignature);
            }
            (year, rest)
        }
        _ => return Err(Cause::BadSignature),
    };
    let (month, rest) = number(rest, 2)?;
    let (day, rest) = number(rest, 2)?;
    let (hour, rest) = number(rest, 2)?;
    let (minute, rest) = number(rest, 2)?;
    let (second, rest) = number(rest, 2)?;
    let valid = year >= 1970
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && rest == b"Z";
    if !valid {
        return Err(Cause::BadSignature);
    }
    let days = days_before(year)
        .saturating_add((1..month).fold(0, |sum: u32, m| sum.saturating_add(days_of(year, m))))
        .saturating_add(day)
        .saturating_sub(days_before(1970))
        .saturating_sub(1);
    Ok(i64::from(days)
        .saturating_mul(86_400)
        .saturating_add(i64::from(hour).saturating_mul(3600))
        .saturating_add(i64::from(minute).saturating_mul(60))
        .saturating_add(i64::from(second)))
}

/// 9999-12-31 23:59:59.
const LAST_SECOND: u64 = 253_402_300_799;

/// Writes the element of a time in seconds since 1970, at most the end of the year 9999.
///
/// # Errors
///
/// Those of `sink`.
pub fn put(seconds: u64, sink: &mut dyn Sink) -> Result {
    let seconds = seconds.min(LAST_SECOND);
    let days = u32::try_from(seconds / 86_400).map_err(|_| Cause::BadLength)?;
    let days = days.saturating_add(days_before(1970));
    let mut year = 1970u32;
    while days_before(year.saturating_add(1)) <= days {
        year = year.saturating_add(1);
    }
    let mut day = days.saturating_sub(days_before(year));
    let mut month = 1u32;
    while let Some(later) = day.checked_sub(days_of(year, month)).filter(|_| month < 12) {
        day = later;
        month = month.saturating_add(1);
    }
    // CAST: Below 86,400.
    let second = (seconds % 86_400) as u32;
    let is_long = year >= 2050;
    let tag = if is_long { GENERALIZED_TIME } else { UTC_TIME };
    put_element(tag, sink, |sink| {
        let mut two = |value: u32| {
            // CAST: Remainders of ten.
            let digits = [(value / 10 % 10) as u8, (value % 10) as u8];
            sink.put(&digits.map(|digit| b'0'.wrapping_add(digit)))
        };
        if is_long {
            two(year / 100)?;
        }
        let clock = [second / 3600, second / 60 % 60, second % 60];
        [year, month, day.saturating_add(1)]
            .into_iter()
            .chain(clock)
            .try_for_each(&mut two)?;
        sink.put(b"Z")
    })
}

/// The decimal number in the first `len` bytes, and the rest.
fn number(text: &[u8], len: usize) -> Result<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(len).ok_or(Cause::BadSignature)?;
    let mut value = 0u32;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Cause::BadSignature);
        }
        value = value
            .saturating_mul(10)
            .saturating_add(u32::from(digit.wrapping_sub(b'0')));
    }
    Ok((value, rest))
}

const fn is_leap(year: u32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The days of a month; 0 if there is no such month.
const fn days_of(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

/// The days from the year 1 up to `year`.
const fn days_before(year: u32) -> u32 {
    let years = year.saturating_sub(1);
    (years.saturating_mul(365))
        .saturating_add(years / 4)
        .saturating_add(years / 400)
        .saturating_sub(years / 100)
}
