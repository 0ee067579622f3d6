// SPDX-License-Identifier: GPL-2.0

//! The policy language: IMA's rules plus `digest_list`.
//!
//! The grammar is that of the kernel's `Documentation/ABI/testing/ima_policy`, with two additions:
//! the option `digest_list`, which switches the lookup in digest lists on for one rule, and
//! `func=DIGEST_LIST_CHECK`, the reading of the lists themselves.
//!
//! The path through the files is text → tokens → [`Rule`] ([`rules()`] or [`parse_line()`]) →
//! [`evaluate()`] → [`Decision`]. A [`Rule`] is a plain value. Strings (a file system, a label)
//! stay in the policy's text, which the owner keeps with the rules; the rule has a [`TextRange`]
//! into it. [`Capabilities`] refuses words of the language that the module does not serve.
//!
//! Where the language is stricter than IMA's parser:
//!
//! - No option may be repeated in a rule. IMA silently takes the last `pcr=`, `appraise_type=`,
//!   `digest_type=` and `fsname=`.
//! - The order of words does not matter. IMA refuses `template=` before `measure`, and accepts
//!   `digest_type=verity` with `imasig` if it comes second.
//! - `pcr=` ends at 23, the last PCR of a TPM 2.0 platform. IMA accepts up to 63.
//! - `appraise_flag=` accepts its one documented value, on `appraise` rules only.
//! - `gid=` on `KEY_CHECK` and `CRITICAL_DATA` rules is compared. IMA accepts and ignores it.
//!
//! This module does not store or lock policies. Their owner does.

mod action;
mod builtin;
mod capabilities;
mod display;
mod error;
mod evaluate;
mod func;
mod option;
mod parse;
mod read;
mod rule;
mod text;
mod tokens;
mod validate;
mod value;
mod words;

pub use self::{
    action::{
        Action,
        ActionSet, //
    },
    builtin::{
        builtin,
        write_selection,
        SelectionError,
        BUILTIN_NAMES, //
    },
    capabilities::{
        Capabilities,
        LabelSet,
        SignatureSet,
        MODULES_LABEL,
        POLICY_LABEL, //
    },
    display::write_rule,
    error::{
        ErrorKind,
        PolicyError, //
    },
    evaluate::{
        evaluate,
        Appraise,
        Context,
        Decision,
        File,
        Measure,
        Task, //
    },
    func::{
        Func,
        FuncSet, //
    },
    option::{
        OptionName,
        OptionSet, //
    },
    parse::{
        parse_line,
        LINE_MAX, //
    },
    rule::{
        rule_applies_to,
        Rule, //
    },
    text::{
        rules,
        text_of,
        Rules,
        TextRange, //
    },
    value::{
        AlgoSet,
        AppraiseType,
        Compare,
        IdCondition,
        Mask,
        MaskCondition,
        Template,
        TemplateSet,
        UserCondition, //
    }, //
};
