// SPDX-License-Identifier: GPL-2.0

//! `digestctl show`

use crate::{
    sha256,
    Place, //
};

/// A compact list: one block for each entry id, with that many digests of that byte.
fn list(blocks: &[(u16, u32, u8)]) -> Vec<u8> {
    let mut list = Vec::new();
    for (id, count, byte) in blocks {
        list.extend(id.to_le_bytes());
        list.extend(count.to_le_bytes());
        list.extend((count * 32).to_le_bytes());
        list.resize(list.len() + 32 * *count as usize, *byte);
    }
    list
}

#[test]
fn a_list_is_counted_by_kind() {
    let place = Place::new();
    let data = list(&[(0, 2, 0xaa), (1, 1, 0xbb), (2, 3, 0xcc)]);
    place.file("l", &data);
    let expected = format!(
        "l: compact list\n  file: sha256:{}\n  algorithm: sha256\n  digests: 6\n  \
         immutable: 2\n  mutable: 1\n  revoked: 3\n",
        sha256(&data)
    );
    assert_eq!(place.run("show l").good().out, expected);
    assert_eq!(place.run("show --format compact l").good().out, expected);
    let ran = place.run("show --digests l").good();
    ran.printed(&format!("immutable sha256:{}\n", "aa".repeat(32)))
        .printed(&format!("mutable sha256:{}\n", "bb".repeat(32)))
        .printed(&format!("revoked sha256:{}\n", "cc".repeat(32)));
}

#[test]
fn every_file_is_shown() {
    let place = Place::new();
    place.file("l", list(&[(0, 1, 1)]));
    place.run("metadata l -o m").good();
    place
        .run("show l m")
        .good()
        .printed("l: compact list\n")
        .printed("m: metadata\n  lists: 1\n");
}

#[test]
fn what_is_neither_is_refused_and_what_is_damaged_is_named_by_its_format() {
    let place = Place::new();
    place.file("text", "hello, world");
    place
        .run("show text")
        .failed("digestctl: text: neither a digest list nor metadata\n");
    let mut damaged = list(&[(0, 3, 1)]);
    damaged.truncate(40);
    place.file("damaged", damaged);
    place
        .run("show damaged")
        .failed("digestctl: damaged: a damaged compact list: the data ends inside a field\n");
    place.file("header", [0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0]);
    place
        .run("show header")
        .failed("header: a damaged rpm list: the data ends inside a field\n");
    place.file("empty", "");
    place.run("show empty").failed("empty: the file is empty");
    place.run("show missing").failed("cannot read missing");
}

#[test]
fn a_named_format_is_the_only_one_tried() {
    let place = Place::new();
    place.file("l", list(&[(0, 1, 1)]));
    place
        .run("show --format metadata l")
        .failed("l: not metadata: ");
    let mut longer = list(&[(0, 1, 1)]);
    longer.push(0);
    place.file("longer", longer);
    place
        .run("show --format compact longer")
        .failed("longer: not a compact list: the data ends inside a field");
}
