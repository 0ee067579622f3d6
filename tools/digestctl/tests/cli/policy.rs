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
    let ran = place.run("policy check p").failed("p: 2 rules refused");
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
    place.run("policy check p").failed("cannot be served");
    place.run("policy check --whole-language p").good();
}

#[test]
fn a_policy_without_a_rule_or_that_is_no_text_is_refused() {
    let place = Place::new();
    place.file("p", "# nothing\n");
    place.run("policy check p").failed("the policy has no rule");
    place.file("p", b"measure\n\xff");
    place
        .run("policy check p")
        .failed("p: line 2, column 1: expected UTF-8 text");
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
