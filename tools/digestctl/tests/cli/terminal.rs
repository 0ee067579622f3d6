// SPDX-License-Identifier: GPL-2.0

//! Texts of others on a terminal: no character of theirs controls it, or the order in which it
//! shows what follows.

use serde_json::Value;

use crate::{
    sha256,
    Place,
    Ran, //
};

/// Controls of ASCII, DEL, one of the upper half (CSI), and those that turn the order of what
/// follows.
pub(crate) const EVIL: &str = "\u{1b}[2J\u{7f}\u{9b}31m\u{61c}\u{202e}\u{2066}";

const DIR: &str = "--securityfs security";

/// Nothing that was printed controls a terminal.
#[track_caller]
pub(crate) fn is_calm(ran: &Ran) {
    let is_bad = |character: char| {
        let turns = matches!(character, '\u{61c}' | '\u{202e}' | '\u{2066}');
        turns || (character.is_control() && character != '\n')
    };
    for text in [&ran.out, &ran.err] {
        assert!(!text.contains(is_bad), "{text:?}");
    }
}

/// A module whose files have such texts.
fn module() -> Place {
    let place = Place::new();
    place.file("security/status", format!("version: {EVIL}\nlists: 1\n"));
    place.file(
        "security/trusted_keys",
        format!("ab12 algo=rsa2048 state=valid origin={EVIL}\n"),
    );
    place.file(
        "security/digest_query",
        format!("{}{EVIL}\n", "x".repeat(80)),
    );
    place.file(
        "security/digest_lists",
        format!(
            "sha256:{} ref_id={EVIL} type=compact algo=sha256 signer=none actions=measure \
             immutable=9 mutable=0 revoked=0 hits=7\n",
            "0".repeat(64)
        ),
    );
    place
}

#[test]
fn what_the_module_tells_does_not_reach_a_terminal_as_it_is() {
    let place = module();
    let digest = format!("sha256:{}", sha256("x"));
    for line in [
        "status".to_owned(),
        "status --json".to_owned(),
        "status --prometheus".to_owned(),
        "keys show".to_owned(),
        "keys show --json".to_owned(),
        format!("query {digest}"),
        format!("query {digest} --json"),
    ] {
        // The file has the answer, and after a question that as well.
        place.file(
            "security/digest_query",
            format!("{}{EVIL}\n", "x".repeat(80)),
        );
        let ran = place.run(&format!("{line} {DIR}")).good();
        assert!(!ran.out.is_empty(), "{line}");
        is_calm(&ran);
    }
}

#[test]
fn json_escapes_such_characters_and_keeps_them() {
    let place = module();
    let ran = place.run(&format!("status --json {DIR}")).good();
    is_calm(&ran);
    let value: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(value["version"], EVIL);
}

#[test]
fn names_of_files_and_their_content_do_not_reach_a_terminal_as_they_are() {
    let place = Place::new();
    place.file("tree/a", "x");
    place.run("generate tree -o list").good();
    let evil = format!("list{EVIL}");
    place.file(&evil, place.read("list"));
    place.file("policy", format!("measure func={EVIL}\n"));
    for (line, code) in [
        (format!("metadata {evil} -o meta"), 0),
        ("show meta".to_owned(), 0),
        ("show meta --json".to_owned(), 0),
        (format!("show {evil}"), 0),
        (format!("repo add repo {evil}"), 0),
        (format!("show missing{EVIL}"), 2),
        (format!("query {EVIL} {DIR}"), 2),
        ("policy check policy".to_owned(), 1),
        (format!("policy builtin {EVIL}"), 2),
        (format!("--verbose metadata {evil} -o meta{EVIL}"), 0),
    ] {
        let ran = place.run(&line);
        assert_eq!(ran.code, code, "{line}: {}", ran.err);
        is_calm(&ran);
    }
}
