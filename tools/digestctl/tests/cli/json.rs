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
