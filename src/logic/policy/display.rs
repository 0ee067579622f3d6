// SPDX-License-Identifier: GPL-2.0

//! Writes a rule as its line, as IMA shows its policy.

use core::fmt;

use super::{
    option::OptionName,
    rule::Rule,
    text::TextRange,
    value::{
        IdCondition,
        UserCondition, //
    }, //
};

/// Writes `rule`, without a newline, as a line that parses to the same rule.
///
/// `text` is the text from which the rule was parsed.
pub fn write_rule(rule: &Rule, text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    out.write_str(rule.action.name())?;
    for option in OptionName::ALL {
        if rule.has(option) {
            write_option(rule, option, text, out)?;
        }
    }
    Ok(())
}

fn write_option(
    rule: &Rule,
    option: OptionName,
    text: &str,
    out: &mut impl fmt::Write,
) -> fmt::Result {
    write!(out, " {}", option.name())?;
    match option {
        OptionName::PermitDirectio | OptionName::DigestList => Ok(()),
        OptionName::Uid | OptionName::Euid => write_user(rule.user, out),
        OptionName::Gid | OptionName::Egid => write_user(rule.group, out),
        OptionName::Fowner => write_id(rule.fowner, out),
        OptionName::Fgroup => write_id(rule.fgroup, out),
        _ => {
            out.write_char('=')?;
            write_value(rule, option, text, out)
        }
    }
}

fn write_value(
    rule: &Rule,
    option: OptionName,
    text: &str,
    out: &mut impl fmt::Write,
) -> fmt::Result {
    let mut write_text = |range: Option<TextRange>| {
        // The rule's own text has the range; another text is an error of the caller.
        let value = range.and_then(|range| range.get(text));
        out.write_str(value.ok_or(fmt::Error)?)
    };
    match option {
        OptionName::Fsname => write_text(rule.fsname),
        OptionName::FsSubtype => write_text(rule.fs_subtype),
        OptionName::SubjUser => write_text(rule.subj_user),
        OptionName::SubjRole => write_text(rule.subj_role),
        OptionName::SubjType => write_text(rule.subj_type),
        OptionName::ObjUser => write_text(rule.obj_user),
        OptionName::ObjRole => write_text(rule.obj_role),
        OptionName::ObjType => write_text(rule.obj_type),
        OptionName::Keyrings => write_text(rule.keyrings),
        OptionName::Label => write_text(rule.label),
        OptionName::Func => out.write_str(rule.func.map_or("", |func| func.name())),
        OptionName::Mask => {
            let mask = rule.mask.ok_or(fmt::Error)?;
            out.write_str(if mask.among_others { "^" } else { "" })?;
            out.write_str(mask.bit.name())
        }
        OptionName::Fsmagic => write!(out, "{:#x}", rule.fsmagic.unwrap_or_default()),
        OptionName::Fsuuid => write_uuid(&rule.fsuuid.unwrap_or_default(), out),
        OptionName::Pcr => write!(out, "{}", rule.pcr.unwrap_or_default()),
        OptionName::Template => out.write_str(rule.template.map_or("", |t| t.name())),
        OptionName::DigestType => out.write_str("verity"),
        OptionName::AppraiseType => out.write_str(rule.appraise_type.map_or("", |t| t.name())),
        OptionName::AppraiseFlag => out.write_str("check_blacklist"),
        OptionName::AppraiseAlgos => {
            let mut separator = "";
            for name in rule.appraise_algos.unwrap_or_default().names() {
                out.write_str(separator)?;
                out.write_str(name)?;
                separator = ",";
            }
            Ok(())
        }
        OptionName::Uid
        | OptionName::Euid
        | OptionName::Gid
        | OptionName::Egid
        | OptionName::Fowner
        | OptionName::Fgroup
        | OptionName::PermitDirectio
        | OptionName::DigestList => Ok(()),
    }
}

fn write_user(user: Option<UserCondition>, out: &mut impl fmt::Write) -> fmt::Result {
    write_id(user.map(|user| user.condition), out)
}

fn write_id(condition: Option<IdCondition>, out: &mut impl fmt::Write) -> fmt::Result {
    let condition = condition.ok_or(fmt::Error)?;
    write!(out, "{}{}", condition.compare.symbol(), condition.id)
}

fn write_uuid(uuid: &[u8; 16], out: &mut impl fmt::Write) -> fmt::Result {
    let mut bytes = uuid.iter();
    let mut separator = "";
    for group in [4, 2, 2, 2, 6] {
        out.write_str(separator)?;
        separator = "-";
        for byte in bytes.by_ref().take(group) {
            write!(out, "{byte:02x}")?;
        }
    }
    Ok(())
}
