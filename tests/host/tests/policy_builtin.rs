// SPDX-License-Identifier: GPL-2.0

//! The built-in policies.

use digest_logic::policy::{
    builtin,
    rules,
    write_selection,
    Action,
    ActionSet,
    Capabilities,
    Func,
    OptionName,
    Rule,
    SelectionError,
    BUILTIN_NAMES, //
};

fn selected<'s>(
    selection: &'s str,
    capabilities: &Capabilities,
) -> Result<String, SelectionError<'s>> {
    let mut text = String::new();
    write_selection(selection, capabilities, &mut text).map(|()| text)
}

fn parsed(text: &str, capabilities: &Capabilities) -> Vec<Rule> {
    rules(text, capabilities)
        .map(|rule| rule.expect("a good rule"))
        .collect()
}

#[test]
fn every_built_in_policy_is_good_and_complete() {
    for name in BUILTIN_NAMES {
        let text = builtin(name).expect("known");
        assert!(!parsed(text, &Capabilities::ALL).is_empty(), "{name}");
        assert_eq!(selected(name, &Capabilities::ALL).as_deref(), Ok(text));
    }
    assert_eq!(builtin("fail_securely"), None);
}

#[test]
fn every_rule_on_files_looks_in_digest_lists() {
    for name in BUILTIN_NAMES {
        for rule in parsed(builtin(name).expect("known"), &Capabilities::ALL) {
            let looks = rule.has(OptionName::DigestList);
            let should = matches!(rule.action(), Action::Measure | Action::Appraise)
                && !matches!(
                    rule.func(),
                    Some(Func::DigestListCheck | Func::CriticalData)
                );
            assert_eq!(looks, should, "{name}: {rule:?}");
        }
    }
}

#[test]
fn what_is_not_served_is_left_out() {
    let text = selected("tcb", &Capabilities::SERVED).expect("served");
    let rules = parsed(&text, &Capabilities::SERVED);
    let measure: Vec<_> = rules
        .iter()
        .filter(|rule| rule.action() == Action::Measure)
        .map(|rule| rule.func().expect("named"))
        .collect();
    assert_eq!(
        measure,
        [
            Func::MmapCheck,
            Func::BprmCheck,
            Func::FileCheck,
            Func::FileCheck,
            Func::ModuleCheck,
            Func::FirmwareCheck,
            Func::PolicyCheck,
        ]
    );
    assert_eq!(rules.len(), 14 + measure.len());

    let text = selected("exec_tcb", &Capabilities::SERVED).expect("served");
    assert!(!text.contains("FILE_CHECK"));
    assert!(text.contains("func=BPRM_CHECK mask=MAY_EXEC digest_list\n"));
}

#[test]
fn a_policy_of_which_nothing_is_served_is_refused_by_name() {
    let measure_only = Capabilities {
        actions: ActionSet::EMPTY
            .with(Action::Measure)
            .with(Action::DontMeasure),
        ..Capabilities::SERVED
    };
    for name in ["secure_boot", "appraise_tcb", "appraise_exec_tcb"] {
        assert_eq!(
            selected(name, &measure_only),
            Err(SelectionError::Unserved(name))
        );
        selected(name, &Capabilities::SERVED).expect("served");
    }
    let error = selected("tcb|secure_boot", &measure_only).expect_err("refused");
    assert!(error.to_string().contains("'secure_boot' is not served"));
    let both = selected("critical_data|exec_tcb", &Capabilities::SERVED).expect("served");
    assert!(both.contains("func=BPRM_CHECK") && both.ends_with("func=CRITICAL_DATA\n"));
}

#[test]
fn rules_that_only_leave_out_are_no_policy() {
    let capabilities = Capabilities {
        actions: (Capabilities::SERVED.actions).minus(ActionSet::of(&[Action::Appraise])),
        ..Capabilities::SERVED
    };
    assert_eq!(
        selected("appraise_tcb", &capabilities),
        Err(SelectionError::Unserved("appraise_tcb"))
    );
}

#[test]
fn policies_are_joined_once_each_in_a_fixed_order() {
    let all = &Capabilities::ALL;
    let expected = format!(
        "{}{}{}",
        builtin("tcb").expect("known"),
        builtin("secure_boot").expect("known"),
        builtin("appraise_tcb").expect("known")
    );
    for selection in [
        "tcb|secure_boot|appraise_tcb",
        "appraise_tcb|secure_boot|tcb",
        "appraise_tcb | tcb|tcb|| secure_boot \n",
    ] {
        assert_eq!(
            selected(selection, all).as_ref(),
            Ok(&expected),
            "{selection}"
        );
    }
}

#[test]
fn unknown_and_empty_selections_are_refused() {
    let all = &Capabilities::ALL;
    assert_eq!(
        selected("tcb|tbc", all),
        Err(SelectionError::Unknown("tbc"))
    );
    let error = selected("x\n", all).expect_err("unknown").to_string();
    assert!(error.contains("'x': expected tcb, exec_tcb"), "{error}");
    for selection in ["", "|", " | "] {
        assert_eq!(selected(selection, all), Err(SelectionError::Empty));
    }
}
