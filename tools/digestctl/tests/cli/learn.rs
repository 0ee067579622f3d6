// SPDX-License-Identifier: GPL-2.0

//! `digestctl generate --from log`: a list of the files that a measurement list has records of. The
//! records are written by the module's own writer.

use std::{
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::symlink, //
    },
};

use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    policy::Template,
    template::{
        write_binary,
        Event, //
    },
};

use crate::{
    evidence::{
        digest_of,
        hash,
        named,
        own,
        record,
        Bytes,
        Record, //
    },
    expected,
    names,
    shown,
    Place, //
};

/// Writes the measurement list `log` of these records.
fn log(place: &Place, records: &[Record]) {
    let lines: Vec<_> = records.iter().map(|record| record.line.clone()).collect();
    place.file("log", lines.concat());
}

fn of_file(path: &str, content: &str) -> Record {
    named(digest_of(content), path)
}

fn violation(path: &str) -> Record {
    named(Digest::zero(HashAlgo::Sha256), path)
}

/// These records with one extend.
fn batch(records: &[Record]) -> Record {
    let data: Vec<u8> = records
        .iter()
        .flat_map(|record| record.line.clone())
        .collect();
    let digest = Digest::parse(&format!("sha1:{}", hash("sha1", &data))).expect("a digest");
    let mut line = Bytes::default();
    write_binary(12, &digest, "digest-batch", &data, &mut line).expect("a record");
    Record::new(line.0, data)
}

const LEARN: &str = "generate --from log --list log --root root -o learned";

#[test]
fn files_that_still_have_the_recorded_content_are_listed() {
    let place = Place::new();
    place.file("root/opt/tool", "a tool");
    place.file("root/opt/twice", "second content");
    place.file("root/opt/in-a-batch", "one of several");
    place.file("root/opt/other", "another one");
    log(
        &place,
        &[
            of_file("boot_aggregate", "no file"),
            own("digest_lists_start", "kernel=7.3.4\n"),
            of_file("/opt/tool", "a tool"),
            of_file("/opt/twice", "first content"),
            of_file("/opt/twice", "second content"),
            batch(&[
                of_file("/opt/in-a-batch", "one of several"),
                of_file("/opt/other", "another one"),
            ]),
            of_file("init_module", "a module from memory"),
        ],
    );
    place
        .run(LEARN)
        .good()
        .printed("learned: 4 digests of 4 files\n");
    let contents = ["a tool", "second content", "one of several", "another one"];
    let entries = contents.map(|content| ("immutable", content));
    assert_eq!(shown(&place, "learned"), expected(&entries));
}

#[test]
fn files_that_changed_or_are_gone_are_named_and_not_listed() {
    let place = Place::new();
    place.file("root/same", "same");
    place.file("root/changed", "new content");
    place.file("root/appended", "content and more");
    log(
        &place,
        &[
            of_file("/same", "same"),
            of_file("/changed", "old content"),
            of_file("/appended", "content"),
            of_file("/gone", "gone"),
            of_file("/tmp/x (deleted)", "deleted"),
            of_file("/same/below", "a file is no directory"),
        ],
    );
    let ran = place.run(LEARN).good();
    assert_eq!(
        ran.out,
        "left out: /appended: changed since it was recorded\n\
         left out: /changed: changed since it was recorded\n\
         left out: /gone: gone\n\
         left out: /same/below: gone\n\
         left out: /tmp/x_(deleted): gone\n\
         learned: 1 digest of 1 file\n\
         left out: 5 other files\n"
    );
    assert_eq!(shown(&place, "learned"), expected(&[("immutable", "same")]));
}

#[test]
fn a_file_with_a_violation_is_never_listed() {
    let place = Place::new();
    place.file("root/written", "written while it was read");
    place.file("root/good", "good");
    log(
        &place,
        &[
            violation("/written"),
            of_file("/good", "good"),
            // The kernel records the content as well, as it was at that moment.
            of_file("/written", "written while it was read"),
        ],
    );
    place
        .run(LEARN)
        .good()
        .printed("left out: /written: it has a violation\n");
    assert_eq!(shown(&place, "learned"), expected(&[("immutable", "good")]));
}

#[test]
fn no_link_is_followed_and_no_device_is_opened() {
    let place = Place::new();
    place.file("root/real/file", "content");
    place.file("outside", "out of the root");
    symlink("real", place.path("root/through")).expect("a link");
    symlink("real/file", place.path("root/link")).expect("a link");
    symlink(place.path(""), place.path("root/out")).expect("a link");
    let made = std::process::Command::new("mkfifo")
        .arg(place.path("root/pipe"))
        .status();
    assert!(made.expect("mkfifo runs").success());
    log(
        &place,
        &[
            of_file("/real/file", "content"),
            of_file("/through/file", "content"),
            of_file("/link", "content"),
            of_file("/out/outside", "out of the root"),
            of_file("/../outside", "out of the root"),
            of_file("/pipe", "anything"),
            of_file("/real", "anything"),
            of_file("/", "anything"),
        ],
    );
    let ran = place.run(LEARN).good();
    for line in [
        "/: no regular file",
        "/link: no regular file",
        "/out/outside: gone",
        "/pipe: no regular file",
        "/real: no regular file",
        "/through/file: gone",
        "6 other files",
    ] {
        assert!(
            ran.out.contains(&format!("left out: {line}\n")),
            "{}",
            ran.out
        );
    }
    assert_eq!(
        shown(&place, "learned"),
        expected(&[("immutable", "content")])
    );
    // A device of this system is no file either.
    log(
        &place,
        &[of_file("/dev/null", ""), of_file("/dev/zero", "0")],
    );
    place
        .run("generate --from log --list log -o of-devices")
        .failed("no file of the measurement list has the recorded content; no list was written")
        .printed("left out: /dev/zero: no regular file\n");
    assert!(!place.has("of-devices"));
}

#[test]
fn names_with_spaces_newlines_and_bytes_that_are_no_text_are_found_and_harm_no_terminal() {
    let place = Place::new();
    fs::create_dir_all(place.path("root/a dir")).expect("a directory");
    let name = |bytes: &[u8]| [b"/", bytes].concat();
    let mut records = Vec::new();
    for bytes in [
        &b"bad\xff"[..],
        b"new\nline",
        b"\x1b[31m",
        b"a b  c",
        b"a dir/x_y z",
    ] {
        let path = place.path("root").join(std::ffi::OsStr::from_bytes(bytes));
        fs::write(path, bytes).expect("a file");
        let event = Event::new(digest_of(bytes), b"");
        let name = name(bytes);
        records.push(record(
            Template::ImaNg,
            &Event {
                name: &name,
                ..event
            },
        ));
    }
    // Two files with one name in the list, and one that has it itself.
    place.file("root/one two", "of a name with a space");
    place.file("root/one_two", "of a name with an underscore");
    records.push(of_file("/one two", "of a name with a space"));
    records.push(of_file("/one\ttwo", "of no file"));
    let gone = name(b"\xc2\x9b2Jgone\nline");
    let event = Event::new(digest_of("gone"), &gone);
    records.push(record(Template::ImaNg, &event));
    log(&place, &records);
    place
        .run(LEARN)
        .good()
        .printed("learned: 6 digests of 6 files\n")
        .printed("left out: /\\xc2\\x9b2Jgone_line: gone\n");
}

#[test]
fn only_files_below_the_paths_that_are_named_are_listed() {
    let place = Place::new();
    for (path, content) in [
        ("usr/bin/one", "one"),
        ("opt/two", "two"),
        ("opt-of-others/three", "three"),
        ("home/user/four", "four"),
    ] {
        place.file(&format!("root/{path}"), content);
    }
    log(
        &place,
        &[
            of_file("/usr/bin/one", "one"),
            of_file("/opt/two", "two"),
            of_file("/opt-of-others/three", "three"),
            of_file("/home/user/four", "four"),
            of_file("/opt/../home/user/four", "four"),
        ],
    );
    place.run(&format!("{LEARN} /usr /opt")).good();
    let entries = [("immutable", "one"), ("immutable", "two")];
    assert_eq!(shown(&place, "learned"), expected(&entries));
    place
        .run(&format!("{LEARN} usr"))
        .failed("usr is not absolute, as paths in the measurement list are");
}

#[test]
fn name_serial_algorithm_and_kind_are_those_of_other_sources() {
    let place = Place::new();
    place.file("root/file", "content");
    place.file("root/empty", "");
    log(
        &place,
        &[of_file("/file", "content"), of_file("/empty", "")],
    );
    place
        .run(&format!(
            "{LEARN} --name learned --serial 3 --algo sha512 --mutable"
        ))
        .good()
        .printed("learned: 1 digest of 1 file\nleft out: 1 empty file\n");
    let shown = place.run("show --digests learned").good();
    let digest = hash("sha512", b"content");
    shown
        .printed("  name: learned\n  serial: 3\n")
        .printed(&format!("mutable sha512:{digest}"));
}

#[test]
fn digests_of_other_kinds_than_a_list_of_content_has_are_not_taken_for_content() {
    let place = Place::new();
    place.file("root/verity", "content");
    place.file("root/old", "content");
    place.file("root/good", "good");
    let verity = Event {
        verity: true,
        ..Event::new(digest_of("content"), b"/verity")
    };
    let sha1 = Digest::parse(&format!("sha1:{}", hash("sha1", b"content"))).expect("a digest");
    log(
        &place,
        &[
            record(Template::ImaNgv2, &verity),
            named(sha1, "/old"),
            of_file("/good", "good"),
        ],
    );
    place
        .run(LEARN)
        .good()
        .printed("left out: /verity: recorded by SHA-1 or by fs-verity only\n")
        .printed("left out: /old: recorded by SHA-1 or by fs-verity only\n");
    assert_eq!(shown(&place, "learned"), expected(&[("immutable", "good")]));
}

#[test]
fn a_list_that_cannot_be_read_or_has_no_such_file_makes_none() {
    let place = Place::new();
    place.file("root/file", "content");
    let whole = of_file("/file", "content").line;
    place.file("log", &whole[..whole.len() - 1]);
    place.run(LEARN).failed("record 0 of the list");
    place.file("log", "");
    place
        .run(LEARN)
        .failed("no file of the measurement list has the recorded content");
    place
        .run("generate root --list log -o learned")
        .failed("--list and --archive name measurement lists, for --from log");
    place
        .run("generate --from log --securityfs none -o learned")
        .failed("cannot read none/binary_runtime_measurements");
    assert_eq!(names(&place.path("")), ["log", "root"]);
}

#[test]
fn the_archive_and_what_is_staged_come_before_the_list_of_the_module() {
    let place = Place::new();
    for name in ["archived", "staged", "current"] {
        place.file(&format!("root/{name}"), name);
        let record = of_file(&format!("/{name}"), name);
        place.file(&format!("{name}.part"), &record.line);
    }
    let (staged, current) = (place.read("staged.part"), place.read("current.part"));
    place.file("fs/binary_runtime_measurements_staged", staged);
    place.file("fs/binary_runtime_measurements", current);
    place.file(
        "fs/status",
        "records: 1\nrecords_staged: 1\nrecords_deleted: 1\n",
    );
    place
        .run("generate --from log --securityfs fs --archive archived.part --root root -o learned")
        .good()
        .printed("learned: 3 digests of 3 files\n");
}
