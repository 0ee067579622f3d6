// SPDX-License-Identifier: GPL-2.0

//! What somebody meets who gives the wrong file, or has no room: the cause, and what to do.

use std::{
    fs,
    process::{
        Command,
        Stdio, //
    },
};

use serde_json::Value;

use crate::{
    names,
    Place, //
};

fn with_list() -> Place {
    let place = Place::new();
    place.file("tree/a", "content");
    place.run("generate tree -o list").good();
    place
}

#[test]
fn a_repository_among_the_states_is_an_error_and_nothing_to_wait_for() {
    let place = with_list();
    place.run("repo add repo list").good();
    for states in ["repo", "./repo/", "repo/../repo"] {
        place
            .run_by("timeout 60", &format!("repo gc repo --states {states}"))
            .failed("states have to be in a directory of their own");
    }
    assert!(place.run("repo list repo").good().out.contains("compact"));
}

#[test]
fn a_policy_that_is_no_text_is_one_that_is_refused_for_programs_as_well() {
    let place = Place::new();
    place.file("policy", b"measure func=BPRM_CHECK\nmeasure \xff\n");
    let ran = place.run("policy check policy --json");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let value: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(value["good"], false);
    assert_eq!(
        (&value["refused"][0]["line"], &value["refused"][0]["column"]),
        (&2.into(), &9.into())
    );
    place
        .run("policy check policy")
        .said_no("policy: line 2, column 9: expected UTF-8 text");
}

#[test]
fn a_directory_without_an_rpm_database_gets_none() {
    let place = Place::new();
    place.file("here/file", "no database");
    place
        .run("generate --from rpmdb here -o lists")
        .failed("here has no RPM database: none of the files rpmdb.sqlite");
    assert_eq!(names(&place.path("here")), ["file"]);
    place.file("headers", "no headers");
    place
        .run("generate --from rpmdb headers -o lists")
        .failed("headers: at byte 0 is no header of rpmdb's");
}

#[test]
fn what_openssl_cannot_read_is_named_in_words() {
    let place = with_list();
    for name in ["alice", "bob"] {
        place.openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN={name} -addext keyUsage=digitalSignature -keyout {name}.key -out {name}.pem"
        ));
    }
    place.file(
        "garbage",
        (0..3000u32)
            .map(|at| (at * at % 251) as u8)
            .collect::<Vec<_>>(),
    );
    for (key, reason) in [
        ("garbage", "from garbage"),
        ("missing", "missing: No such file or directory"),
        ("alice.pem", "from alice.pem"),
        ("bob.key", "key values mismatch"),
    ] {
        let ran = place
            .run(&format!("sign list --key {key} --cert alice.pem"))
            .failed(reason);
        assert!(!ran.err.contains("routines"), "{}", ran.err);
        assert!(!place.has("list.p7s"));
    }
}

#[test]
fn an_output_that_cannot_be_a_file_is_named_and_no_temporary_one() {
    let place = with_list();
    fs::create_dir(place.path("directory")).expect("a directory");
    for (output, reason) in [
        (
            "directory",
            "cannot write directory: it is a directory; name a file in it",
        ),
        (
            "missing/file",
            "cannot write missing/file: No such file or directory",
        ),
        ("list/file", "cannot write list/file: Not a directory"),
    ] {
        for line in [
            "generate tree -o",
            "convert list -o",
            "metadata --root . list -o",
        ] {
            let ran = place.run(&format!("{line} {output}")).failed(reason);
            assert!(!ran.err.contains(".digestctl-"), "{}", ran.err);
        }
    }
    assert_eq!(names(&place.path("directory")), [""; 0]);
}

#[test]
fn a_list_of_no_machine_is_nothing_that_another_verifier_could_expect() {
    let place = Place::new();
    place.file("empty", "");
    for what in ["keylime", "tpm-policy", "pcrlock"] {
        place
            .run(&format!("export {what} --log empty"))
            .failed("the measurement list: it has fewer than two records");
    }
}

#[test]
fn a_standard_output_without_room_is_named() {
    let place = with_list();
    place.run("repo add repo list").good();
    for line in [
        "show list",
        "show list --json",
        "show --digests list",
        "generate tree -o -",
        "repo list repo",
        "policy builtin tcb",
        "diff list list --json",
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let output = Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
            .current_dir(place.path("."))
            .args(line.split_whitespace())
            .stdout(full.expect("/dev/full"))
            .stderr(Stdio::piped())
            .output()
            .expect("digestctl runs");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{line}: {error}");
        assert!(
            error.contains("cannot write standard output: No space left on device"),
            "{line}: {error}"
        );
    }
}

#[test]
fn one_name_with_many_digests_is_exported_in_a_time_that_grows_as_the_list() {
    use crate::evidence::{
        digest_of,
        named,
        own, //
    };
    let place = Place::new();
    let mut list = named(digest_of([0; 320]), "boot_aggregate").line;
    list.extend(own("digest_lists_start", "pcr=12\n").line);
    for number in 0..60_000 {
        list.extend(named(digest_of(format!("{number}")), "a_name").line);
    }
    place.file("list", list);
    let ran = place
        .run_by("prlimit --cpu=30", "export keylime --log list")
        .good();
    let value: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(
        value["digests"]["a_name"].as_array().map(Vec::len),
        Some(60_000)
    );
}

#[test]
fn a_directory_of_many_files_is_read_once_for_the_names_that_the_list_changes() {
    use crate::evidence::{
        digest_of,
        named, //
    };
    let place = Place::new();
    let root = place.path(".").canonicalize().expect("a path");
    let mut list = Vec::new();
    for number in 0..6000 {
        place.file(&format!("tree/a b{number}"), format!("content {number}"));
        let name = format!("{}/tree/a_b{number}", root.display());
        list.extend(named(digest_of(format!("content {number}")), &name).line);
    }
    place.file("list", list);
    // Each directory was read for each of the names before.
    let ran = place
        .run_by("prlimit --cpu=25", "generate --from log --list list -o new")
        .good();
    ran.printed("6000 digests of 6000 files");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let place = with_list();
    let huge = fs::File::create(place.path("huge")).expect("a file");
    // It takes no room: nothing was written.
    huge.set_len(3 << 30).expect("a size");
    for line in [
        "show huge",
        "policy check huge",
        "repo add repo huge",
        "convert huge -o new",
        "diff list huge",
        "log show huge",
    ] {
        place
            .run_by("prlimit --as=1073741824", line)
            .failed("huge has more than 2 GiB");
    }
}
