// SPDX-License-Identifier: GPL-2.0

//! `digestctl policy`

use crate::Place;

#[test]
fn a_good_policy_is_counted() {
    let place = Place::new();
    place.file(
        "p",
        "# mine\n\nmeasure func=BPRM_CHECK digest_list\ndont_measure uid>99\n",
    );
    let ran = place.run("policy check p").good();
    assert_eq!(ran.out, "p: 2 rules, all good\n");
}

#[test]
fn every_bad_line_is_named_with_its_place_and_the_reason() {
    let place = Place::new();
    place.file("p", "measure\nmeasure  fsmagic=zz\nmeasures\n");
    let ran = place.run("policy check p").said_no("p: 2 rules refused");
    assert_eq!(
        ran.err,
        "p: line 2, column 10: 'fsmagic=zz': expected a hexadecimal number\n\
         p: line 3, column 1: 'measures': expected an action or an option; this is neither\n\
         digestctl: p: 2 rules refused\n"
    );
}

#[test]
fn what_the_module_does_not_serve_is_good_only_as_language() {
    let place = Place::new();
    place.file("p", "measure func=KEXEC_CMDLINE\n");
    place.run("policy check p").said_no("cannot be served");
    place.run("policy check --whole-language p").good();
}

#[test]
fn what_is_no_text_is_refused() {
    let place = Place::new();
    place.file("p", b"measure\n\xff");
    place
        .run("policy check p")
        .said_no("p: line 2, column 1: expected UTF-8 text");
}

#[test]
fn a_policy_without_a_rule_is_one_as_in_the_kernel() {
    let place = Place::new();
    place.file("p", "# nothing\n");
    let ran = place.run("policy check p").good();
    assert_eq!(ran.out, "p: 0 rules, all good\n");
}

#[test]
fn a_pcr_that_the_kernel_refuses_is_refused() {
    let place = Place::new();
    for pcr in (0..=7).chain([9, 10]).chain(16..=23) {
        place.file(
            "p",
            format!("measure\nmeasure func=MODULE_CHECK pcr={pcr}\n"),
        );
        let ran = place.run("policy check p").said_no("p: 1 rule refused");
        assert!(
            ran.err.contains(&format!("p: line 2: 'pcr={pcr}': ")),
            "{}",
            ran.err
        );
        place.run("policy check --whole-language p").good();
        place
            .run("appraise --dry-run p --list none .")
            .failed(&format!("'pcr={pcr}'"));
    }
    for pcr in [8, 11, 12, 15] {
        place.file("p", format!("measure pcr={pcr}\n"));
        place.run("policy check p").good();
    }
}

#[test]
fn a_label_of_data_that_never_come_is_refused() {
    let place = Place::new();
    place.file("p", "measure func=CRITICAL_DATA label=selinux\n");
    let ran = place.run("policy check p").said_no("1 rule refused");
    assert!(
        ran.err
            .contains("'label=selinux': no data with this label come"),
        "{}",
        ran.err
    );
    place.file("p", "measure func=CRITICAL_DATA label=selinux|modules\n");
    place.run("policy check p").good();
}

#[test]
fn the_names_of_built_in_policies_are_told() {
    let place = Place::new();
    place
        .run("policy builtin")
        .good()
        .printed("exec_tcb\nsecure_boot\nappraise_tcb\n");
}

#[test]
fn a_check_tells_programs_what_it_tells_people() {
    let place = Place::new();
    place.file("p", "measure uid=00\nmeasures\n");
    let ran = place.run("policy check --json p");
    assert_eq!(ran.code, 1);
    let value: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let expected = serde_json::json!({
        "good": false,
        "rules": ["measure uid=0"],
        "refused": [{"line": 2, "column": 1, "reason": value["refused"][0]["reason"]}],
    });
    assert_eq!(value, expected);
}

#[test]
fn built_in_policies_pass_the_check() {
    let place = Place::new();
    let text = place.run("policy builtin exec_tcb|tcb").good().out;
    assert!(text.contains("measure func=BPRM_CHECK mask=MAY_EXEC digest_list\n"));
    place
        .run_with_input("policy check -", &text)
        .good()
        .printed("standard input: ");
    let all = "tcb|exec_tcb|secure_boot|appraise_tcb|appraise_exec_tcb|critical_data";
    let text = place
        .run(&format!("policy builtin --whole-language {all}"))
        .good()
        .out;
    place
        .run_with_input("policy check --whole-language -", &text)
        .good();
}

#[test]
fn an_unknown_built_in_policy_is_refused() {
    let place = Place::new();
    place
        .run("policy builtin tbc")
        .failed("there is no built-in policy 'tbc': expected tcb, ");
}
