// SPDX-License-Identifier: GPL-2.0

//! Parses a line into a rule, word by word. `validate` checks which words go together.

use super::{
    action::Action,
    capabilities::Capabilities,
    error::{
        ErrorKind,
        PolicyError, //
    },
    option::OptionName,
    read::{
        self,
        conflict,
        syntax,
        unsupported,
        Refusal, //
    },
    rule::Rule,
    tokens::{
        word,
        Token,
        Tokens,
        Word, //
    },
    validate::{
        validate,
        Blame, //
    },
    value::{
        Compare,
        IdCondition,
        UserCondition, //
    }, //
};

/// The longest line, in bytes, without its newline; IMA's limit on machines with 4 KiB pages.
pub const LINE_MAX: usize = 4095;

/// Parses one line; [`None`] for a blank line or a comment.
///
/// `line` has no newline. It is line `line_number` of the policy, and starts at byte `offset` of
/// its text. Words that `capabilities` lacks are refused with [`ErrorKind::Unsupported`].
pub fn parse_line(
    line: &str,
    line_number: u32,
    offset: u32,
    capabilities: &Capabilities,
) -> Result<Option<Rule>, PolicyError> {
    let error_at = |token: Option<Token<'_>>, kind, reason| {
        let (text, start) = token.map_or(("", 0), |token| (token.text, token.start));
        PolicyError::new(kind, line_number, start, text, reason)
    };

    if line.len() > LINE_MAX {
        let reason = "the line is longer than 4095 bytes";
        return Err(error_at(None, ErrorKind::TooLong, reason));
    }
    let Some(first) = Tokens::new(line).next() else {
        return Ok(None);
    };

    let mut draft = Draft {
        action: None,
        rule: Rule::new(Action::Measure),
        offset,
        capabilities,
    };
    for token in Tokens::new(line) {
        draft
            .take(token)
            .map_err(|(kind, reason)| error_at(Some(token), kind, reason))?;
    }
    let Some(action) = draft.action else {
        let reason = "the rule has no action: expected measure, dont_measure or another";
        return Err(error_at(Some(first), ErrorKind::Syntax, reason));
    };
    let rule = Rule {
        action,
        ..draft.rule
    };
    validate(&rule).map_err(|(blame, reason)| {
        let token = Tokens::new(line).find(|token| is_blamed(token, blame));
        error_at(token, ErrorKind::Conflict, reason)
    })?;
    Ok(Some(rule))
}

fn is_blamed(token: &Token<'_>, blame: Blame) -> bool {
    match (word(token.text), blame) {
        (Ok(Word::Action(_)), Blame::Action) => true,
        (Ok(Word::Option(option, ..)), Blame::Option(blamed)) => option == blamed,
        _ => false,
    }
}

/// A rule while its words are read.
struct Draft<'c> {
    action: Option<Action>,
    rule: Rule,
    offset: u32,
    capabilities: &'c Capabilities,
}

impl Draft<'_> {
    fn take(&mut self, token: Token<'_>) -> Result<(), Refusal> {
        if token.text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(syntax("expected no control characters"));
        }
        match word(token.text).map_err(syntax)? {
            Word::Action(action) => self.action(action),
            Word::Option(option, compare, value) => {
                if self.rule.has(option) {
                    return Err(conflict("the option stands twice in the rule"));
                }
                self.capabilities
                    .check_option(option)
                    .map_err(unsupported)?;
                self.rule.options = self.rule.options.with(option);
                self.option(option, compare, value, token)
            }
        }
    }

    fn action(&mut self, action: Action) -> Result<(), Refusal> {
        if self.action.is_some() {
            return Err(conflict("the rule has an action already"));
        }
        self.capabilities
            .check_action(action)
            .map_err(unsupported)?;
        self.action = Some(action);
        Ok(())
    }

    fn option(
        &mut self,
        option: OptionName,
        compare: Compare,
        value: &str,
        token: Token<'_>,
    ) -> Result<(), Refusal> {
        let rule = &mut self.rule;
        let text = || read::range(self.offset, token, value).map(Some);
        let id = || {
            let id = read::id(value)?;
            Ok::<_, Refusal>(IdCondition { compare, id })
        };
        match option {
            OptionName::Func => rule.func = Some(read::func(value, self.capabilities)?),
            OptionName::Mask => rule.mask = Some(read::mask(value)?),
            OptionName::Fsmagic => rule.fsmagic = Some(read::fsmagic(value)?),
            OptionName::Fsuuid => rule.fsuuid = Some(read::fsuuid(value)?),
            OptionName::Fsname => rule.fsname = text()?,
            OptionName::FsSubtype => rule.fs_subtype = text()?,
            OptionName::Uid | OptionName::Euid => {
                let both = "uid and euid cannot both stand in one rule";
                set_user(&mut rule.user, option == OptionName::Euid, id()?, both)?;
            }
            OptionName::Gid | OptionName::Egid => {
                let both = "gid and egid cannot both stand in one rule";
                set_user(&mut rule.group, option == OptionName::Egid, id()?, both)?;
            }
            OptionName::Fowner => rule.fowner = Some(id()?),
            OptionName::Fgroup => rule.fgroup = Some(id()?),
            OptionName::SubjUser => rule.subj_user = text()?,
            OptionName::SubjRole => rule.subj_role = text()?,
            OptionName::SubjType => rule.subj_type = text()?,
            OptionName::ObjUser => rule.obj_user = text()?,
            OptionName::ObjRole => rule.obj_role = text()?,
            OptionName::ObjType => rule.obj_type = text()?,
            OptionName::Pcr => rule.pcr = Some(read::pcr(value)?),
            OptionName::Template => rule.template = Some(read::template(value, self.capabilities)?),
            OptionName::AppraiseType => {
                rule.appraise_type = Some(read::appraise_type(value, self.capabilities)?);
            }
            OptionName::AppraiseAlgos => rule.appraise_algos = Some(read::appraise_algos(value)?),
            OptionName::Keyrings => {
                read::no_empty_item(value)?;
                rule.keyrings = text()?;
            }
            OptionName::Label => {
                read::labels(value, self.capabilities)?;
                rule.label = text()?;
            }
            OptionName::DigestType => read::only(value, "verity", "expected digest_type=verity")?,
            OptionName::AppraiseFlag => read::only(
                value,
                "check_blacklist",
                "expected appraise_flag=check_blacklist",
            )?,
            OptionName::PermitDirectio | OptionName::DigestList => (),
        }
        Ok(())
    }
}

fn set_user(
    slot: &mut Option<UserCondition>,
    effective: bool,
    condition: IdCondition,
    both: &'static str,
) -> Result<(), Refusal> {
    if slot.is_some() {
        return Err(conflict(both));
    }
    *slot = Some(UserCondition {
        effective,
        condition,
    });
    Ok(())
}
