// SPDX-License-Identifier: GPL-2.0

//! States of dpkg's database that real packages lead to. The packages are installed by dpkg itself.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::symlink, //
    },
    process::Command,
    sync::atomic::{
        AtomicBool,
        Ordering, //
    }, //
};

use md5::{
    Digest,
    Md5, //
};

use crate::{
    expected,
    sha256,
    shown,
    Place, //
};

const GENERATE: &str = "generate --from dpkg --root root -o list";

fn sum(content: impl AsRef<[u8]>) -> String {
    format!("{:x}", Md5::digest(content))
}

/// A root with an empty database.
fn system() -> Place {
    let place = Place::new();
    place.file("root/var/lib/dpkg/status", "");
    for directory in ["info", "updates"] {
        fs::create_dir_all(place.path(&format!("root/var/lib/dpkg/{directory}"))).expect("made");
    }
    place
}

/// Builds the package `name`, whose files are there, and unpacks it.
fn install(place: &Place, name: &str, more: &str, md5sums: Option<&[u8]>) {
    place.file(
        &format!("{name}/DEBIAN/control"),
        format!(
            "Package: {name}\nVersion: 1\nArchitecture: all\n{more}\
             Maintainer: Nobody <nobody@example.org>\nDescription: {name}\n"
        ),
    );
    if let Some(md5sums) = md5sums {
        place.file(&format!("{name}/DEBIAN/md5sums"), md5sums);
    }
    let deb = format!("{name}.deb");
    run(place, "dpkg-deb", &["--root-owner-group", "-b", name, &deb]);
    run(
        place,
        "dpkg",
        &[
            "--root=root",
            "--force-not-root",
            "--force-bad-path",
            "--log=/dev/null",
            "--unpack",
            &deb,
        ],
    );
}

fn run(place: &Place, program: &str, args: &[&str]) {
    let ran = Command::new(program)
        .args(args)
        .current_dir(place.path("."))
        .output()
        .expect("it runs");
    assert!(ran.status.success(), "{ran:?}");
}

/// A package in whose sums nothing is odd.
fn install_good(place: &Place) {
    place.file("good/usr/bin/good", "good");
    let sums = format!("{}  usr/bin/good\n", sum("good"));
    install(place, "good", "", Some(sums.as_bytes()));
}

#[test]
fn sums_are_read_in_every_way_in_which_packages_write_them() {
    let place = system();
    install_good(&place);
    for name in ["one", "star", "dot", "slash", "upper"] {
        place.file(&format!("odd/usr/bin/{name}"), name);
    }
    let sums = format!(
        "{} usr/bin/one\n\n{} *usr/bin/star\n{}  ./usr/bin/dot\n{}  /usr/bin/slash\r\n{}  usr/bin/upper\n",
        sum("one"),
        sum("star"),
        sum("dot"),
        sum("slash"),
        sum("upper").to_uppercase()
    );
    install(&place, "odd", "", Some(sums.as_bytes()));
    place.run(GENERATE).good();
    let all = ["good", "one", "star", "dot", "slash", "upper"].map(|name| ("immutable", name));
    assert_eq!(shown(&place, "list"), expected(&all));
}

#[test]
fn names_need_not_be_text() {
    let place = system();
    install_good(&place);
    let name = OsStr::from_bytes(b"caf\xe9");
    fs::create_dir_all(place.path("latin/usr/bin")).expect("a directory");
    fs::write(place.path("latin/usr/bin").join(name), "latin").expect("a file");
    let sums = [sum("latin").as_bytes(), b"  usr/bin/caf\xe9\n"].concat();
    install(&place, "latin", "", Some(&sums));
    place.run(GENERATE).good();
    assert_eq!(
        shown(&place, "list"),
        expected(&[("immutable", "good"), ("immutable", "latin")])
    );
}

#[test]
fn a_line_without_a_sum_is_named_and_stops_only_who_wants_all() {
    let place = system();
    install_good(&place);
    place.file("bare/usr/bin/bare", "bare");
    install(&place, "bare", "", Some(b"usr/bin/bare\n"));
    place
        .run(GENERATE)
        .failed("bare.md5sums: no sum and name: 'usr/bin/bare'")
        .failed("1 file could not be read; no list was written (--keep-going writes one)");
    place
        .run(&format!("{GENERATE} --keep-going"))
        .failed("the list was written without them");
    assert_eq!(shown(&place, "list"), expected(&[("immutable", "good")]));
}

#[test]
fn the_files_of_a_package_without_sums_are_listed_and_counted() {
    let place = system();
    place.file("bare/usr/bin/bare", "bare");
    place.file("bare/etc/bare.conf", "configuration");
    place.file("bare/DEBIAN/conffiles", "/etc/bare.conf\n");
    install(&place, "bare", "", None);
    // The dpkg of today makes sums where a package has none; that of a system from before did not.
    fs::remove_file(place.path("root/var/lib/dpkg/info/bare.md5sums")).expect("made by dpkg");
    fs::rename(
        place.path("root/etc/bare.conf.dpkg-new"),
        place.path("root/etc/bare.conf"),
    )
    .expect("configured");
    place
        .run(GENERATE)
        .good()
        .printed("not compared: 1 file of packages without sums\n");
    assert_eq!(
        shown(&place, "list"),
        expected(&[("immutable", "bare"), ("mutable", "configuration")])
    );
}

#[test]
fn a_file_that_another_package_took_over_is_not_changed() {
    let place = system();
    place.file("old/usr/bin/moved", "old");
    place.file("old/usr/bin/stays", "stays");
    let sums = format!(
        "{}  usr/bin/moved\n{}  usr/bin/stays\n",
        sum("old"),
        sum("stays")
    );
    install(&place, "old", "", Some(sums.as_bytes()));
    place.file("new/usr/bin/moved", "new");
    let sums = format!("{}  usr/bin/moved\n", sum("new"));
    install(&place, "new", "Replaces: old\n", Some(sums.as_bytes()));
    place.run(GENERATE).good();
    assert_eq!(
        shown(&place, "list"),
        expected(&[("immutable", "new"), ("immutable", "stays")])
    );
}

#[test]
fn a_configuration_file_with_a_sum_is_one_all_the_same() {
    let place = system();
    place.file("conf/etc/conf.conf", "as packaged");
    place.file("conf/DEBIAN/conffiles", "/etc/conf.conf\n");
    let sums = format!("{}  etc/conf.conf\n", sum("as packaged"));
    install(&place, "conf", "", Some(sums.as_bytes()));
    fs::remove_file(place.path("root/etc/conf.conf.dpkg-new")).expect("unpacked");
    place.file("root/etc/conf.conf", "changed by hand");
    place.run(GENERATE).good();
    assert_eq!(
        shown(&place, "list"),
        expected(&[("mutable", "changed by hand")])
    );
}

#[test]
fn the_script_that_purges_a_removed_package_is_listed() {
    let place = system();
    install_good(&place);
    // As dpkg leaves a package that was removed and not purged.
    place.file("root/var/lib/dpkg/info/gone.postrm", "#!/bin/sh\n");
    place.file("root/var/lib/dpkg/info/gone.list", "/etc\n/etc/gone.conf\n");
    place.file("root/etc/gone.conf", "kept");
    let status = fs::read_to_string(place.path("root/var/lib/dpkg/status")).expect("a status");
    place.file(
        "root/var/lib/dpkg/status",
        format!(
            "{status}\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: all\n\
             Version: 1\nConffiles:\n /etc/gone.conf {}\n",
            sum("kept")
        ),
    );
    place.run(GENERATE).good();
    assert_eq!(
        shown(&place, "list"),
        expected(&[("immutable", "good"), ("immutable", "#!/bin/sh\n")])
    );
    place
        .run("generate --from dpkg --root root gone -o one")
        .good()
        .printed("one: 1 digest of 1 file of 1 package\n");
}

#[test]
fn nothing_outside_of_the_root_is_looked_at() {
    let place = system();
    place.file("outside/bin/file", "outside");
    place.file("root/inside/bin/file", "inside");
    let outside = place.path("outside");
    // Absolute links and names mean what they would mean below the root.
    symlink("/inside/bin", place.path("root/bin")).expect("a link");
    symlink(outside.join("bin"), place.path("root/sbin")).expect("a link");
    symlink("../../../../../../outside/bin", place.path("root/lib")).expect("a link");
    let info = "root/var/lib/dpkg/info";
    place.file(
        &format!("{info}/one.md5sums"),
        format!(
            "{inside}  bin/file\n{out}  sbin/file\n{out}  lib/file\n{out}  ../outside/bin/file\n{out}  {}/bin/file\n",
            outside.display(),
            inside = sum("inside"),
            out = sum("outside"),
        ),
    );
    place
        .run(GENERATE)
        .good()
        .printed("left out: 4 missing files\n");
    let listed = shown(&place, "list");
    assert_eq!(listed, expected(&[("immutable", "inside")]));
    assert!(!listed.iter().any(|line| line.ends_with(&sha256("outside"))));
}

#[test]
fn files_that_are_renamed_meanwhile_stop_nothing() {
    let place = system();
    install_good(&place);
    // Renames, wherever they are, make the kernel give up a path with `..`.
    let detour = "usr/../".repeat(40);
    let line = format!("{}  {detour}usr/bin/good\n", sum("good"));
    let sums = line.repeat(4000);
    place.file("root/var/lib/dpkg/info/good.md5sums", sums);
    fs::remove_file(place.path("root/var/lib/dpkg/info/good.list")).expect("removed");
    let ended = AtomicBool::new(false);
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| {
            let names = ["one", "other"].map(|name| place.path(name));
            fs::write(&names[0], "").expect("a file");
            while !ended.load(Ordering::Relaxed) {
                fs::rename(&names[0], &names[1]).expect("renamed");
                fs::rename(&names[1], &names[0]).expect("renamed");
            }
        });
        let ran = place.run(GENERATE);
        ended.store(true, Ordering::Relaxed);
        ran
    });
    ran.good()
        .printed("list: 1 digest of 4000 files of 1 package\n");
}
