// SPDX-License-Identifier: GPL-2.0

//! `digestctl generate`

use std::{
    fs,
    os::unix::{
        fs::{
            symlink,
            PermissionsExt, //
        },
        net::UnixListener, //
    }, //
};

use crate::{
    names,
    sha256,
    skipped,
    Place, //
};

fn digests(place: &Place, list: &str) -> Vec<String> {
    let shown = place.run(&format!("show --digests {list}")).good().out;
    let lines = shown.lines().filter(|line| line.contains(" sha256:"));
    lines
        .filter(|line| !line.starts_with(' '))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_list_has_the_digest_of_every_regular_file_once() {
    let place = Place::new();
    place.file("tree/a", "one");
    place.file("tree/sub/b", "two");
    place.file("tree/sub/deep/c", "one");
    let ran = place.run("generate tree -o list").good();
    ran.printed("list: 2 digests of 3 files");
    let mut expected =
        ["one", "two"].map(|content| format!("immutable sha256:{}", sha256(content)));
    expected.sort();
    assert_eq!(digests(&place, "list"), expected);
}

#[test]
fn the_bytes_are_the_format_and_do_not_depend_on_names() {
    let place = Place::new();
    for (first, second) in [("x", "y"), ("y", "x")] {
        place.file(&format!("{first}/1"), "abc");
        place.file(&format!("{second}/2"), "def");
    }
    place.run("generate x -o list-x").good();
    place.run("generate y -o list-y").good();
    let bytes = place.read("list-x");
    assert_eq!(bytes, place.read("list-y"));
    assert_eq!(bytes.len(), 10 + 64);
    assert_eq!(bytes.get(..10), Some(&[0, 0, 2, 0, 0, 0, 64, 0, 0, 0][..]));
    assert!(bytes.get(10..42) < bytes.get(42..74), "sorted");
}

#[test]
fn mutable_marks_every_entry() {
    let place = Place::new();
    place.file("f", "x");
    place.run("generate --mutable f -o list").good();
    assert_eq!(place.read("list").first(), Some(&1));
    let expected = format!("mutable sha256:{}", sha256("x"));
    assert_eq!(digests(&place, "list"), [expected]);
}

#[test]
fn empty_files_are_left_out_and_counted() {
    let place = Place::new();
    place.file("tree/empty", "");
    place.file("tree/full", "x");
    let ran = place.run("generate tree -o list").good();
    ran.printed("1 digest of 1 file\n")
        .printed("left out: 1 empty file\n");
}

#[test]
fn nothing_but_empty_files_makes_no_list() {
    let place = Place::new();
    place.file("tree/empty", "");
    place
        .run("generate tree -o list")
        .failed("no file with content");
    assert!(!place.has("list"));
}

#[test]
fn links_are_not_followed_and_special_files_are_left_out() {
    let place = Place::new();
    let outside = place.file("outside/secret", "out of the tree");
    place.file("tree/a", "x");
    symlink(outside, place.path("tree/link")).expect("a link");
    symlink(place.path("outside"), place.path("tree/dir")).expect("a link");
    symlink("nowhere", place.path("tree/dangling")).expect("a link");
    let _socket = UnixListener::bind(place.path("tree/socket")).expect("a socket");
    let ran = place.run("generate tree -o list").good();
    ran.printed("1 digest of 1 file\n")
        .printed("not followed: 3 symbolic links\n")
        .printed("left out: 1 special file (");
}

#[test]
fn an_argument_that_is_a_link_is_followed() {
    let place = Place::new();
    place.file("tree/a", "x");
    symlink("tree", place.path("link")).expect("a link");
    symlink("tree/a", place.path("file-link")).expect("a link");
    place
        .run("generate link -o list")
        .good()
        .printed("of 1 file");
    place
        .run("generate file-link -o list2")
        .good()
        .printed("of 1 file");
    assert_eq!(place.read("list"), place.read("list2"));
}

#[test]
fn hard_links_and_overlapping_trees_are_read_once() {
    let place = Place::new();
    let path = place.file("tree/a", "x");
    fs::hard_link(path, place.path("tree/b")).expect("a hard link");
    place
        .run("generate tree tree/a tree -o list")
        .good()
        .printed("1 digest of 1 file\n");
}

#[test]
fn the_list_is_not_an_entry_of_itself() {
    let place = Place::new();
    place.file("tree/a", "x");
    place.run("generate tree -o tree/list").good();
    let first = place.read("tree/list");
    place.run("generate tree -o tree/list").good();
    assert_eq!(place.read("tree/list"), first);
}

#[test]
fn what_cannot_be_read_is_named_and_no_list_is_written() {
    let place = Place::new();
    place.file("tree/a", "x");
    let ran = place.run("generate tree missing/1 missing/2 -o list");
    let ran = ran.failed("2 paths could not be read; no list was written");
    assert!(ran.err.contains("missing/1"), "{}", ran.err);
    assert!(ran.err.contains("missing/2"), "{}", ran.err);
    assert_eq!(names(&place.path("")), ["tree"]);
}

#[test]
fn with_keep_going_the_rest_is_written_and_the_status_is_still_a_failure() {
    let place = Place::new();
    place.file("tree/a", "x");
    place
        .run("generate -k tree missing -o list")
        .failed("the list was written without them")
        .printed("1 digest of 1 file\n");
    assert_eq!(place.read("list").len(), 42);
}

#[test]
fn pseudo_file_systems_are_not_entered() {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    if !mounts
        .lines()
        .any(|mount| mount.contains(" /dev/pts devpts "))
    {
        skipped("no /dev/pts is mounted");
        return;
    }
    let place = Place::new();
    place.file("tree/a", "x");
    place
        .run("generate -k -x /dev tree -o list")
        .printed("not entered: /dev/pts (pseudo file system)\n");
}

#[test]
fn the_list_replaces_an_older_one_and_everyone_may_read_it() {
    let place = Place::new();
    place.file("tree/a", "x");
    place.file("list", "older");
    place.run("generate tree -o list").good();
    let mode = fs::metadata(place.path("list"))
        .expect("a list")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(names(&place.path("")), ["list", "tree"]);
}

#[test]
fn a_pipe_stays_a_pipe_and_takes_the_list() {
    let place = Place::new();
    place.file("a", "one");
    let pipe = place.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    symlink("pipe", place.path("link")).expect("a link");
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || fs::read(pipe).expect("the pipe is read"))
    };
    place.run("generate a -o link").good();
    assert_eq!(reader.join().expect("a reader").len(), 42);
    assert!(!pipe.metadata().expect("it is there").is_file());
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let place = Place::new();
    place.file("tree/a", "x");
    place
        .run("generate tree -o no/such/list")
        .failed("cannot write no/such/list");
}

#[test]
fn names_that_are_no_text_do_no_harm() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    fs::create_dir(place.path("tree")).expect("a directory");
    for name in [&b"bad\xff"[..], b"new\nline", b"\x1b[31m"] {
        let name = std::ffi::OsStr::from_bytes(name);
        fs::write(place.path("tree").join(name), "x").expect("a file");
    }
    place
        .run("generate tree -o list")
        .good()
        .printed("1 digest of 3 files\n");
}
