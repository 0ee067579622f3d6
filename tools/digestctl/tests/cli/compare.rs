// SPDX-License-Identifier: GPL-2.0

//! `digestctl diff` and `digestctl convert`.

use serde_json::json;

use crate::{
    sha256,
    Place, //
};

fn with_lists() -> Place {
    let place = Place::new();
    place.file("old/same", "same");
    place.file("old/gone", "gone");
    place.file("new/same", "same");
    place.file("new/come", "come");
    place
        .run("generate old --name n --serial 1 -o old.list")
        .good();
    place.run("generate new -o new.list").good();
    place
}

#[test]
fn the_digests_that_only_one_list_has_are_told() {
    let place = with_lists();
    let ran = place
        .run("diff old.list new.list")
        .said_no("2 digests different");
    assert_eq!(
        ran.out,
        format!(
            "- immutable sha256:{}\n+ immutable sha256:{}\n",
            sha256("gone"),
            sha256("come")
        )
    );
    let ran = place.run("diff old.list old.list").good();
    assert_eq!(ran.out, "");
    place
        .run("diff old.list missing")
        .failed("cannot read missing");
}

#[test]
fn what_two_lists_say_differently_of_a_digest_is_a_difference() {
    let place = with_lists();
    place.run("generate --mutable old/same -o one").good();
    place.run("generate old/same -o other").good();
    let ran = place
        .run("diff --json one other")
        .said_no("1 digest different");
    let value: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let digest = format!("sha256:{}", sha256("same"));
    assert_eq!(
        value,
        json!({
            "same": false, "added": [], "removed": [],
            "changed": [{"digest": digest, "old": "mutable", "new": "immutable"}],
        })
    );
}

#[test]
fn a_converted_list_says_the_same() {
    let place = with_lists();
    for format in ["compact16", "tlv"] {
        place
            .run(&format!("convert --format {format} new.list -o {format}"))
            .good()
            .printed(": 2 digests of a compact list\n");
        place
            .run(&format!("show {format}"))
            .good()
            .printed(&format!("{format} list"));
        place.run(&format!("diff new.list {format}")).good();
        place.run(&format!("convert {format} -o back")).good();
        assert_eq!(place.read("back"), place.read("new.list"));
    }
    // With its name and number.
    place.run("convert old.list -o again").good();
    assert_eq!(place.read("again"), place.read("old.list"));
}

#[test]
fn what_a_format_cannot_express_is_not_converted() {
    let place = with_lists();
    place
        .run("convert --format tlv old.list -o tlv")
        .failed("only lists of the format compact have names");
    place.run("generate --revoked old -o revoked").good();
    place
        .run("convert --format compact16 revoked -o other")
        .failed("only lists of the format compact can revoke");
    assert!(!place.has("tlv") && !place.has("other"));
    place.file("text", "text");
    place
        .run("convert text -o list")
        .failed("text: not a digest list");
}

#[test]
fn a_list_of_empty_content_only_becomes_no_list() {
    let place = Place::new();
    let digest: Vec<u8> = <sha2::Sha256 as sha2::Digest>::digest([]).to_vec();
    let mut list = crate::evidence::Bytes::default();
    digest_logic::compact::write_block(
        digest_logic::list::Kind::Immutable,
        digest_logic::hash_algo::HashAlgo::Sha256,
        [&digest[..]].into_iter(),
        &mut list,
    )
    .expect("a block");
    place.file("empty", &list.0);
    place.run("convert empty -o new").failed("no digest");
    assert!(!place.has("new"));
}
