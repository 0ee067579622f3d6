// SPDX-License-Identifier: GPL-2.0

//! `digestctl metadata`

use crate::{
    names,
    sha256,
    Place, //
};

fn with_lists() -> Place {
    let place = Place::new();
    place.file("tree/a", "x");
    place.file("other/b", "y");
    place.run("generate tree -o first.list").good();
    place.run("generate other -o sub/../second.list").failed("");
    place.run("generate other -o second.list").good();
    place
}

#[test]
fn each_list_is_described_by_path_digest_type_and_name() {
    let place = with_lists();
    place
        .run("metadata first.list second.list -o meta")
        .good()
        .printed("meta: metadata of 2 lists\n");
    let shown = place.run("show meta").good().out;
    for name in ["first.list", "second.list"] {
        let path = place.path(name).canonicalize().expect("a path");
        let digest = sha256(place.read(name));
        let expected = format!(
            "{}\n  type: compact\n  file: sha256:{digest}\n  reference: {name}\n  signature: none\n",
            path.display()
        );
        assert!(shown.contains(&expected), "{shown}");
    }
}

#[test]
fn the_bytes_are_the_format() {
    let place = with_lists();
    place.run("metadata first.list -o meta --ref-id R").good();
    let path = place.path("first.list").canonicalize().expect("a path");
    let path = path.to_str().expect("UTF-8");
    let list = place.read("first.list");
    let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(list).into();

    let mut expected = Vec::new();
    let length = |n: usize| u32::try_from(n).expect("small").to_le_bytes();
    expected.extend(length(20 + 32 + path.len() + 1 + 1));
    expected.extend(4u16.to_le_bytes());
    expected.extend(length(32));
    expected.extend(digest);
    expected.extend(length(0));
    expected.extend(length(path.len() + 1));
    expected.extend(path.bytes().chain([0]));
    expected.extend(length(1));
    expected.extend(b"R");
    expected.extend(0u16.to_le_bytes());
    assert_eq!(place.read("meta"), expected);
}

#[test]
fn paths_are_those_that_the_kernel_will_see_below_root() {
    let place = with_lists();
    place.file("image/etc/base", place.read("first.list"));
    place
        .run("metadata --root image image/etc/base -o meta")
        .good();
    place.run("show meta").good().printed("\n/etc/base\n");
    place
        .run("metadata --root image first.list -o meta")
        .failed("first.list is not below");
}

#[test]
fn a_file_that_is_no_list_is_refused_with_the_reason() {
    let place = with_lists();
    place.file("short", [0, 0, 9, 0, 0]);
    place
        .run("metadata first.list short -o meta")
        .failed("short is not a digest list");
    assert!(!place.has("meta"));
    place
        .run("metadata missing -o meta")
        .failed("cannot find missing");
    assert_eq!(
        names(&place.path("")),
        ["first.list", "other", "second.list", "short", "tree"]
    );
}

#[test]
fn the_same_lists_give_the_same_metadata_in_whatever_order_they_are_named() {
    let place = with_lists();
    place.run("metadata first.list second.list -o one").good();
    for line in [
        "second.list first.list",
        "./second.list other/../first.list second.list",
    ] {
        place
            .run(&format!("metadata {line} -o two"))
            .good()
            .printed("two: metadata of 2 lists\n");
        assert_eq!(place.read("one"), place.read("two"));
    }
}
