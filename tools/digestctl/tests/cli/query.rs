// SPDX-License-Identifier: GPL-2.0

//! `digestctl query`, `remove` and `load --skip-bad`, against files that stand in for securityfs;
//! the kernel's own answers are tested in the guest.

use std::fs;

use crate::{
    sha256,
    Place, //
};

const DIR: &str = "--securityfs security";

#[test]
fn remove_names_lists_by_their_digests() {
    let place = Place::new();
    place.file("tree/a", "x");
    place.run("generate tree -o list").good();
    place.file("security/digest_lists_remove", "");
    let other = format!("sha256:{}", sha256("other"));
    place
        .run(&format!("remove list {other} {DIR}"))
        .good()
        .printed("2 lists removed\n");
    let written = String::from_utf8(place.read("security/digest_lists_remove")).expect("text");
    assert_eq!(
        written,
        format!("sha256:{}\n{other}", sha256(place.read("list")))
    );
    place
        .run(&format!("remove none {DIR}"))
        .failed("cannot read none");
}

#[test]
fn query_asks_for_one_digest_or_for_all_of_a_file() {
    let place = Place::new();
    place.file("security/digest_query", "");
    let digest = format!("sha256:{}", sha256("x"));
    place
        .run(&format!("query {digest} {DIR}"))
        .good()
        // A plain file answers with the question.
        .printed(&format!("{digest}: {digest}\n"));
    place.file("a", "x");
    let out = place.run(&format!("query --file a {DIR}")).good().out;
    for part in [digest.as_str(), "sha384:", "sha512:"] {
        assert!(out.contains(&format!("a: {part}")), "{out}");
    }
    place
        .run(&format!("query x {DIR}"))
        .failed("'x' is not of the form ALGORITHM:HEX");
    place
        .run(&format!("query sha1:{} {DIR}", "0".repeat(40)))
        .printed("");
}

#[test]
fn skip_bad_loads_what_is_good_in_one_write() {
    let place = Place::new();
    for name in ["a", "b", "c", "d"] {
        place.file(&format!("{name}/file"), name);
        place.run(&format!("generate {name} -o {name}.list")).good();
    }
    place
        .run("metadata a.list b.list c.list d.list -o all")
        .good();
    place.run("metadata a.list d.list -o good").good();
    place.file("b.list", "changed");
    fs::remove_file(place.path("c.list")).expect("removed");
    place.file("security/digest_lists", "");
    let ran = place.run(&format!("load --skip-bad all {DIR}"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.ends_with("all: 2 lists loaded, 2 left out\n"),
        "{}",
        ran.out
    );
    for part in [
        "b.list: left out: the file is not the list that the metadata describe",
        "c.list: left out: No such file or directory",
    ] {
        assert!(ran.err.contains(part), "{}", ran.err);
    }
    assert_eq!(place.read("security/digest_lists"), place.read("good"));
}

#[test]
fn skip_bad_fails_if_nothing_is_left() {
    let place = Place::new();
    place.file("a/file", "a");
    place.run("generate a -o list").good();
    place.run("metadata list -o meta").good();
    fs::remove_file(place.path("list")).expect("removed");
    place.file("security/digest_lists", "");
    place
        .run(&format!("load --skip-bad meta {DIR}"))
        .failed("no list of meta could be loaded");
    place
        .run("load --skip-bad meta --securityfs none/none")
        .failed("securityfs is not mounted");
}
