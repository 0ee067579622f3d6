// SPDX-License-Identifier: GPL-2.0

//! `digestctl generate --from deb`, over packages that `dpkg-deb` made.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Command, //
};

use crate::{
    expected,
    shown,
    Place, //
};

/// Builds the package `directory`, which has a control file of this name and version.
pub(crate) fn build(place: &Place, directory: &str, name: &str, output: &str) {
    place.file(
        &format!("{directory}/DEBIAN/control"),
        format!(
            "Package: {name}\nVersion: 1\nArchitecture: all\n\
             Maintainer: Nobody <nobody@example.org>\nDescription: {name}\n"
        ),
    );
    let built = Command::new("dpkg-deb")
        .args(["--root-owner-group", "--build", directory, output])
        .current_dir(place.path("."))
        .output()
        .expect("dpkg-deb runs");
    assert!(built.status.success(), "{built:?}");
}

/// `one_1_all.deb` with a program, an empty file, a configuration file and a maintainer script.
fn package() -> Place {
    let place = Place::new();
    let script = place.file("one/DEBIAN/postinst", "#!/bin/sh\n");
    fs::set_permissions(script, PermissionsExt::from_mode(0o755)).expect("permissions");
    place.file("one/DEBIAN/conffiles", "/etc/one.conf\n");
    place.file("one/etc/one.conf", "configuration");
    place.file("one/usr/bin/one", "program");
    place.file("one/usr/bin/empty", "");
    build(&place, "one", "one", "one_1_all.deb");
    place
}

#[test]
fn a_package_is_listed_without_being_installed() {
    let place = package();
    place
        .run("generate --from deb one_1_all.deb -o lists")
        .good()
        .printed("lists: 3 digests of 1 package\n");
    assert_eq!(
        shown(&place, "lists/one_1_all"),
        expected(&[
            ("immutable", "program"),
            ("immutable", "#!/bin/sh\n"),
            ("mutable", "configuration"),
        ])
    );
}

#[test]
fn what_is_no_package_is_an_error() {
    let place = package();
    let whole = place.read("one_1_all.deb");
    place.file("half.deb", &whole[..whole.len() / 2]);
    place
        .run("generate --from deb one_1_all.deb half.deb -o lists")
        .failed("half.deb: dpkg-deb cannot read it")
        .failed("no list was written");
    assert!(!place.has("lists/one_1_all"));
    place
        .run("generate --from deb one_1_all.deb half.deb -o lists --keep-going")
        .failed("1 package could not be read; the lists were written without them");
    assert!(place.has("lists/one_1_all"));
    place
        .run("generate --from deb one -o lists")
        .failed("the name of a Debian package ends in .deb");
    place
        .run("generate --from deb missing.deb -o lists")
        .failed("missing.deb");
}

#[test]
fn a_package_without_content_has_a_list_of_its_own_digest() {
    let place = Place::new();
    build(&place, "meta", "meta", "meta_1_all.deb");
    place
        .run("generate --from deb meta_1_all.deb -o lists")
        .good()
        .printed("without content: 1 package, whose lists have the digest of the package file\n");
    let digest = crate::sha256(place.read("meta_1_all.deb"));
    assert_eq!(
        shown(&place, "lists/meta_1_all"),
        [format!("immutable sha256:{digest}")]
    );
}

#[test]
fn packages_of_one_name_in_two_directories_do_not_take_each_others_list() {
    let place = Place::new();
    for (directory, content) in [("a", "first"), ("b", "second")] {
        place.file(&format!("{directory}/usr/bin/one"), content);
        fs::create_dir(place.path(&format!("pool-{directory}"))).expect("a directory");
        build(
            &place,
            directory,
            "one",
            &format!("pool-{directory}/one_1_all.deb"),
        );
    }
    place
        .run("generate --from deb pool-a/one_1_all.deb pool-b/one_1_all.deb -o lists")
        .failed("pool-a/one_1_all.deb and pool-b/one_1_all.deb are different packages");
    assert!(!place.has("lists/one_1_all"));
    place
        .run("generate --from deb pool-a/one_1_all.deb ./pool-a/one_1_all.deb -o lists")
        .good()
        .printed("lists: 1 digest of 1 package\n");
}
