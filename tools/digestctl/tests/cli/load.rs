// SPDX-License-Identifier: GPL-2.0

//! `digestctl load` and `digestctl status`, against files that stand in for securityfs.

use std::{
    fs,
    os::unix::fs::symlink, //
};

use crate::{
    sha256,
    skipped,
    Place, //
};

fn with_metadata() -> Place {
    let place = Place::new();
    place.file("tree/a", "x");
    place.run("generate tree -o list").good();
    place.run("metadata list -o meta").good();
    place.file("security/digest_lists/digest_lists", "");
    place
}

#[test]
fn the_kernel_is_given_the_absolute_path() {
    let place = with_metadata();
    place
        .run("load meta --securityfs security/digest_lists")
        .good()
        .printed("meta: 1 list loaded\n");
    let written = place.read("security/digest_lists/digest_lists");
    let path = place.path("meta").canonicalize().expect("a path");
    assert_eq!(written, path.as_os_str().as_encoded_bytes());
}

#[test]
fn or_the_bytes() {
    let place = with_metadata();
    place
        .run("load --bytes meta --securityfs security/digest_lists")
        .good();
    let written = place.read("security/digest_lists/digest_lists");
    assert_eq!(written, place.read("meta"));
}

#[test]
fn what_is_written_is_kept() {
    let place = with_metadata();
    fs::create_dir(place.path("kept")).expect("a directory");
    let name = |data: &[u8]| format!("kept/{}", sha256(data));
    let meta = place.read("meta");
    place
        .run("load meta --keep kept --securityfs security/digest_lists")
        .good();
    assert_eq!(place.read(&name(&meta)), meta);

    // Of the list that is there alone.
    place.run("generate tree -o gone").good();
    place.run("metadata gone list -o both").good();
    fs::remove_file(place.path("gone")).expect("to remove it");
    place
        .run("load --skip-bad both --keep kept --securityfs security/digest_lists")
        .ended(0, "gone: left out");
    let written = place.read("security/digest_lists/digest_lists");
    assert_eq!(place.read(&name(&written)), written);

    // The lists count, the copy does not.
    place
        .run("load meta --keep none --securityfs security/digest_lists")
        .ended(0, "note: the metadata cannot be kept for attestation: ");
}

#[test]
fn a_missing_module_is_told_from_a_missing_securityfs() {
    let place = with_metadata();
    place
        .run("load meta --securityfs security/none")
        .failed("the module is not loaded: modprobe digest_lists");
    fs::create_dir(place.path("empty")).expect("a directory");
    place
        .run("load meta --securityfs empty/none")
        .failed("securityfs is not mounted");
    place
        .run("status --securityfs security/none")
        .failed("the module is not loaded");
}

#[test]
fn a_refusal_of_the_kernel_is_explained() {
    if !fs::exists("/dev/full").unwrap_or_default() {
        skipped("no /dev/full");
        return;
    }
    let place = with_metadata();
    fs::create_dir(place.path("full")).expect("a directory");
    symlink("/dev/full", place.path("full/digest_lists")).expect("a link");
    let ran = place.run("load meta --securityfs full");
    ran.failed("cannot load meta: cannot write to full/digest_lists: too many digests; ")
        .failed("dmesg | grep digest_lists")
        .failed("No space left");

    place.file("bad", "no metadata");
    place
        .run("load bad --securityfs full")
        .failed("cannot load bad, which is not metadata: ");
}

#[test]
fn what_cannot_be_read_is_not_given_to_the_kernel() {
    let place = with_metadata();
    place
        .run("load missing --securityfs security/digest_lists")
        .failed("cannot read missing");
    assert!(place.read("security/digest_lists/digest_lists").is_empty());
}

#[test]
fn status_is_what_the_module_says() {
    let place = with_metadata();
    let status = "pcr: 12\nlists: 3\n";
    place.file("security/digest_lists/status", status);
    let ran = place
        .run("status --securityfs security/digest_lists")
        .good();
    assert_eq!(ran.out, status);
}
