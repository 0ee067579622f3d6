// SPDX-License-Identifier: GPL-2.0

//! Every format and algorithm of lists, made and read back.

use sha2::{
    Digest,
    Sha384,
    Sha512, //
};

use crate::{
    sha256,
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
            .failed("compact, compact16 or tlv");
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
