// SPDX-License-Identifier: GPL-2.0

//! One rule of a policy, as parsed.

use super::{
    action::Action,
    func::Func,
    option::{
        OptionName,
        OptionSet, //
    },
    text::TextRange,
    value::{
        AlgoSet,
        AppraiseType,
        IdCondition,
        MaskCondition,
        Template,
        UserCondition, //
    }, //
};

/// One rule: an action, and the conditions under which it applies.
///
/// Only [`super::parse_line()`] makes rules, so each rule is allowed by the language. Each
/// [`TextRange`] points into the text that the rule was parsed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(super) action: Action,
    pub(super) func: Option<Func>,
    pub(super) mask: Option<MaskCondition>,
    pub(super) fsmagic: Option<u64>,
    pub(super) fsuuid: Option<[u8; 16]>,
    pub(super) fsname: Option<TextRange>,
    pub(super) fs_subtype: Option<TextRange>,
    pub(super) user: Option<UserCondition>,
    pub(super) group: Option<UserCondition>,
    pub(super) fowner: Option<IdCondition>,
    pub(super) fgroup: Option<IdCondition>,
    pub(super) subj_user: Option<TextRange>,
    pub(super) subj_role: Option<TextRange>,
    pub(super) subj_type: Option<TextRange>,
    pub(super) obj_user: Option<TextRange>,
    pub(super) obj_role: Option<TextRange>,
    pub(super) obj_type: Option<TextRange>,
    pub(super) pcr: Option<u8>,
    pub(super) template: Option<Template>,
    pub(super) appraise_type: Option<AppraiseType>,
    pub(super) appraise_algos: Option<AlgoSet>,
    pub(super) keyrings: Option<TextRange>,
    pub(super) label: Option<TextRange>,
    pub(super) options: OptionSet,
}

impl Rule {
    /// A rule without any condition.
    pub(super) const fn new(action: Action) -> Self {
        Self {
            action,
            func: None,
            mask: None,
            fsmagic: None,
            fsuuid: None,
            fsname: None,
            fs_subtype: None,
            user: None,
            group: None,
            fowner: None,
            fgroup: None,
            subj_user: None,
            subj_role: None,
            subj_type: None,
            obj_user: None,
            obj_role: None,
            obj_type: None,
            pcr: None,
            template: None,
            appraise_type: None,
            appraise_algos: None,
            keyrings: None,
            label: None,
            options: OptionSet::EMPTY,
        }
    }

    /// What the rule asks for.
    pub const fn action(&self) -> Action {
        self.action
    }

    /// The one function to which the rule applies, or [`None`] for all that check files.
    pub const fn func(&self) -> Option<Func> {
        self.func
    }

    /// Which options the rule has.
    pub const fn options(&self) -> OptionSet {
        self.options
    }

    /// Whether the rule has the bare word or value `option`.
    pub const fn has(&self, option: OptionName) -> bool {
        self.options.contains(option)
    }

    /// The PCR that the rule names for its records.
    pub const fn pcr(&self) -> Option<u8> {
        self.pcr
    }

    /// The template that the rule names for its records.
    pub const fn template(&self) -> Option<Template> {
        self.template
    }

    /// Whether evaluating the rule needs the security label of the task.
    pub const fn needs_task_label(&self) -> bool {
        self.subj_user.is_some() || self.subj_role.is_some() || self.subj_type.is_some()
    }

    /// Whether evaluating the rule needs the security label of the file.
    pub const fn needs_file_label(&self) -> bool {
        self.obj_user.is_some() || self.obj_role.is_some() || self.obj_type.is_some()
    }
}

/// Whether `rule` can match an access of the function `func`. The owner of a policy lists these
/// rules per function for [`super::evaluate()`].
pub fn rule_applies_to(rule: &Rule, func: Func) -> bool {
    match rule.func {
        Some(named) => named == func,
        None => func.is_file(),
    }
}
