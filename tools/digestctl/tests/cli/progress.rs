// SPDX-License-Identifier: GPL-2.0

//! What takes long shows on a terminal how far it is, and nowhere else.

use std::process::Command;

use crate::{
    evidence::{
        shared,
        Machine,
        AK,
        NONCE, //
    },
    sign::with_keys,
    skipped,
    Place, //
};

/// What a terminal shows of `digestctl` with the words of `line`, and its exit status. None if
/// there is no program that makes terminals.
pub(crate) fn on_terminal(place: &Place, line: &str) -> Option<(i32, String)> {
    shown_of(Command::new("script").current_dir(place.path(".")), line)
}

/// The same of a command that asks the TPM of the machine.
pub(crate) fn with_tpm(machine: &Machine, line: &str) -> Option<(i32, String)> {
    let mut script = Command::new("script");
    script.env("TPM2TOOLS_TCTI", machine.tcti());
    shown_of(script.current_dir(machine.place.path(".")), line)
}

fn shown_of(script: &mut Command, line: &str) -> Option<(i32, String)> {
    let program = assert_cmd::cargo::cargo_bin!("digestctl");
    let ran = script
        .env("TERM", "xterm")
        .args([
            "-qec",
            &format!("{} {line}", program.display()),
            "/dev/null",
        ])
        .output();
    let Ok(ran) = ran else {
        skipped("there is no script (util-linux)");
        return None;
    };
    let shown = String::from_utf8_lossy(&ran.stdout).into_owned();
    Some((ran.status.code().expect("no signal"), shown))
}

/// It is shown on a terminal, not with `--quiet`, and not where the output is read by programs.
#[track_caller]
fn shows(place: &Place, line: &str, what: &str) {
    let Some((code, shown)) = on_terminal(place, line) else {
        return;
    };
    assert_eq!(code, 0, "{line}: {shown}");
    assert!(shown.contains(what), "{line}: {shown}");
    let (code, shown) = on_terminal(place, &format!("--quiet {line}")).expect("a terminal");
    assert_eq!(code, 0, "{line}: {shown}");
    assert!(!shown.contains(what), "{line}: {shown}");
    let ran = place.run(line);
    assert!(!ran.err.contains(what), "{line}: {}", ran.err);
}

#[test]
fn a_fleet_shows_how_many_machines_were_judged() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let line = format!("honest\t{NONCE}\tak.pem\t-\n");
    machine.place.file("shown-fleet", line.repeat(12));
    shows(
        &machine.place,
        "verify-evidence --fleet shown-fleet --repo repo --trust alice.pem --policy expected",
        "/12 machines",
    );
}

#[test]
fn a_large_repository_shows_how_many_of_its_files_were_looked_at() {
    let place = Place::new();
    std::fs::create_dir(place.path("states")).expect("a directory");
    place.file("tree/a", "x");
    for number in 0..12 {
        place
            .run(&format!(
                "generate tree -o list{number} --name n{number} --serial 1"
            ))
            .good();
    }
    let lists: Vec<_> = (0..12).map(|number| format!("list{number}")).collect();
    shows(
        &place,
        &format!("repo add repo {}", lists.join(" ")),
        "/12 lists",
    );
    // Files of which nobody knows what they are.
    for number in 0..1000 {
        let hex = crate::sha256(number.to_string());
        let (first, rest) = hex.split_at(2);
        place.file(
            &format!("repo/objects/sha256/{first}/{rest}"),
            number.to_string(),
        );
    }
    shows(&place, "repo list repo", "/1012 files of the repository");
    shows(
        &place,
        "repo gc repo --states states --dry-run",
        "/2024 files of the repository",
    );
}

#[test]
fn appraising_shows_how_many_uses_of_files_were_judged() {
    let place = with_keys();
    for number in 0..120 {
        place.file(&format!("tree/{number}"), number.to_string());
    }
    place.file("policy", "appraise func=FILE_CHECK digest_list\n");
    place.run("generate tree -o list").good();
    place
        .run("sign list --key alice.key --cert alice.pem")
        .good();
    shows(
        &place,
        "appraise --dry-run policy --list list --cert alice.pem tree",
        "/121 uses of files",
    );
}

#[test]
fn what_asks_the_tpm_shows_that_it_goes_on() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let line = format!(
        "attest --nonce {NONCE} --ak {AK} --list list --metadata metadata --firmware-log none -o \
         shown-evidence"
    );
    let Some((code, shown)) = with_tpm(machine, &line) else {
        return;
    };
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("the TPM makes a quote"), "{shown}");
    let (_, shown) = with_tpm(machine, &format!("--quiet {line}")).expect("a terminal");
    assert!(!shown.contains("the TPM makes a quote"), "{shown}");
    let ran = machine.digestctl(&line).good();
    assert!(!ran.err.contains("the TPM makes a quote"), "{}", ran.err);
}

#[test]
fn the_look_of_doctor_shows_that_it_goes_on() {
    let place = Place::new();
    std::fs::create_dir(place.path("root")).expect("a directory");
    let Some((_, shown)) = on_terminal(&place, "doctor --root root --json") else {
        return;
    };
    assert!(shown.contains("the system is looked at"), "{shown}");
    let (_, shown) = on_terminal(&place, "--quiet doctor --root root").expect("a terminal");
    assert!(!shown.contains("the system is looked at"), "{shown}");
    let ran = place.run("doctor --root root");
    assert!(!ran.err.contains("the system is looked at"), "{}", ran.err);
}
