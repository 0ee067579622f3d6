// SPDX-License-Identifier: GPL-2.0

//! Standard input, output and error: what goes there, and what if nobody is there.

use std::{
    os::{
        fd::OwnedFd,
        unix::net::UnixStream, //
    },
    process::{
        Command,
        Stdio, //
    }, //
};

use crate::{
    sha256,
    sign::with_keys,
    Place, //
};

const DIR: &str = "--securityfs security";

#[test]
fn a_list_can_go_through_pipes() {
    let place = Place::new();
    place.file("tree/a", "x");
    place.run("generate tree -o list").good();
    let program = assert_cmd::cargo::cargo_bin!("digestctl");
    let output = Command::new(program)
        .current_dir(place.path("."))
        .args(["generate", "tree", "-o", "-"])
        .output()
        .expect("digestctl runs");
    assert!(output.status.success());
    assert_eq!(output.stdout, place.read("list"));
    assert_eq!(output.stderr, b"-: 1 digest of 1 file\n");
    assert!(!place.has("-"));
    let shown = Command::new(program)
        .args(["show", "--digests", "-"])
        .stdin(std::fs::File::open(place.path("list")).expect("a list"))
        .output()
        .expect("digestctl runs");
    let shown = String::from_utf8(shown.stdout).expect("UTF-8");
    assert!(shown.ends_with(&format!("immutable sha256:{}\n", sha256("x"))));
}

#[test]
fn what_has_to_be_a_file_is_not_taken_from_a_pipe() {
    let place = Place::new();
    place
        .run("generate --from deb a.deb -o -")
        .failed("-o names a directory");
    place
        .run("metadata - -o meta")
        .failed("a list cannot come from standard input");
}

#[test]
fn metadata_from_a_pipe_are_loaded_as_bytes() {
    let place = Place::new();
    place.file("tree/a", "x");
    place.run("generate tree -o list").good();
    place.run("metadata list -o meta").good();
    place.file("security/digest_lists", "");
    let ran = Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
        .current_dir(place.path("."))
        .args(["load", "-", "--securityfs", "security"])
        .stdin(std::fs::File::open(place.path("meta")).expect("metadata"))
        .output()
        .expect("digestctl runs");
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(place.read("security/digest_lists"), place.read("meta"));
}

#[test]
fn a_standard_error_that_is_closed_changes_no_status() {
    let place = Place::new();
    place.file("p", "measures\n".repeat(9000));
    for (line, status) in [
        ("policy check p", 1),
        ("show missing", 2),
        ("generate missing -o list", 2),
        ("verify p --cert p", 2),
    ] {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
            .current_dir(place.path("."))
            .args(line.split(' '))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("digestctl runs");
        drop(child.stderr.take());
        let ended = child.wait().expect("a status");
        assert_eq!(ended.code(), Some(status), "{line}");
    }
}

/// The status and the complaints of `digestctl LINE` whose output nobody reads.
pub(crate) fn unread(place: &Place, line: &str) -> (Option<i32>, String) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    drop(ours);
    let ran = Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
        .current_dir(place.path("."))
        .args(line.split(' '))
        .stdout(OwnedFd::from(theirs))
        .output()
        .expect("digestctl runs");
    let said = String::from_utf8(ran.stderr).expect("UTF-8");
    (ran.status.code(), said)
}

#[test]
fn an_answer_that_nobody_reads_is_the_same_answer() {
    let place = with_keys();
    place.file("other/file", "other content");
    place.run("generate other -o other.list").good();
    for list in ["list", "other.list"] {
        let line = format!("sign {list} --key alice.key --cert alice.pem");
        place.run(&line).good();
    }
    place.run("generate other -o bare").good();
    place.file("security/digest_query", "");
    let digest = format!("sha256:{}", sha256("x"));
    let query = format!("query {digest} {DIR}");
    for (line, status) in [
        ("diff list list", 0),
        ("diff list other.list", 1),
        ("diff --json list other.list", 1),
        ("verify list other.list --cert alice.pem", 0),
        ("verify list bare --cert alice.pem", 1),
        ("verify --json list bare --cert alice.pem", 1),
        ("doctor --root /proc/self/fdinfo", 2),
        (query.as_str(), 0),
        ("show list", 0),
    ] {
        assert_eq!(unread(&place, line).0, Some(status), "{line}");
    }
    let appraise = "appraise --dry-run --policy rules --list list --cert bob.pem tree";
    place.file("rules", "appraise func=BPRM_CHECK digest_list\n");
    let read = place.run(appraise);
    assert_eq!(unread(&place, appraise).0, Some(read.code), "{}", read.err);
}

#[test]
fn what_is_done_is_done_to_its_end_if_nobody_reads_of_it() {
    let place = with_keys();
    place.run("generate --revoked tree -o revoked").good();
    let (status, said) = unread(&place, "repo add repo list revoked");
    assert_eq!((status, said.as_str()), (Some(0), ""));
    let listed = place.run("repo list repo").good().out;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(place.has("repo/revocations"));
    // Half a list is none.
    let (status, said) = unread(&place, "generate tree -o -");
    assert_eq!(status, Some(2));
    assert!(said.contains("cannot write standard output"), "{said}");
}

#[test]
fn quiet_says_only_what_was_asked_for_and_verbose_what_is_done() {
    let place = Place::new();
    place.file("tree/a", "x");
    let ran = place.run("generate -q tree -o list").good();
    assert_eq!(ran.out, "");
    let ran = place.run("--quiet show list").good();
    assert!(ran.out.starts_with("list: compact list\n"), "{}", ran.out);
    let ran = place.run("generate -v tree -o list");
    assert_eq!(ran.code, 0);
    assert_eq!(ran.err, "digestctl: wrote list\n");
    place.file("security/digest_lists_remove", "");
    let ran = place.run(&format!("remove list -v {DIR}"));
    let request = "digestctl: writing 71 bytes to security/digest_lists_remove\n";
    assert_eq!(ran.err, request);
    place
        .run("generate -q -v tree -o list")
        .failed("cannot be used with");
}

#[test]
fn colours_are_for_terminals_only() {
    // A terminal of the test's own, by the program script.
    let run = |variables: &[(&str, &str)]| {
        let program = assert_cmd::cargo::cargo_bin!("digestctl");
        let mut command = Command::new("script");
        command
            .args(["-q", "-c", &format!("{} show missing", program.display())])
            .arg("/dev/null")
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .stdin(Stdio::null());
        for (name, value) in variables {
            command.env(name, value);
        }
        let output = command.output().expect("script runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    if Command::new("script").arg("--version").output().is_err() {
        crate::skipped("there is no program script");
        return;
    }
    let coloured = "\x1b[31mdigestctl:\x1b[0m cannot read missing";
    assert!(run(&[]).contains(coloured), "{:?}", run(&[]));
    for variables in [[("NO_COLOR", "1")], [("TERM", "dumb")]] {
        assert!(run(&variables).starts_with("digestctl: cannot read missing"));
    }
    let place = Place::new();
    assert!(place.run("show missing").err.starts_with("digestctl: "));
}
