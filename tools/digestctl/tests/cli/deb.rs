// SPDX-License-Identifier: GPL-2.0

//! `digestctl generate --from deb`, over packages that `dpkg-deb` made.

use std::{
    os::unix::fs::PermissionsExt,
    process::Command, //
};

use crate::{
    expected,
    shown,
    Place, //
};

/// `one_1_all.deb` with a program, an empty file, a configuration file and a maintainer script.
fn package() -> Place {
    let place = Place::new();
    place.file(
        "one/DEBIAN/control",
        "Package: one\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\n\
         Description: one\n",
    );
    let script = place.file("one/DEBIAN/postinst", "#!/bin/sh\n");
    std::fs::set_permissions(script, PermissionsExt::from_mode(0o755)).expect("permissions");
    place.file("one/DEBIAN/conffiles", "/etc/one.conf\n");
    place.file("one/etc/one.conf", "configuration");
    place.file("one/usr/bin/one", "program");
    place.file("one/usr/bin/empty", "");
    let built = Command::new("dpkg-deb")
        .args(["--root-owner-group", "--build", "one", "one_1_all.deb"])
        .current_dir(place.path("."))
        .output()
        .expect("dpkg-deb runs");
    assert!(built.status.success(), "{built:?}");
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
