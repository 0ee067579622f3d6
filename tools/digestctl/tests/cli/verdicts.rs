// SPDX-License-Identifier: GPL-2.0

//! What `digestctl verify` says to people, to programs and by its status, and signatures that no
//! longer belong to a list.

use std::{
    fs,
    process::Command, //
};

use crate::{
    sign::with_keys,
    Place, //
};

/// A list that Alice has signed.
fn signed() -> Place {
    let place = with_keys();
    place
        .run("sign list --key alice.key --cert alice.pem")
        .good();
    place
}

#[test]
fn a_list_on_standard_input_has_its_signature_on_standard_output() {
    let place = signed();
    let list = place.read("list");
    let (key, cert) = ("alice.key", "alice.pem");
    let output = Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
        .current_dir(place.path("."))
        .args(["sign", "-", "--key", key, "--cert", cert])
        .stdin(fs::File::open(place.path("list")).expect("a list"))
        .output()
        .expect("digestctl runs");
    assert!(output.status.success(), "{output:?}");
    place.file("copy", list);
    place.file("copy.p7s", output.stdout);
    place.run("verify copy --cert alice.pem").good();
    place
        .run("verify - --cert alice.pem")
        .failed("a list on standard input has no signature beside it");
}

#[test]
fn a_verdict_is_told_to_programs_as_well() {
    let place = signed();
    fs::copy(place.path("list"), place.path("bare")).expect("a copy");
    let ran = place.run("verify --json list bare --cert alice.pem");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let value: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(
        value,
        serde_json::json!([
            {"list": "list", "good": true, "signature": "PKCS#7", "reason": null},
            {"list": "bare", "good": false, "signature": null,
             "reason": "there is no signature beside it (.p7s or .sig)"},
        ])
    );
}

#[test]
fn what_cannot_be_read_is_no_verdict() {
    let place = signed();
    let ran = place
        .run("verify missing list --cert alice.pem")
        .failed("digestctl: cannot read missing: No such file")
        .failed("1 list could not be read");
    assert!(!ran.err.contains("missing: cannot"), "{}", ran.err);
    place.file("text", "no certificate");
    let ran = place.run("verify list --cert text").failed("text");
    assert!(!ran.err.contains("/tmp"), "{}", ran.err);
}

#[test]
fn a_signature_of_a_list_that_was_there_before_does_not_stay() {
    let place = signed();
    place.file("other/file", "other content");
    let ran = place.run("generate other -o list");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran
        .err
        .contains("note: list.p7s was of the list that was there before"));
    assert!(!place.has("list.p7s"));
    // The same list has the same signature.
    place
        .run("sign list --key alice.key --cert alice.pem")
        .good();
    place.run("generate other -o list").good();
    place.run("verify list --cert alice.pem").good();
}
