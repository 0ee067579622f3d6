// SPDX-License-Identifier: GPL-2.0

//! Many machines in one run: none of them changes what becomes of another one.

use std::{
    fs,
    os::unix::fs::symlink, //
};

use serde_json::Value;

use super::{
    prepared,
    shared,
    verdict,
    Machine,
    NONCE, //
};
use crate::{
    streams::unread,
    Ran, //
};

const BY: &str = "--repo repo --trust alice.pem --policy expected";

/// The verdicts, with `--json`, of the fleet of these lines.
fn fleet(machine: &Machine, lines: &[String], more: &str) -> (Ran, Vec<Value>) {
    machine.place.file("fleet", lines.concat());
    let ran = machine.digestctl(&format!("verify-evidence --fleet fleet --json {BY} {more}"));
    let values = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    (ran, values)
}

fn line(evidence: &str, state: &str) -> String {
    format!("{evidence}\t{NONCE}\tak.pem\t{state}\n")
}

/// The evidence NAME has among others the verdict that it has alone, and the others have theirs.
#[track_caller]
pub(super) fn is_the_same_among_others(machine: &Machine, name: &str) {
    let alone: Value =
        serde_json::from_str(&machine.verify(name, "--json").out).expect("a verdict");
    let lines = ["honest", name, "honest", name].map(|name| line(name, "-"));
    let (_, mut values) = fleet(machine, &lines, "");
    for (place, name) in ["honest", name].repeat(2).into_iter().enumerate() {
        let value = values[place].as_object_mut().expect("an object");
        assert_eq!(value.remove("evidence"), Some(name.into()));
        match name {
            "honest" => assert_eq!(value["verdict"], "trusted"),
            _ => assert_eq!(values[place], alone),
        }
    }
}

#[test]
fn states_that_have_other_names_as_well_leave_what_these_show_as_it_was() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    machine.make_ak("third", "0x81010004", "ecc", "ecdsa");
    machine
        .digestctl(&format!(
            "attest --nonce {NONCE} --ak 0x81010004 --list list --metadata metadata --seen seen --firmware-log none -o by-third"
        ))
        .good();
    fs::create_dir(place.path("many")).expect("a directory");
    fs::create_dir(place.path("backup")).expect("a directory");
    let mut lines: Vec<_> = (0..512)
        .map(|number| line("honest", &format!("many/{number}")))
        .collect();
    for name in ["last", "very-last"] {
        lines.push(format!("by-third\t{NONCE}\tthird.pem\tmany/{name}\n"));
    }
    let judged = || {
        let (ran, values) = fleet(&machine, &lines, "");
        assert_eq!((ran.code, values.len()), (0, 514), "{}{}", ran.out, ran.err);
    };
    judged();
    let state = place.read("many/0");
    let mut states = Vec::new();
    for number in 0..512 {
        states.push(place.read(&format!("many/{number}")));
        let names = ["many", "backup"].map(|name| place.path(&format!("{name}/{number}")));
        fs::hard_link(&names[0], &names[1]).expect("a backup");
    }
    judged();
    for (number, state) in states.iter().enumerate() {
        let backup = place.read(&format!("backup/{number}"));
        assert!(backup == *state, "backup/{number}");
    }
    place.file("elsewhere", &state);
    for number in 0..512 {
        let name = place.path(&format!("many/{number}"));
        fs::remove_file(&name).expect("removed");
        symlink("../elsewhere", name).expect("a link");
    }
    let last = place.read("many/last");
    judged();
    assert_eq!(place.read("elsewhere"), state);
    let names = fs::read_dir(place.path("many")).expect("a directory");
    let links = names
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_symlink());
    assert_eq!(links.count(), 0);
    assert_eq!(place.read("many/last"), last);
}

#[test]
fn a_state_is_the_same_by_whatever_path_it_is_named() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    fs::create_dir_all(machine.place.path("states-of/more")).expect("directories");
    symlink("states-of", machine.place.path("states-link")).expect("a link");
    for other in ["./states-of/x", "states-of/more/../x", "states-link/x"] {
        let (ran, _) = fleet(
            machine,
            &[line("honest", "states-of/x"), line("honest", other)],
            "",
        );
        assert_eq!(ran.code, 2, "{other}: {}", ran.out);
        let reason = "line 2: another line has the same state";
        assert!(ran.err.contains(reason), "{other}: {}", ran.err);
    }
}

#[test]
fn a_state_that_cannot_be_written_leaves_its_machine_unjudged_and_the_others_not() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    // Where the directory of the lists should be.
    place.file("broken/lists", "a file");
    fs::create_dir_all(place.path("whole")).expect("a directory");
    let lines = ["whole/one", "broken/two", "whole/three"].map(|state| line("honest", state));
    let (ran, values) = fleet(machine, &lines, "");
    let verdicts: Vec<_> = values.iter().map(|value| &value["verdict"]).collect();
    assert_eq!(
        verdicts,
        ["trusted", "not-judged", "trusted"],
        "{}{}",
        ran.out,
        ran.err
    );
    let error = values[1]["error"].as_str().expect("an error");
    assert!(error.contains("cannot make broken/lists"), "{error}");
    assert_eq!((ran.code, ran.err.as_str()), (2, ""));
    assert!(place.has("whole/one") && place.has("whole/three"));
    // As alone.
    let ran = machine.verify("honest", "--state broken/two");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
}

#[test]
fn no_machine_is_no_trusted_fleet() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    for lines in ["", "# evidence, nonce, key, state\n\n"] {
        let (ran, _) = fleet(machine, &[lines.to_owned()], "");
        assert_eq!(ran.code, 2, "{}", ran.out);
        assert!(ran.err.contains("names no machine"), "{}", ran.err);
    }
}

#[test]
fn evidence_of_a_fleet_comes_from_files() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let (ran, _) = fleet(machine, &[line("honest", "-"), line("-", "-")], "");
    assert_eq!(ran.code, 2, "{}", ran.out);
    let reason = "line 2: evidence cannot come from standard input";
    assert!(ran.err.contains(reason), "{}", ran.err);
}

#[test]
fn evidence_that_is_too_large_is_not_read_to_its_end() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let file = fs::File::create(machine.place.path("huge")).expect("a file");
    file.set_len(2 << 30).expect("a file of zeros");
    let ran = std::process::Command::new("prlimit")
        .arg("--as=1073741824")
        .arg(assert_cmd::cargo::cargo_bin!("digestctl"))
        .current_dir(machine.place.path("."))
        .args([
            "verify-evidence",
            "huge",
            "--nonce",
            NONCE,
            "--ak",
            "ak.pem",
        ])
        .args(BY.split(' '))
        .output()
        .expect("digestctl runs");
    fs::remove_file(machine.place.path("huge")).expect("removed");
    let ran = Ran::new(&ran);
    verdict(&ran, 2, "NOT JUDGED: evidence-malformed");
    ran.printed("larger than 256 MiB");
}

#[test]
fn a_verdict_that_nobody_reads_is_the_same_verdict() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let other = "1".repeat(64);
    machine.place.file(
        "unread",
        [line("honest", "unread-states/m"), line("missing", "-")].concat(),
    );
    fs::create_dir_all(machine.place.path("unread-states")).expect("a directory");
    for (what, status) in [
        (format!("honest --nonce {NONCE} --ak ak.pem"), 0),
        (format!("honest --nonce {NONCE} --ak ak.pem --json"), 0),
        (format!("honest --nonce {other} --ak ak.pem"), 1),
        ("--fleet unread".to_owned(), 2),
    ] {
        let ended = unread(&machine.place, &format!("verify-evidence {what} {BY}"));
        assert_eq!(ended, (Some(status), String::new()), "{what}");
    }
    assert!(machine.place.has("unread-states/m"));
}

#[test]
fn verdicts_of_large_evidence_do_not_wait_in_memory_for_all_others() {
    let Some(machine) = super::lies::restarted() else {
        return;
    };
    let place = &machine.place;
    machine.boot("metadata");
    let files: Vec<_> = (0..64 * 160)
        .map(|number| super::named(super::digest_of("strange"), &format!("/tmp/{number}")))
        .collect();
    super::lies::append_all(&machine, &files);
    machine.attest("large", "").good();
    place.file("large-fleet", line("large", "-").repeat(80));
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
        .current_dir(place.path("."))
        .args(["verify-evidence", "--fleet", "large-fleet", "--jobs", "2"])
        .args([
            "--repo",
            "repo",
            "--trust",
            "alice.pem",
            "--policy",
            "expected",
            "--json",
        ])
        .stdout(fs::File::create(place.path("verdicts")).expect("a file"))
        .spawn()
        .expect("digestctl runs");
    // The most that it had in memory, in KiB.
    let mut most = 0;
    let status = format!("/proc/{}/status", child.id());
    while child.try_wait().expect("it runs").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        most = most.max(size.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let verdicts = fs::metadata(place.path("verdicts")).expect("written").len();
    println!("{verdicts} bytes of verdicts, {most} KiB in memory");
    assert!(verdicts > 250 << 20, "{verdicts}");
    assert!(most < 200 << 10, "{most} KiB");
}
