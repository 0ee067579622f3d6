// SPDX-License-Identifier: GPL-2.0

//! Output for programs: the names of fields stay.

use serde_json::{
    json,
    Value, //
};

use crate::{
    sha256,
    Place, //
};

const DIR: &str = "--securityfs security";

#[track_caller]
fn value(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Commands without `--json`, and why a program needs none.
const WITHOUT: &[(&str, &str)] = &[
    ("generate", "writes a list, which show --json tells"),
    ("sign", "writes signatures, which verify --json judges"),
    ("metadata", "writes metadata, which show --json tells"),
    ("remove", "is done or not, by its exit status"),
    ("convert", "writes a list, which show --json tells"),
    ("keys add", "is done or not, by its exit status"),
    ("keys revoke", "is done or not, by its exit status"),
    ("keys sign", "writes a file for each that is named"),
    ("policy builtin", "prints a policy, as the module reads it"),
    ("attest", "writes JSON"),
    ("enroll request", "writes JSON"),
    ("enroll answer", "writes JSON"),
    ("export keylime", "writes what Keylime reads"),
    ("export tpm-policy", "writes what Keylime reads"),
    ("export pcrlock", "writes what systemd-pcrlock reads"),
    ("export corim", "writes what readers of CoRIM read"),
    ("export keylime-evidence", "writes what Keylime reads"),
    ("log archive", "writes records, which log show --json tells"),
];

/// The commands below `command`, as its help names them; none if it is one itself.
fn subcommands(place: &Place, command: &str) -> Vec<String> {
    let help = place.run(&format!("{command} --help")).good().out;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        // What goes on from the line before is indented more.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(|name| format!("{command} {name}").trim_start().to_owned())
        .collect()
}

#[test]
fn every_command_has_json_or_a_reason_why_no_program_needs_it() {
    let place = Place::new();
    let mut open = subcommands(&place, "");
    let mut seen = 0;
    let mut without = Vec::new();
    while let Some(command) = open.pop() {
        let below = subcommands(&place, &command);
        if !below.is_empty() {
            open.extend(below);
            continue;
        }
        seen += 1;
        let help = place.run(&format!("{command} --help")).good().out;
        if !help.contains("  --json") {
            without.push(command);
        }
    }
    assert!(seen > 35, "{seen} commands");
    without.sort();
    let mut reasons: Vec<_> = WITHOUT.iter().map(|(command, _)| *command).collect();
    reasons.sort_unstable();
    assert_eq!(without, reasons);
}

#[test]
fn repo_add_and_gc_tell_files() {
    let place = Place::new();
    place.file("tree/a", "x");
    std::fs::create_dir(place.path("states")).expect("a directory");
    let mut digests = Vec::new();
    for serial in [1, 2] {
        place
            .run(&format!(
                "generate tree -o list{serial} --name n --serial {serial}"
            ))
            .good();
        digests.push(format!(
            "sha256:{}",
            sha256(place.read(&format!("list{serial}")))
        ));
    }
    let ran = place.run("repo add --json repo list1 list2").good();
    assert_eq!(
        value(&ran.out),
        json!([
            {"file": "list1", "digest": digests[0], "signed": false},
            {"file": "list2", "digest": digests[1], "signed": false},
        ])
    );
    let left = format!("states/lists/{}", sha256("left"));
    place.file(&left, "left");
    let wanted =
        |dry_run| json!({"dry_run": dry_run, "files": [digests[0]], "files_of_states": [left]});
    let ran = place.run("repo gc repo --states states --dry-run --json");
    assert_eq!(value(&ran.good().out), wanted(true));
    assert!(place.has(&left));
    let ran = place.run("repo gc repo --states states --json");
    assert_eq!(value(&ran.good().out), wanted(false));
    assert!(!place.has(&left));
    let ran = place.run("repo gc repo --states states --json").good();
    assert_eq!(value(&ran.out)["files"], json!([]));
}

#[test]
fn load_tells_how_many_lists_and_which_not() {
    let place = Place::new();
    place.file("tree/a", "x");
    place.run("generate tree -o list").good();
    place
        .run("generate tree/a -o gone --name gone --serial 1")
        .good();
    place.run("metadata list gone -o meta").good();
    place.file("security/digest_lists", "");
    let ran = place.run(&format!("load --json meta {DIR}")).good();
    assert_eq!(value(&ran.out), json!({"loaded": 2, "left_out": []}));
    std::fs::remove_file(place.path("gone")).expect("removed");
    let ran = place.run(&format!("load --json --skip-bad meta {DIR}"));
    let told = value(&ran.out);
    assert_eq!((ran.code, &told["loaded"]), (0, &json!(1)), "{}", ran.err);
    let left = &told["left_out"][0];
    let path = left["path"].as_str().expect("a path");
    assert!(path.ends_with("/gone"), "{path}");
    let reason = left["reason"].as_str().expect("a reason");
    assert!(reason.contains("No such file"), "{reason}");
}

#[test]
fn status_has_a_field_for_each_line() {
    let place = Place::new();
    place.file(
        "security/status",
        "version: 1.2.3\npcr: 12\npolicy_lock: no\npcr_initial: zero\nrecords_waiting_errno: -19\n",
    );
    let ran = place.run(&format!("status --json {DIR}")).good();
    assert_eq!(
        value(&ran.out),
        json!({
            "version": "1.2.3", "pcr": 12, "policy_lock": false, "pcr_initial": "zero",
            "records_waiting_errno": -19,
        })
    );
}

#[test]
fn keys_have_their_words_as_fields() {
    let place = Place::new();
    place.file(
        "security/trusted_keys",
        "1234 algo=rsa2048 usage=sign,certify origin=module valid_from=5 valid_to=9 state=valid Alice A\n",
    );
    let ran = place.run(&format!("keys show --json {DIR}")).good();
    let key = &value(&ran.out)[0];
    assert_eq!(key["id"], "1234");
    assert_eq!(key["usage"], "sign,certify");
    assert_eq!(key["valid_to"], 9);
}

#[test]
fn query_says_whether_each_digest_is_known() {
    let place = Place::new();
    // A plain file answers with the question.
    place.file("security/digest_query", "");
    let digest = format!("sha256:{}", sha256("x"));
    let ran = place.run(&format!("query --json {digest} {DIR}")).good();
    assert_eq!(
        value(&ran.out),
        json!([{"subject": digest, "known": true, "lists": [{"list": digest}]}])
    );
}

#[test]
fn show_tells_lists_and_metadata() {
    let place = Place::new();
    place.file("tree/a", "x");
    place
        .run("generate tree --name n --serial 3 -o list")
        .good();
    place.run("metadata list -o meta").good();
    let ran = place.run("show --json --digests list meta").good();
    let shown = value(&ran.out);
    let file = format!("sha256:{}", sha256(place.read("list")));
    assert_eq!(
        shown[0],
        json!({
            "path": "list", "type": "compact", "digest": file, "algorithm": "sha256",
            "name": "n", "serial": 3, "digests": 1, "immutable": 1, "mutable": 0, "revoked": 0,
            "ignored_empty": 0,
            "entries": [{"kind": "immutable", "digest": format!("sha256:{}", sha256("x"))}],
        })
    );
    assert_eq!(shown[1]["type"], "metadata");
    let list = &shown[1]["lists"][0];
    assert_eq!(list["digest"], json!(file));
    assert_eq!(list["type"], "compact");
    assert_eq!(list["signature"], "");
}

#[test]
fn prometheus_has_the_numbers_of_the_status_and_the_hits_of_lists() {
    let place = Place::new();
    place.file(
        "security/status",
        "version: 1.2.3\nlists: 1\nviolations: 7\npolicy_lock: yes\ntpm: none\n",
    );
    place.file(
        "security/digest_lists",
        "sha256:ab ref_id=a\"b type=compact algo=sha256 signer=none actions=measure immutable=1 \
         mutable=0 revoked=0 hits=5\n",
    );
    let ran = place.run(&format!("status --prometheus {DIR}")).good();
    assert_eq!(
        ran.out,
        "# TYPE digest_lists_lists gauge\ndigest_lists_lists 1\n\
         # TYPE digest_lists_policy_lock gauge\ndigest_lists_policy_lock 1\n\
         # TYPE digest_lists_violations_total counter\ndigest_lists_violations_total 7\n\
         # TYPE digest_lists_info gauge\ndigest_lists_info{tpm=\"none\",version=\"1.2.3\"} 1\n\
         # TYPE digest_lists_list_hits_total counter\n\
         digest_lists_list_hits_total{list=\"sha256:ab\",ref_id=\"a\\\"b\"} 5\n"
    );
}
