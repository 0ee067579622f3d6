// SPDX-License-Identifier: GPL-2.0

//! `digestctl generate --from dpkg`, over a system of two packages and over this one.

mod odd;

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path, //
};

use md5::{
    Digest,
    Md5, //
};

use crate::{
    expected,
    sha256,
    shown,
    skipped,
    Place, //
};

/// The packages `one`, with a program, a link to nothing of its own, an empty file and a
/// configuration file; and `two`, whose program `one` has diverted.
fn system() -> Place {
    let place = Place::new();
    let sum = |content: &str| format!("{:x}", Md5::digest(content));
    place.file("root/usr/bin/one", "program one");
    place.file("root/usr/bin/empty", "");
    place.file("root/etc/one.conf", "changed by hand");
    place.file("root/usr/bin/two.distrib", "program two");
    place.file("root/usr/bin/two", "instead of program two");
    symlink("usr/bin", place.path("root/bin")).expect("a link");
    place.file(
        "root/var/lib/dpkg/info/one:amd64.md5sums",
        format!(
            "{}  bin/one\n{}  usr/bin/empty\n{}  usr/share/doc/one\n{}  usr/bin/two\n",
            sum("program one"),
            sum(""),
            sum("not installed"),
            sum("instead of program two"),
        ),
    );
    place.file(
        "root/var/lib/dpkg/info/one:amd64.conffiles",
        "/etc/one.conf\nremove-on-upgrade /etc/gone\n",
    );
    place.file(
        "root/var/lib/dpkg/info/two.md5sums",
        format!("{}  usr/bin/two\n", sum("program two")),
    );
    place.file("root/var/lib/dpkg/info/two.postinst", "after two");
    place.file(
        "root/var/lib/dpkg/diversions",
        "/usr/bin/two\n/usr/bin/two.distrib\none\n",
    );
    place
}

#[test]
fn the_files_of_all_packages_are_listed_where_they_are() {
    let place = system();
    place
        .run("generate --from dpkg --root root -o list")
        .good()
        .printed("list: 5 digests of 5 files of 2 packages\nleft out: 1 empty file\nleft out: 1 missing file\n");
    assert_eq!(
        shown(&place, "list"),
        expected(&[
            ("immutable", "program one"),
            ("immutable", "program two"),
            ("immutable", "instead of program two"),
            ("immutable", "after two"),
            ("mutable", "changed by hand"),
        ])
    );
}

#[test]
fn or_of_those_that_are_named() {
    let place = system();
    place
        .run("generate --from dpkg --root root two -o list")
        .good();
    assert_eq!(
        shown(&place, "list"),
        expected(&[("immutable", "program two"), ("immutable", "after two")])
    );
    place
        .run("generate --from dpkg --root root three -o other")
        .failed("no package 'three' is installed");
}

#[test]
fn a_file_that_was_changed_is_an_error_or_left_out() {
    let place = system();
    place.file("root/usr/bin/one", "program One");
    place
        .run("generate --from dpkg --root root -o list")
        .failed("root/bin/one: not as the package one had it")
        .failed("1 file not as the package had them; no list was written");
    assert!(!place.has("list"));
    let ran = place.run("generate --from dpkg --root root --skip-changed -o list");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!shown(&place, "list").contains(&expected(&[("immutable", "program One")])[0]));
}

#[test]
fn a_system_without_dpkg_is_told() {
    let place = Place::new();
    place
        .run("generate --from dpkg --root . -o list")
        .failed("is this a Debian system?");
}

#[test]
fn the_packages_of_this_system_are_as_they_should_be() {
    if !Path::new("/var/lib/dpkg/info/coreutils.md5sums").exists() {
        skipped("this is no Debian system");
        return;
    }
    let place = Place::new();
    let out = place
        .run("generate --from dpkg coreutils -o list")
        .good()
        .out;
    let ls = sha256(fs::read("/usr/bin/ls").expect("ls"));
    let listed = shown(&place, "list");
    assert!(listed.contains(&format!("immutable sha256:{ls}")), "{out}");
    eprintln!("{out}");
}

#[test]
fn the_format_tlv_leaves_out_configuration_files_and_says_so() {
    let place = system();
    let ran = place
        .run("generate --from dpkg --root root --format tlv -o list")
        .good()
        .printed("left out: 1 configuration file (the format tlv has no mutable files)");
    assert!(!ran.out.contains("mutable: 1"));
    let listed = shown(&place, "list");
    assert_eq!(
        listed,
        expected(&[
            ("immutable", "after two"),
            ("immutable", "instead of program two"),
            ("immutable", "program one"),
            ("immutable", "program two"),
        ])
    );
    place
        .run("generate --from dpkg --root root --format tlv --mutable -o other")
        .failed("the format tlv has no mutable files");
}
