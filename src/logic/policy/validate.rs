// SPDX-License-Identifier: GPL-2.0

//! Which words go together in one rule: IMA's rules of validity, and those of `digest_list`.

use super::{
    action::Action,
    func::Func,
    option::{
        OptionName,
        OptionSet, //
    },
    rule::Rule,
    value::AppraiseType, //
};

/// The word that conflicts with the others.
#[derive(Clone, Copy)]
pub(super) enum Blame {
    Action,
    Option(OptionName),
}

type Verdict = Result<(), (Blame, &'static str)>;

/// Checks the words of a rule against each other; each is valid by itself.
pub(super) fn validate(rule: &Rule) -> Verdict {
    options_fit_action(rule)?;
    func_fits_action(rule)?;
    options_fit_func(rule)?;
    appraise_type_fits(rule)
}

const APPRAISE_OPTIONS: OptionSet = OptionSet::of(&[
    OptionName::AppraiseType,
    OptionName::AppraiseFlag,
    OptionName::AppraiseAlgos,
]);

fn options_fit_action(rule: &Rule) -> Verdict {
    let refuse = |option, reason| Err((Blame::Option(option), reason));

    if rule.action != Action::Measure {
        for option in [OptionName::Pcr, OptionName::Template] {
            if rule.has(option) {
                return refuse(option, "the option is for measure rules only");
            }
        }
    }
    if rule.action != Action::Appraise {
        let found = OptionName::ALL
            .into_iter()
            .find(|option| APPRAISE_OPTIONS.contains(*option) && rule.has(*option));
        if let Some(option) = found {
            return refuse(option, "the option is for appraise rules only");
        }
    }
    if rule.has(OptionName::DigestList)
        && !matches!(rule.action, Action::Measure | Action::Appraise)
    {
        let reason = "digest_list is for measure and appraise rules only";
        return refuse(OptionName::DigestList, reason);
    }
    Ok(())
}

fn func_fits_action(rule: &Rule) -> Verdict {
    match rule.func {
        Some(Func::KeyCheck | Func::CriticalData | Func::KexecCmdline)
            if rule.action.subject() != Action::Measure =>
        {
            let reason = "the function can only be measured: expected measure or dont_measure";
            Err((Blame::Option(OptionName::Func), reason))
        }
        Some(Func::DigestListCheck) if rule.action.subject() == Action::Hash => {
            let reason = "a digest list has its digest in its metadata: no digest is stored";
            Err((Blame::Action, reason))
        }
        Some(Func::SetxattrCheck) if rule.action != Action::Appraise => {
            let reason = "the function can only be appraised: expected appraise";
            Err((Blame::Action, reason))
        }
        Some(Func::SetxattrCheck) if !rule.has(OptionName::AppraiseAlgos) => {
            let reason = "the function needs appraise_algos=";
            Err((Blame::Option(OptionName::Func), reason))
        }
        _ => Ok(()),
    }
}

/// Options that every rule on data may have; `template=` as well, if it measures.
const DATA: OptionSet = OptionSet::of(&[
    OptionName::Func,
    OptionName::Uid,
    OptionName::Gid,
    OptionName::Pcr,
    OptionName::Template,
]);

/// Conditions on a task and a file, without how the file is accessed.
const COMMON: OptionSet = DATA.union(OptionSet::of(&[
    OptionName::Fsmagic,
    OptionName::Fsuuid,
    OptionName::Fsname,
    OptionName::FsSubtype,
    OptionName::Euid,
    OptionName::Egid,
    OptionName::Fowner,
    OptionName::Fgroup,
    OptionName::SubjUser,
    OptionName::SubjRole,
    OptionName::SubjType,
    OptionName::ObjUser,
    OptionName::ObjRole,
    OptionName::ObjType,
]));

/// The options of rules on files that the kernel reads for itself.
const READ: OptionSet = COMMON
    .union(APPRAISE_OPTIONS)
    .with(OptionName::Mask)
    .with(OptionName::PermitDirectio)
    .with(OptionName::DigestList);

fn allowed(func: Option<Func>) -> OptionSet {
    match func {
        None
        | Some(
            Func::FileCheck
            | Func::MmapCheck
            | Func::MmapCheckReqprot
            | Func::BprmCheck
            | Func::CredsCheck
            | Func::FirmwareCheck
            | Func::PolicyCheck,
        ) => READ.with(OptionName::DigestType),
        Some(Func::ModuleCheck | Func::KexecKernelCheck | Func::KexecInitramfsCheck) => READ,
        Some(Func::DigestListCheck) => READ.minus(OptionSet::of(&[
            OptionName::DigestList,
            OptionName::AppraiseAlgos,
            OptionName::PermitDirectio,
        ])),
        Some(Func::KexecCmdline) => COMMON,
        Some(Func::KeyCheck) => DATA.with(OptionName::Keyrings),
        Some(Func::CriticalData) => DATA.with(OptionName::Label),
        Some(Func::SetxattrCheck) => OptionSet::EMPTY
            .with(OptionName::Func)
            .with(OptionName::AppraiseAlgos),
    }
}

fn options_fit_func(rule: &Rule) -> Verdict {
    let others = rule.options.minus(allowed(rule.func));
    let Some(option) = OptionName::ALL.into_iter().find(|o| others.contains(*o)) else {
        return Ok(());
    };
    let reason = match (option, rule.func) {
        (OptionName::Keyrings, _) => "keyrings= is for func=KEY_CHECK only",
        (OptionName::Label, _) => "label= is for func=CRITICAL_DATA only",
        (OptionName::DigestList, Some(Func::DigestListCheck)) => {
            "a digest list is not looked up in digest lists"
        }
        (
            OptionName::AppraiseAlgos | OptionName::DigestType | OptionName::PermitDirectio,
            Some(Func::DigestListCheck),
        ) => "a digest list is appraised by the signature in its metadata",
        (OptionName::DigestType, _) => "the function has no files with a verity digest",
        _ => "the option does not go with the rule's func=",
    };
    Err((Blame::Option(option), reason))
}

fn appraise_type_fits(rule: &Rule) -> Verdict {
    let verity = rule.has(OptionName::DigestType);
    match rule.appraise_type {
        Some(AppraiseType::Imasig | AppraiseType::ImasigOrModsig) if verity => {
            let reason = "digest_type=verity needs appraise_type=sigv3";
            Err((Blame::Option(OptionName::AppraiseType), reason))
        }
        None if verity && rule.action == Action::Appraise => {
            let reason = "digest_type=verity needs appraise_type=sigv3";
            Err((Blame::Option(OptionName::DigestType), reason))
        }
        Some(AppraiseType::ImasigOrModsig)
            if !matches!(
                rule.func,
                Some(Func::ModuleCheck | Func::KexecKernelCheck | Func::KexecInitramfsCheck)
            ) =>
        {
            let reason = "modsig is for modules and kexec images only";
            Err((Blame::Option(OptionName::AppraiseType), reason))
        }
        _ => Ok(()),
    }
}
