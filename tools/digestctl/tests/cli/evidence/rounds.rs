// SPDX-License-Identifier: GPL-2.0

//! Rounds: what a verifier remembers, what an update explains, and many machines in one run.

use serde_json::Value;

use super::{
    digest_of,
    named,
    own,
    prepared,
    shared,
    states::judged,
    verdict,
    Machine,
    NONCE, //
};

/// A load of the metadata in a file.
pub(super) fn load(machine: &Machine, metadata: &str) {
    let digest = digest_of(machine.place.read(metadata));
    machine.append(&named(digest, "digest_lists_metadata:/metadata"));
}

/// The removal of a list.
pub(super) fn remove(machine: &Machine, list: &str) {
    let list = digest_of(machine.place.read(list));
    machine.append(&own("digest_lists_remove", &format!("{list}\n")));
}

#[test]
fn a_load_that_is_refused_in_the_next_round_leaves_what_an_earlier_one_has_loaded() {
    let Some(machine) = prepared() else { return };
    machine.digestctl("repo add repo metadata").good();
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    // Of the lists of these metadata one is in force, and one was removed again.
    load(&machine, "metadata");
    machine.attest("second", "--since 7").good();
    let ran = machine.verify("second", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("lists: 2\n")
        .printed("  old (1 digest), CN=alice\n");

    let digest = digest_of(machine.place.read("metadata"));
    machine.append(&named(digest, "digest_lists_refused"));
    machine.attest("third", "--since 8").good();
    let ran = machine.verify("third", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("lists: 1\n")
        .printed("  base serial 2 (2 digests), CN=alice\n");
    remove(&machine, "base");
    machine.attest("fourth", "--since 9").good();
    let ran = machine.verify("fourth", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("lists: 0\n");
}

/// Signs edition 3 of the list `base`, with a newer program, and puts it into the repository.
pub(super) fn publish_edition(machine: &Machine) {
    machine.place.file("tree3/program", "a newer program");
    for line in [
        "generate tree3 -o base3 --name base --serial 3",
        "sign base3 --key alice.key --cert alice.pem",
        "metadata --root . base3 -o metadata3",
        "repo add repo base3",
    ] {
        machine.digestctl(line).good();
    }
}

#[test]
fn an_edition_that_is_refused_in_the_next_round_leaves_its_number_as_the_least() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    publish_edition(&machine);
    load(&machine, "metadata3");
    machine
        .attest("second", "--since 7 --metadata metadata3")
        .good();
    let ran = machine.verify("second", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    let digest = digest_of(place.read("metadata3"));
    machine.append(&named(digest, "digest_lists_refused"));
    machine
        .attest("third", "--since 8 --metadata metadata3")
        .good();
    let ran = machine.verify("third", "--state states/m");
    verdict(&ran, 1, "NOT TRUSTED: list-rollback");
    // The next attempt to load it ends that.
    load(&machine, "metadata3");
    remove(&machine, "base");
    machine
        .attest("fourth", "--since 8 --metadata metadata3")
        .good();
    let ran = machine.verify("fourth", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
}

#[test]
fn the_verdict_says_what_the_update_of_a_list_explains() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    publish_edition(&machine);
    // The new program runs before its list is there, and the old library after its list went.
    machine.append(&named(digest_of("a newer program"), "/usr/bin/program"));
    load(&machine, "metadata3");
    remove(&machine, "base");
    machine.append(&named(digest_of("a library"), "/usr/lib/library"));
    machine.append(&named(
        digest_of(place.read("of-later/tool")),
        "/usr/bin/again",
    ));
    machine
        .attest("second", "--since 7 --metadata metadata3")
        .good();
    let ran = machine.verify("second", "");
    verdict(&ran, 2, "NOT JUDGED: needs-whole-list");
    let ran = machine.verify("second", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("updates: 1\n")
        .printed("  base serial 2 to 3, CN=alice, record 8: explains 2 files with a record\n");
    // Nothing was updated since.
    machine.attest("third", "--since 12").good();
    let ran = machine.verify("third", "--state states/m --json").good();
    let value: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(value["updates"].as_array().map(Vec::len), Some(0));

    // The state names the lists since the start. Files that a run left behind are none.
    place.file("states/lists/.digestctl-left", "list");
    place.file("states/.digestctl-left", "version");
    machine
        .digestctl("repo gc repo --states states")
        .good()
        .printed("0 files deleted\n");
}

#[test]
fn a_file_of_lists_that_was_damaged_is_written_anew_with_the_state() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    let verify = || machine.verify("honest", "--state damaged/m");
    verdict(&verify(), 0, "TRUSTED");
    let lists = crate::names(&place.path("damaged/lists"));
    assert_eq!(lists.len(), 1);
    place.file(&format!("damaged/lists/{}", lists[0]), "");
    verify().failed("has changed");
    std::fs::remove_file(place.path("damaged/m")).expect("to begin anew");
    verdict(&verify(), 0, "TRUSTED");
    verdict(&verify(), 0, "TRUSTED");
}

#[test]
fn many_machines_are_judged_in_one_run_each_with_its_own_verdict_and_state() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    let other = "1".repeat(64);
    place.file("garbage.json", "{}");
    place.file(
        "fleet",
        format!(
            "# evidence, nonce, key, state\n\
             honest\t{NONCE}\tak.pem\tstates/fleet-one\n\
             honest\t{other}\tak.pem\tstates/fleet-two\n\
             nothing.json\t{NONCE}\tak.pem\t-\n\
             garbage.json\t{NONCE}\tak.pem\t-\n\
             honest\t{NONCE}\tbob.pem\t-\n\
             honest\t{NONCE}\tak.pem\t-\n"
        ),
    );
    std::fs::create_dir_all(place.path("states")).expect("a directory");
    let by = "--repo repo --trust alice.pem --policy expected";
    let ran = machine.digestctl(&format!("verify-evidence --fleet fleet {by}"));
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let lines: Vec<_> = ran
        .out
        .lines()
        .filter(|line| line.contains("TRUSTED") || line.contains("JUDGED"))
        .collect();
    assert_eq!(lines.len(), 6, "{}", ran.out);
    assert_eq!(lines[0], "honest: TRUSTED");
    assert_eq!(lines[1], "honest: NOT TRUSTED: nonce");
    assert!(lines[2].starts_with("nothing.json: NOT JUDGED: cannot read"));
    assert_eq!(lines[3], "garbage.json: NOT JUDGED: evidence-malformed");
    assert!(lines[4].starts_with("honest: NOT JUDGED: bob.pem is no public key"));
    assert_eq!(lines[5], "honest: TRUSTED");
    ran.printed("6 machines: 2 trusted, 1 not trusted, 3 not judged\n");
    assert!(place.has("states/fleet-one") && !place.has("states/fleet-two"));
    let judged = |path: &str| judged(&place.read(path));

    // What is remembered is what one run for one machine would have remembered.
    verdict(
        &machine.verify("honest", "--state states/fleet-alone"),
        0,
        "TRUSTED",
    );
    assert_eq!(judged("states/fleet-alone"), judged("states/fleet-one"));
    let ran = machine.digestctl(&format!("verify-evidence --fleet fleet --json {by}"));
    let values: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let verdicts: Vec<_> = values.iter().map(|value| &value["verdict"]).collect();
    let wanted = [
        "trusted",
        "not-trusted",
        "not-judged",
        "not-judged",
        "not-judged",
        "trusted",
    ];
    assert_eq!(verdicts, wanted);
    assert_eq!(values[1]["evidence"], "honest");
    assert_eq!(values[1]["findings"][0]["reason"], "nonce");

    place.file(
        "twice",
        format!("honest\t{NONCE}\tak.pem\tstates/x\n").repeat(2),
    );
    let ran = machine.digestctl(&format!("verify-evidence --fleet twice {by}"));
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("line 2: another line has the same state"),
        "{}",
        ran.err
    );
}
