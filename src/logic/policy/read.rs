// SPDX-License-Identifier: GPL-2.0

//! Reads the values of options.

use super::{
    capabilities::Capabilities,
    error::ErrorKind,
    func::Func,
    text::TextRange,
    tokens::{
        is,
        Token, //
    },
    value::{
        AlgoSet,
        AppraiseType,
        Mask,
        MaskCondition,
        Template, //
    }, //
};

/// Why a word was refused.
pub(super) type Refusal = (ErrorKind, &'static str);

/// The range of `value`, which ends `token`, in a text whose byte `offset` starts the token's line.
pub(super) fn range(offset: u32, token: Token<'_>, value: &str) -> Result<TextRange, Refusal> {
    let in_token = token.text.len().checked_sub(value.len());
    in_token
        .and_then(|before| token.start.checked_add(before))
        .and_then(|in_line| u32::try_from(in_line).ok())
        .and_then(|in_line| offset.checked_add(in_line))
        .and_then(|start| TextRange::new(start, value.len()))
        .ok_or((ErrorKind::TooLong, "the value lies beyond the limits"))
}

pub(super) fn func(value: &str, capabilities: &Capabilities) -> Result<Func, Refusal> {
    // IMA's older names are accepted.
    let func = match value {
        "FILE_MMAP" => Some(Func::MmapCheck),
        "PATH_CHECK" => Some(Func::FileCheck),
        _ => Func::from_name(value),
    };
    let func = func.ok_or(syntax(
        "expected a function such as BPRM_CHECK, MMAP_CHECK or FILE_CHECK",
    ))?;
    capabilities.check_func(func).map_err(unsupported)?;
    Ok(func)
}

pub(super) fn mask(value: &str) -> Result<MaskCondition, Refusal> {
    let bare = value.strip_prefix('^');
    let bit = Mask::from_name(bare.unwrap_or(value)).ok_or(syntax(
        "expected MAY_READ, MAY_WRITE, MAY_APPEND or MAY_EXEC, with or without '^'",
    ))?;
    Ok(MaskCondition {
        bit,
        among_others: bare.is_some(),
    })
}

pub(super) fn fsmagic(value: &str) -> Result<u64, Refusal> {
    let digits = value
        .strip_prefix("0x")
        .or_else(|| value.strip_prefix("0X"))
        .unwrap_or(value);
    number(digits, 16).ok_or(syntax("expected a hexadecimal number"))
}

pub(super) fn fsuuid(value: &str) -> Result<[u8; 16], Refusal> {
    parse_uuid(value).ok_or(syntax(
        "expected a UUID: 8, 4, 4, 4 and 12 hexadecimal digits, joined by '-'",
    ))
}

fn parse_uuid(value: &str) -> Option<[u8; 16]> {
    let mut uuid = [0; 16];
    let mut bytes = uuid.iter_mut();
    let mut groups = value.split(is('-'));
    for length in [8, 4, 4, 4, 12] {
        let group = groups.next()?.as_bytes();
        if group.len() != length {
            return None;
        }
        for pair in group.chunks_exact(2) {
            let pair = core::str::from_utf8(pair).ok()?;
            *bytes.next()? = u8::try_from(number(pair, 16)?).ok()?;
        }
    }
    groups.next().is_none().then_some(uuid)
}

/// A valid id: the largest number means none.
pub(super) fn id(value: &str) -> Result<u32, Refusal> {
    let id = number(value, 10).and_then(|id| u32::try_from(id).ok());
    id.filter(|id| *id != u32::MAX)
        .ok_or(syntax("expected a decimal id from 0 to 4294967294"))
}

pub(super) fn pcr(value: &str) -> Result<u8, Refusal> {
    let pcr = number(value, 10).and_then(|pcr| u8::try_from(pcr).ok());
    pcr.filter(|pcr| *pcr < 24)
        .ok_or(syntax("expected the number of a PCR, 0 to 23"))
}

pub(super) fn template(value: &str, capabilities: &Capabilities) -> Result<Template, Refusal> {
    let template = Template::from_name(value).ok_or(syntax(
        "expected the name of a template, such as ima-ng or ima-sig",
    ))?;
    capabilities.check_template(template).map_err(unsupported)?;
    Ok(template)
}

pub(super) fn appraise_type(
    value: &str,
    capabilities: &Capabilities,
) -> Result<AppraiseType, Refusal> {
    let kind =
        AppraiseType::from_name(value).ok_or(syntax("expected imasig, imasig|modsig or sigv3"))?;
    capabilities
        .check_appraise_type(kind)
        .map_err(unsupported)?;
    Ok(kind)
}

pub(super) fn appraise_algos(value: &str) -> Result<AlgoSet, Refusal> {
    value
        .split(is(','))
        .try_fold(AlgoSet::default(), AlgoSet::with_name)
        .ok_or(syntax(
            "expected names of hash algorithms, such as sha256,sha512",
        ))
}

pub(super) fn no_empty_item(value: &str) -> Result<(), Refusal> {
    if value.split(is('|')).any(str::is_empty) {
        return Err(syntax("expected names joined by '|', none of them empty"));
    }
    Ok(())
}

pub(super) fn labels(value: &str, capabilities: &Capabilities) -> Result<(), Refusal> {
    no_empty_item(value)?;
    capabilities.check_labels(value).map_err(unsupported)
}

pub(super) fn only(value: &str, expected: &str, reason: &'static str) -> Result<(), Refusal> {
    if value != expected {
        return Err(syntax(reason));
    }
    Ok(())
}

/// Digits only: no sign, no blank, no separator.
fn number(digits: &str, radix: u8) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.bytes().try_fold(0u64, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte.wrapping_sub(b'0'),
            b'a'..=b'f' if radix == 16 => byte.wrapping_sub(b'a').wrapping_add(10),
            b'A'..=b'F' if radix == 16 => byte.wrapping_sub(b'A').wrapping_add(10),
            _ => return None,
        };
        number
            .checked_mul(u64::from(radix))?
            .checked_add(u64::from(digit))
    })
}

pub(super) const fn syntax(reason: &'static str) -> Refusal {
    (ErrorKind::Syntax, reason)
}

pub(super) const fn conflict(reason: &'static str) -> Refusal {
    (ErrorKind::Conflict, reason)
}

pub(super) const fn unsupported(reason: &'static str) -> Refusal {
    (ErrorKind::Unsupported, reason)
}
