// SPDX-License-Identifier: GPL-2.0

//! Packages, databases and keys that rpm takes though they are not as others are.

use std::fs;

use digest_logic::rpm::tag;
use host_tests::build::rpm::{
    package,
    some_files,
    Entry,
    Header, //
};

use super::data;
use crate::{
    names,
    sha256,
    Place, //
};

/// The package `name`, of files that begin with the number `first`.
fn header(name: &str, epoch: u32) -> Header {
    Header::of_files(&some_files())
        .with(Entry::string(tag::NAME, name))
        .with(Entry::int32(1003, &[epoch]))
}

#[test]
fn the_keys_in_a_database_end_nothing() {
    let Some(data) = data() else { return };
    let place = Place::new();
    for (name, headers, left_out) in [
        ("centos6-devtools", 263, "gpg-pubkey-c105b9de"),
        ("centos6-many", 326, "gpg-pubkey-c105b9de"),
        ("centos5-plain", 0, ""),
        ("centos7-many", 0, "gpg-pubkey-"),
    ] {
        let file = data.join(format!("databases/{name}.headers"));
        let ran = place.run(&format!(
            "generate --from rpmdb {} -o {name}",
            file.display()
        ));
        if headers == 0 && ran.code != 0 {
            // Every header of it has MD5 digests.
            assert!(ran.err.contains("no package has a header"), "{}", ran.err);
            continue;
        }
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.err.contains(left_out), "{name}: {}", ran.err);
        let lists = names(&place.path(name))
            .iter()
            .filter(|name| !name.ends_with(".sig"))
            .count();
        let out = ran
            .err
            .lines()
            .filter(|line| line.contains(": left out: "))
            .count();
        eprintln!("{name}: {lists} lists, {out} left out");
        if headers > 0 {
            assert_eq!(lists + out, headers, "{name}");
        }
    }
}

#[test]
fn packages_that_differ_in_nothing_of_their_name_have_a_list_each() {
    let place = Place::new();
    let signatures = Header::default();
    for epoch in [0, 1] {
        let header = header("same", epoch);
        place.file(&format!("{epoch}.rpm"), package(&signatures, &header));
    }
    place.file("again.rpm", place.read("1.rpm"));
    place
        .run("generate --from rpm 0.rpm 1.rpm again.rpm -o lists")
        .good()
        .printed("lists: 2 lists\nwithout a signature: 2 lists\nnamed twice: 1 package\n");
    let lists = names(&place.path("lists"));
    assert_eq!(lists.len(), 2, "{lists:?}");
    for name in &lists {
        let digest = sha256(place.read(&format!("lists/{name}")));
        assert!(name.ends_with(&format!("-{}", &digest[..8])), "{name}");
    }
    place.run("generate --from rpm 1.rpm 0.rpm -o other").good();
    assert_eq!(names(&place.path("other")), lists);
}

#[test]
fn a_signature_of_another_package_of_that_name_does_not_stay() {
    let place = Place::new();
    let signed = Header {
        entries: vec![Entry::binary(tag::RSA_HEADER, b"a signature")],
        added: vec![],
    };
    place.file("signed.rpm", package(&signed, &header("same", 0)));
    place.file("bare.rpm", package(&Header::default(), &header("same", 1)));
    place.run("generate --from rpm signed.rpm -o lists").good();
    let list = names(&place.path("lists"))[0].clone();
    assert!(place.has(&format!("lists/{list}.sig")));
    let ran = place.run("generate --from rpm bare.rpm -o lists");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(names(&place.path("lists")), [list]);
}

#[test]
fn a_signature_is_found_in_a_header_of_signatures_that_is_not_as_it_should_be() {
    let place = Place::new();
    let entries = vec![
        Entry::binary(tag::RSA_HEADER, b"a signature"),
        Entry::int32(1000, &[5]),
    ];
    let good = package(
        &Header {
            entries,
            added: vec![],
        },
        &header("odd", 0),
    );
    // Behind the lead of 96 bytes: magic, sizes, the entry of the region, those of the tags.
    let (region, first) = (96 + 16, 96 + 32);
    let mut unsorted = good.clone();
    let (one, other) = (first..first + 16, first + 16..first + 32);
    let moved = [&good[other.clone()], &good[one.clone()]].concat();
    unsorted[one.start..other.end].copy_from_slice(&moved);
    let mut region_61 = good.clone();
    region_61[region + 3] = 61;
    let mut short = good.clone();
    // The trailer of the region: the size of its entries, negated, one less.
    let at = good
        .windows(8)
        .rposition(|bytes| bytes == [0, 0, 0, 62, 0, 0, 0, 7])
        .expect("a trailer")
        + 8;
    short[at..at + 4].copy_from_slice(&(-32i32).to_be_bytes());
    for (name, data) in [
        ("good", good),
        ("unsorted", unsorted),
        ("region", region_61),
        ("short", short),
    ] {
        place.file(&format!("{name}.rpm"), data);
        place
            .run(&format!("generate --from rpm {name}.rpm -o {name}"))
            .good()
            .printed(": 1 list\n");
        let signature = names(&place.path(name))
            .into_iter()
            .find(|file| file.ends_with(".sig"))
            .expect("a signature");
        assert_eq!(place.read(&format!("{name}/{signature}")), b"a signature");
    }
}

#[test]
fn the_keys_of_a_vendor_count_though_one_of_them_is_of_a_version_to_come() {
    let Some(data) = data() else { return };
    let key = data.join("keys/redhat/RPM-GPG-KEY-redhat10-release");
    let place = Place::new();
    // The content of no list: the keys are read first.
    place.file("text", "no list");
    let ran = place.run(&format!("verify text --key {}", key.display()));
    assert!(
        ran.err.contains("a certificate in")
            && ran
                .err
                .contains("is left out: OpenPGP version 6 is not supported"),
        "{}",
        ran.err
    );
    ran.said_no("text: not a digest list");
    // A file with nothing else has no key.
    let text = fs::read_to_string(&key).expect("a key");
    let last = text.rfind("-----BEGIN").expect("a block");
    place.file("last", &text[last..]);
    place
        .run("verify text --key last")
        .failed("last has no OpenPGP key that can be used: OpenPGP version 6 is not supported");
}

#[test]
fn no_name_of_a_package_makes_its_list_a_signature_or_ends_the_others() {
    let place = Place::new();
    let signatures = Header::default();
    let arch = |name: &str, release: &str, arch: &str| {
        header(name, 0)
            .with(Entry::string(tag::RELEASE, release))
            .with(Entry::string(tag::ARCH, arch))
    };
    place.file(
        "good.rpm",
        package(&signatures, &arch("good", "1", "x86_64")),
    );
    for suffix in ["p7s", "sig"] {
        let header = arch("good", "1.x86_64", suffix);
        place.file(&format!("{suffix}.rpm"), package(&signatures, &header));
    }
    let long = arch(&"a".repeat(300), "1", "x86_64");
    place.file("long.rpm", package(&signatures, &long));
    let ran = place.run("generate --from rpm good.rpm long.rpm p7s.rpm sig.rpm -o lists");
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.printed("lists: 4 lists\n");
    let lists = names(&place.path("lists"));
    assert_eq!(lists.len(), 4);
    assert!(!lists
        .iter()
        .any(|name| name.ends_with(".p7s") || name.ends_with(".sig")));
    let lists: Vec<_> = lists.iter().map(|name| format!("lists/{name}")).collect();
    place
        .run(&format!("metadata {} -o meta", lists.join(" ")))
        .good();
}

#[test]
fn all_packages_are_listed_or_none_where_all_have_to_be() {
    let place = Place::new();
    let signatures = Header::default();
    place.file("good.rpm", package(&signatures, &header("good", 0)));
    // Without the table of digests there is no file to be known; without the algorithm it is MD5.
    let without = |tag: u32| {
        let mut header = header("odd", 0);
        header.entries.retain(|entry| entry.tag != tag);
        package(&signatures, &header)
    };
    place.file("none.rpm", without(tag::FILE_DIGESTS));
    place.file("md5.rpm", without(tag::FILE_DIGEST_ALGO));
    let generate = "generate --from rpm --complete";
    place
        .run(&format!("{generate} good.rpm none.rpm -o lists"))
        .good()
        .printed("lists: 1 list\nwithout a signature: 1 list\nwithout files: 1 package\n");
    place
        .run(&format!("{generate} none.rpm -o empty"))
        .good()
        .printed("empty: 0 lists\n");
    let ran = place.run(&format!("{generate} good.rpm md5.rpm -o refused"));
    assert!(ran.err.contains("md5.rpm: left out: "), "{}", ran.err);
    ran.failed("1 package cannot be listed; no list was written");
    assert_eq!(names(&place.path("refused")), [""; 0]);
    // Otherwise what cannot be listed is left out.
    let ran = place.run("generate --from rpm good.rpm none.rpm md5.rpm -o rest");
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.printed("rest: 1 list\nwithout a signature: 1 list\nleft out: 2 packages\n");
    place
        .run("generate --complete good.rpm -o list")
        .failed("--complete is for the headers of packages");
}
