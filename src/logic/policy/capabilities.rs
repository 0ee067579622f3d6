// SPDX-License-Identifier: GPL-2.0

//! Which part of the language the module serves, and the reasons for the rest.

use super::{
    action::{
        Action,
        ActionSet, //
    },
    func::{
        Func,
        FuncSet, //
    },
    option::{
        OptionName,
        OptionSet, //
    },
    tokens::is,
    value::{
        AppraiseType,
        Template,
        TemplateSet, //
    }, //
};

/// What verified signatures may cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureSet {
    /// The content.
    OfContent,
    /// The content, and the fs-verity digest.
    All,
}

/// Which data a rule of the function `CRITICAL_DATA` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelSet {
    /// Those that the module itself measures.
    Own,
    /// Those of any part of the kernel.
    All,
}

/// The label of the module's own policy as critical data.
pub const POLICY_LABEL: &str = "digest_lists";

/// The label under which IMA, and this module, measure kernel modules from memory.
pub const MODULES_LABEL: &str = "modules";

/// Which part of the language is served. What is not is refused by name while parsing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The actions that have an effect.
    pub actions: ActionSet,
    /// The functions at which rules are evaluated.
    pub funcs: FuncSet,
    /// The options that are honoured.
    pub options: OptionSet,
    /// The templates in which records can be written.
    pub templates: TemplateSet,
    /// The signatures that can be verified.
    pub signatures: SignatureSet,
    /// The labels of data that come.
    pub labels: LabelSet,
}

impl Capabilities {
    /// The whole language.
    pub const ALL: Self = Self {
        actions: ActionSet::ALL,
        funcs: FuncSet::ALL,
        options: OptionSet::ALL,
        templates: TemplateSet::ALL,
        signatures: SignatureSet::All,
        labels: LabelSet::All,
    };

    /// What this version of the module serves.
    pub const SERVED: Self = Self {
        actions: ActionSet::ALL,
        funcs: FuncSet::ALL.minus(FuncSet::of(&[Func::KexecCmdline, Func::SetxattrCheck])),
        options: OptionSet::ALL,
        templates: TemplateSet::of(&[
            Template::ImaNg,
            Template::ImaSig,
            Template::ImaNgv2,
            Template::ImaSigv2,
            Template::ImaBuf,
        ]),
        signatures: SignatureSet::OfContent,
        labels: LabelSet::Own,
    };

    pub(super) fn check_action(&self, action: Action) -> Result<(), &'static str> {
        if self.actions.contains(action) {
            return Ok(());
        }
        Err(match action.subject() {
            Action::Appraise => "appraisal is not served by this version of the module",
            Action::Audit => "audit records of files are not served by this version of the module",
            Action::Hash => "storing digests is not served by this version of the module",
            _ => "the action is not served by this version of the module",
        })
    }

    pub(super) fn check_func(&self, func: Func) -> Result<(), &'static str> {
        if self.funcs.contains(func) {
            return Ok(());
        }
        Err(match func {
            Func::KexecCmdline => {
                "cannot be served: the kernel shows a module no kexec command line"
            }
            Func::SetxattrCheck => {
                "cannot be served: IMA alone decides which digests security.ima may hold"
            }
            _ => "the function is not served by this version of the module",
        })
    }

    pub(super) fn check_option(&self, option: OptionName) -> Result<(), &'static str> {
        if self.options.contains(option) {
            return Ok(());
        }
        Err("the option is not served by this version of the module")
    }

    pub(super) fn check_appraise_type(&self, kind: AppraiseType) -> Result<(), &'static str> {
        if kind != AppraiseType::Sigv3 || self.signatures == SignatureSet::All {
            return Ok(());
        }
        Err("signatures of fs-verity digests are not served by this version of the module")
    }

    /// Whether data with one of the labels, joined by `|`, may come.
    pub(super) fn check_labels(&self, labels: &str) -> Result<(), &'static str> {
        let own = |label| [POLICY_LABEL, MODULES_LABEL].contains(&label);
        if self.labels == LabelSet::All || labels.split(is('|')).any(own) {
            return Ok(());
        }
        Err("no data with this label come: expected digest_lists or modules")
    }

    pub(super) fn check_template(&self, template: Template) -> Result<(), &'static str> {
        if self.templates.contains(template) {
            return Ok(());
        }
        Err("the template is not served by this version of the module")
    }
}
