// SPDX-License-Identifier: GPL-2.0

//! `digestctl appraise --dry-run` over trees and given lists; over loaded lists it is tested in the
//! guest.

use std::{
    fs,
    os::unix::fs::PermissionsExt, //
};

use crate::{
    sha256,
    Place, //
};

const POLICY: &str = "appraise func=BPRM_CHECK digest_list\nappraise func=MODULE_CHECK\n";

/// Two programs of which a signed list knows one, a module, and a file of neither kind.
fn tree() -> Place {
    let place = Place::new();
    place.file("policy", POLICY);
    for name in ["known", "unknown"] {
        let path = place.file(&format!("tree/{name}"), name);
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("permissions");
    }
    place.file("tree/data", "data");
    place.file("tree/one.ko", "module");
    place.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -subj /CN=test -days 3650 -batch \
         -addext keyUsage=digitalSignature",
    );
    place.run("generate tree/known -o list").good();
    place.run("sign list --key key --cert cert").good();
    place
}

#[test]
fn what_a_rule_wants_by_its_digest_in_fs_verity_is_not_judged_by_its_content() {
    let place = tree();
    place.file(
        "policy",
        "measure func=BPRM_CHECK digest_type=verity template=ima-ngv2\nappraise func=BPRM_CHECK digest_list\n",
    );
    place
        .run("appraise --dry-run policy --list list --cert cert tree/known")
        .failed("1 file could not be judged");
}

#[test]
fn each_access_is_told_with_the_list_or_the_reason() {
    let place = tree();
    let ran = place.run("appraise --dry-run policy --list list --cert cert tree");
    let dir = place.path("tree").canonicalize().expect("the tree");
    let dir = dir.display();
    let ran = ran.said_no("2 accesses would be denied");
    let out = ran.out.replace(&format!("{dir}/"), "tree/");
    let unknown = sha256("unknown");
    let module = sha256("module");
    for line in [
        "allowed BPRM_CHECK: tree/known, immutable in the list list, signed by a given key (PKCS#7)\n",
        &format!(
            "denied BPRM_CHECK: tree/unknown, missing-hash, sha256:{unknown}, \
             by the rule: appraise func=BPRM_CHECK digest_list\n"
        ),
        &format!("denied MODULE_CHECK: tree/one.ko, missing-hash, sha256:{module}, "),
        "1 allowed, 2 denied, 4 not appraised\n",
    ] {
        assert!(out.contains(line), "{line} is not in {out}");
    }
    let ran = place.run("appraise --dry-run policy --denied --list list --cert cert tree");
    assert!(!ran.out.contains("allowed BPRM"), "{}", ran.out);
}

#[test]
fn what_is_good_returns_zero() {
    let place = tree();
    place
        .run("appraise --dry-run policy --list list --cert cert tree/known tree/data")
        .good()
        .printed("1 allowed, 0 denied, 2 not appraised\n");
}

#[test]
fn a_second_function_is_asked_where_a_rule_names_it() {
    let place = tree();
    place.file("policy", "appraise func=CREDS_CHECK euid=0 digest_list\n");
    place
        .run("appraise --dry-run policy --list list --cert cert tree/known")
        .good()
        .printed("allowed CREDS_CHECK: ");
    place
        .run("appraise --dry-run policy --list list --cert cert --uid 1000 tree/unknown")
        .good()
        .printed("0 allowed, 0 denied, ");
}

#[test]
fn a_list_that_nobody_signed_does_not_count() {
    let place = tree();
    place
        .run("appraise --dry-run policy --list list tree")
        .failed("list");
    fs::remove_file(place.path("list.p7s")).expect("a signature");
    place
        .run("appraise --dry-run policy --list list --cert cert tree")
        .failed("there is no signature beside it");
}

#[test]
fn a_policy_is_a_file_or_names_of_built_in_ones() {
    let place = tree();
    let ran = place.run("appraise --dry-run appraise_exec_tcb --list list --cert cert tree/known");
    assert!(ran.out.contains("0 denied"), "{}{}", ran.out, ran.err);
    place
        .run("appraise --dry-run nonsense --list list --cert cert tree")
        .failed("nonsense is no file");
    place.file("policy", "appraise func=NONSENSE\n");
    place
        .run("appraise --dry-run policy --list list --cert cert tree")
        .failed("policy: line 1");
}

#[test]
fn without_the_module_lists_have_to_be_named() {
    let place = tree();
    place
        .run("appraise --dry-run policy tree --securityfs nowhere/digest_lists")
        .failed("cannot ask for loaded lists (--list names others)");
}
