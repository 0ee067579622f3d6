// SPDX-License-Identifier: GPL-2.0

//! Every format and algorithm of lists, made and read back.

use sha2::{
    Digest,
    Sha384,
    Sha512, //
};

use crate::{
    sha256,
    shown,
    Place, //
};

#[test]
fn each_format_with_each_algorithm_is_read_back() {
    let place = Place::new();
    place.file("tree/a", "one");
    let digests = [
        ("sha256", sha256("one")),
        ("sha384", format!("{:x}", Sha384::digest("one"))),
        ("sha512", format!("{:x}", Sha512::digest("one"))),
    ];
    for (algo, digest) in digests {
        for format in ["compact", "compact16", "tlv"] {
            let list = format!("{format}-{algo}");
            place
                .run(&format!(
                    "generate tree --format {format} --algo {algo} -o {list}"
                ))
                .good();
            let shown = place.run(&format!("show --digests {list}")).good().out;
            assert!(
                shown.starts_with(&format!("{list}: {format} list\n")),
                "{shown}"
            );
            assert!(
                shown.contains(&format!("immutable {algo}:{digest}\n")),
                "{shown}"
            );
            place.run(&format!("show --format {format} {list}")).good();
            place.run(&format!("metadata {list} -o meta")).good();
            place
                .run("show meta")
                .good()
                .printed(&format!("type: {format}\n"));
        }
    }
}

#[test]
fn files_and_digests_are_revoked_by_a_compact_list() {
    let place = Place::new();
    place.file("old/sudo", "a program with a flaw");
    let gone = sha256("a program that is no longer here");
    place
        .run(&format!(
            "generate --revoked old/sudo --digest sha256:{gone} -o revoked"
        ))
        .good()
        .printed("revoked: 2 digests of 1 file");
    let mut wanted = vec![
        format!("revoked sha256:{}", sha256("a program with a flaw")),
        format!("revoked sha256:{gone}"),
    ];
    wanted.sort();
    assert_eq!(shown(&place, "revoked"), wanted);
    // Digests alone, and of another algorithm.
    let long = format!("{:x}", Sha512::digest("a"));
    place
        .run(&format!(
            "generate --revoked --algo sha512 --digest sha512:{long} -o long"
        ))
        .good();
    place.run("show long").good().printed("revoked: 1\n");
    place
        .run("generate --from dpkg --revoked --root /nowhere -o no")
        .failed("cannot open /nowhere");
}

#[test]
fn what_cannot_be_revoked_is_refused() {
    let place = Place::new();
    place.file("a", "one");
    let digest = sha256("one");
    let empty = sha256("");
    for (line, reason) in [
        (
            "--format compact16 a",
            "only lists of the format compact can revoke",
        ),
        (
            "--format tlv a",
            "only lists of the format compact can revoke",
        ),
        ("--from rpm a", "revoke files or digests"),
        ("--digest sha256:12", "is not a digest"),
        (&format!("--digest {digest}"), "is not a digest"),
        (
            &format!("--algo sha384 --digest sha256:{digest}"),
            "is not of the list's algorithm",
        ),
        (&format!("--digest sha256:{empty}"), "the empty file"),
        (
            &format!("--from dpkg --digest sha256:{digest}"),
            "adds to a list of files",
        ),
    ] {
        place
            .run(&format!("generate --revoked {line} -o list"))
            .failed(reason);
        assert!(!place.has("list"), "{line}");
    }
    assert_eq!(place.run("generate --revoked --mutable a -o list").code, 2);
}

#[test]
fn mutable_files_need_a_format_that_knows_them() {
    let place = Place::new();
    place.file("tree/a", "one");
    place
        .run("generate --mutable tree --format compact16 -o list")
        .good();
    place.run("show list").good().printed("mutable: 1\n");
    place
        .run("generate --mutable tree --format tlv -o tlv-list")
        .failed("the format tlv has no mutable files");
    assert!(!place.has("tlv-list"));
    for format in ["rpm", "metadata"] {
        place
            .run(&format!("generate tree --format {format} -o other"))
            .failed("[possible values: compact, compact16, tlv]");
    }
}

#[test]
fn a_list_of_another_format_is_refused_by_name() {
    let place = Place::new();
    place.file("tree/a", "one");
    place.run("generate tree -o list").good();
    place
        .run("show --format tlv list")
        .failed("list: not a tlv list: ");
    place
        .run("metadata --format rpm list -o meta")
        .failed("list: not a rpm list: ");
}
