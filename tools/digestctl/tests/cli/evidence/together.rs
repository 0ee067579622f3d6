// SPDX-License-Identifier: GPL-2.0

//! Two runs at once: on the state of a machine, and on a repository.

use std::{
    process::{
        Child,
        Command, //
    },
    thread::sleep,
    time::Duration, //
};

use serde_json::Value;

use super::{
    prepared,
    sha256,
    verdict,
    Machine,
    NONCE, //
};

/// Holds the directory for two seconds, and does something then.
fn hold(machine: &Machine, directory: &str, then: &str) -> Child {
    let script = format!("touch held; sleep 2; {then}");
    let held = Command::new("flock")
        .current_dir(machine.place.path("."))
        .args([directory, "sh", "-c", &script])
        .spawn()
        .expect("flock runs");
    while !machine.place.has("held") {
        sleep(Duration::from_millis(10));
    }
    held
}

#[test]
fn of_two_runs_for_one_machine_the_second_does_not_write_what_the_first_has_moved_on() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    let state = String::from_utf8(place.read("states/m")).expect("text");
    // Another run has judged more records meanwhile.
    let newer = state.replace("count=7\n", "count=9\n");
    assert_ne!(newer, state);
    place.file("newer", &newer);
    let mut held = hold(&machine, "states", "cp newer states/m");
    let ran = machine.verify("honest", "--state states/m");
    assert!(held.wait().expect("it ends").success());
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(
        ran.err
            .contains("states/m was written by another run meanwhile"),
        "{}",
        ran.err
    );
    assert_eq!(place.read("states/m"), newer.as_bytes());
    // By itself each is taken, whichever name the directory has.
    place.file("states/m", &state);
    place.file(
        "machines",
        format!("honest\t{NONCE}\tak.pem\tstates/m\nhonest\t{NONCE}\tak.pem\t./states/n\n"),
    );
    let ran = machine.digestctl(
        "verify-evidence --fleet machines --repo repo --trust alice.pem --policy expected",
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn a_list_that_revokes_is_noted_before_it_is_there_and_two_runs_add_one_after_the_other() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    place.file("revoked/program", "a bad program");
    machine
        .digestctl("generate revoked --revoked -o gone")
        .good();
    // The disk is full when it comes.
    let hex = sha256(place.read("gone"));
    let prefix = format!("repo/objects/sha256/{}", &hex[..2]);
    if !place.has(&prefix) {
        place.file(&prefix, "no directory");
        let ran = machine.digestctl("repo add repo gone");
        assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
        let ran = machine.verify("honest", "");
        assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
        assert!(
            ran.err.contains("which revokes: add it again"),
            "{}",
            ran.err
        );
        // Another list that comes does not make up for it.
        machine.digestctl("repo add repo base").good();
        let ran = machine.verify("honest", "");
        assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
        std::fs::remove_file(place.path(&prefix)).expect("removed");
    }
    let mut held = hold(&machine, "repo", "cp repo/revocations before");
    let ran = machine.digestctl("repo add repo gone");
    assert!(held.wait().expect("it ends").success());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err
            .contains("note: another run works in repo; waiting for it"),
        "{}",
        ran.err
    );
    assert_eq!(
        place.read("repo/revocations"),
        format!("sha256:{hex}\n").as_bytes()
    );
    let value: Value = serde_json::from_str(&machine.verify("honest", "--json").out).expect("JSON");
    assert_eq!(value["verdict"], "trusted");
}
