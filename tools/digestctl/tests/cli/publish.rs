// SPDX-License-Identifier: GPL-2.0

//! `digestctl repo publish`, over an archive that a test signs as its owner would, and over
//! packages of Debian with Debian's own signature.

use std::{
    env,
    fs,
    os::unix::fs::{
        symlink,
        PermissionsExt, //
    },
    path::{
        Path,
        PathBuf, //
    },
    process::Command, //
};

use assert_cmd::cargo::cargo_bin_cmd;

use crate::{
    deb::build,
    expected,
    names,
    openpgp::Key,
    progress::on_terminal,
    sha256,
    shown,
    sign::with_keys,
    skipped,
    terminal::{
        is_calm,
        EVIL, //
    },
    Place,
    Ran, //
};

const INDEX: &str = "main/binary-amd64/Packages";

/// An archive of two packages, signed by its owner, whose certificate is in `keyring`.
struct Archive {
    place: Place,
    owner: Key,
}

impl Archive {
    fn new() -> Self {
        let place = with_keys();
        let owner = Key::new(&place, "owner");
        place.file("keyring", owner.certificate());
        for name in ["one", "two"] {
            let directory = format!("archive/pool/main/{name}");
            fs::create_dir_all(place.path(&directory)).expect("a directory");
            place.file(&format!("{name}/usr/bin/{name}"), format!("program {name}"));
            build(&place, name, name, &format!("{directory}/{name}_1_all.deb"));
        }
        let archive = Self { place, owner };
        archive.index();
        archive.release("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
        archive
    }

    /// The packages of the pool, as Packages describes them.
    fn described(&self) -> String {
        let describe = |name: &str| {
            let path = format!("pool/main/{name}/{name}_1_all.deb");
            let data = self.place.read(&format!("archive/{path}"));
            format!(
                "Package: {name}\nVersion: 1\nFilename: {path}\nSize: {}\nSHA256: {}\n\
                 Description: {name}\n more of it\n\n",
                data.len(),
                sha256(&data)
            )
        };
        ["one", "two"].map(describe).concat()
    }

    fn index(&self) {
        let path = self
            .place
            .file(&format!("archive/dist/{INDEX}"), self.described());
        let packed = Command::new("xz").arg("-k").arg("-f").arg(&path).status();
        assert!(packed.expect("xz runs").success());
    }

    /// InRelease of the index that is there, signed.
    fn release(&self, fields: &str) {
        let text = self.unsigned(fields);
        self.place
            .file("archive/dist/InRelease", self.owner.sign_clear(&text));
    }

    fn unsigned(&self, fields: &str) -> String {
        let mut text = format!(
            "Origin: Test\nCodename: nine\n{fields}MD5Sum:\n {} 3 {INDEX}\nSHA256:\n",
            "0".repeat(32)
        );
        for suffix in ["", ".xz"] {
            let data = self.place.read(&format!("archive/dist/{INDEX}{suffix}"));
            text += &format!(" {} {} {INDEX}{suffix}\n", sha256(&data), data.len());
        }
        text
    }

    fn publish(&self, options: &str) -> Ran {
        self.publish_with(&options.split_whitespace().collect::<Vec<_>>())
    }

    fn publish_with(&self, options: &[&str]) -> Ran {
        let line =
            "repo publish --pool archive/pool --in-release archive/dist/InRelease --keyring keyring \
             --key alice.key --cert alice.pem -o lists";
        let words = line.split_whitespace().chain(options.iter().copied());
        self.place.run_words(words, "")
    }

    /// Puts another program into the package NAME, and describes that.
    fn rebuild(&self, name: &str, program: &str) {
        let place = &self.place;
        place.file(&format!("{name}/usr/bin/{name}"), program);
        let deb = format!("archive/pool/main/{name}/{name}_1_all.deb");
        build(place, name, name, &deb);
        self.index();
    }

    /// InRelease of another codename and date, signed by the owner or another.
    fn release_of(&self, codename: &str, day: u32, signer: &Key) {
        let text = self.unsigned(&format!("Date: Thu, {day} Nov 2020 02:14:46 UTC\n"));
        let text = text.replace("Codename: nine", &format!("Codename: {codename}"));
        self.place
            .file("archive/dist/InRelease", signer.sign_clear(&text));
    }

    /// Nothing is published, for this reason, and what is in `lists` stays.
    #[track_caller]
    fn stays(&self, code: i32, reason: &str) {
        let before = contents(&self.place);
        self.publish("").ended(code, reason);
        assert_eq!(contents(&self.place), before);
    }

    /// Nothing is published, for this reason, and nothing is left.
    #[track_caller]
    fn refused(&self, options: &str, reason: &str) {
        self.publish(options).said_no(reason);
        assert!(!self.place.has("lists"));
        let left = names(&self.place.path("."));
        assert!(
            !left.iter().any(|name| name.starts_with(".digestctl")),
            "{left:?}"
        );
    }
}

/// What is in `lists`.
fn contents(place: &Place) -> Vec<(String, Vec<u8>)> {
    let names = names(&place.path("lists")).into_iter();
    names
        .map(|name| {
            let content = place.read(&format!("lists/{name}"));
            (name, content)
        })
        .collect()
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").permissions().mode() & 0o7777
}

fn alice_lists(place: &Place) {
    for name in ["one", "two"] {
        place
            .run(&format!("verify lists/{name}_1_all --cert alice.pem"))
            .good();
        let program = format!("program {name}");
        let expected = expected(&[("immutable", program.as_str())]);
        assert_eq!(shown(place, &format!("lists/{name}_1_all")), expected);
    }
}

#[test]
fn an_archive_that_its_owner_signed_becomes_signed_lists() {
    let archive = Archive::new();
    let ran = archive.publish("");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = ran
        .printed("archive/dist/InRelease: Test nine of Thu, 26 Nov 2020 02:14:46 UTC, signed by ");
    assert!(
        ran.out.contains(&archive.owner.fingerprint()),
        "{}",
        ran.out
    );
    ran.printed("lists: 2 digests of 2 packages, 0 of them unchanged\n");
    alice_lists(&archive.place);
    assert_eq!(
        names(&archive.place.path("lists")),
        [
            ".published",
            "one_1_all",
            "one_1_all.p7s",
            "two_1_all",
            "two_1_all.p7s"
        ]
    );
    // As a verifier takes them.
    archive
        .place
        .run("repo add repo lists/one_1_all lists/two_1_all")
        .good()
        .printed("lists/two_1_all, signed\n");
}

#[test]
fn lists_that_are_there_stay_and_unchanged_ones_keep_their_signature() {
    let archive = Archive::new();
    assert_eq!(archive.publish("").code, 0);
    let signature = archive.place.read("lists/one_1_all.p7s");
    archive
        .place
        .run("generate tree -o lists/zero_1_all")
        .good();
    fs::remove_file(archive.place.path("lists/two_1_all.p7s")).expect("removed");
    archive
        .publish("")
        .printed("lists: 2 digests of 2 packages, 1 of them unchanged\n");
    alice_lists(&archive.place);
    assert_eq!(archive.place.read("lists/one_1_all.p7s"), signature);
    assert!(archive.place.has("lists/zero_1_all"));
    archive.place.file("lists/index.html", "<html>");
    archive
        .publish("")
        .failed("lists/index.html is neither a list nor a signature");
    alice_lists(&archive.place);
}

#[test]
fn a_compressed_index_is_enough() {
    for program in ["xz", "gzip"] {
        let archive = Archive::new();
        let index = archive.place.path(&format!("archive/dist/{INDEX}"));
        if program == "gzip" {
            fs::remove_file(index.with_extension("xz")).expect("removed");
            let packed = Command::new(program).arg("-k").arg(&index).status();
            assert!(packed.expect("it runs").success());
            let gz = archive.place.read(&format!("archive/dist/{INDEX}.gz"));
            let whole = archive.place.read(&format!("archive/dist/{INDEX}"));
            let text =
                format!(
                "Date: Thu, 26 Nov 2020 02:14:46 UTC\nSHA256:\n {} {} {INDEX}\n {} {} {INDEX}.gz\n",
                sha256(&whole), whole.len(), sha256(&gz), gz.len()
            );
            archive
                .place
                .file("archive/dist/InRelease", archive.owner.sign_clear(&text));
        }
        fs::remove_file(&index).expect("removed");
        assert_eq!(archive.publish("").code, 0, "{program}");
        alice_lists(&archive.place);
    }
}

#[test]
fn an_in_release_that_was_changed_or_is_by_another_key_is_refused() {
    let archive = Archive::new();
    let good = archive.place.read("archive/dist/InRelease");
    let text = String::from_utf8(good.clone()).expect("text");
    let unsigned = "is not signed by a key of the keyring";
    let changed = text.replace("Codename: nine", "Codename: ten");
    archive.place.file("archive/dist/InRelease", changed);
    archive.refused("", unsigned);
    // Text around what is signed does not count.
    archive.place.file(
        "archive/dist/InRelease",
        archive.unsigned("Date: Thu, 26 Nov 2020 02:14:46 UTC\n"),
    );
    archive.refused("", unsigned);
    let other = Key::new(&archive.place, "other");
    let signed = other.sign_clear(&archive.unsigned("Date: Thu, 26 Nov 2020 02:14:46 UTC\n"));
    archive.place.file("archive/dist/InRelease", signed);
    archive.refused("", unsigned);
    // By the same certificate as the owner's, in whose name it is not.
    archive.place.file("keyring", other.certificate());
    assert_eq!(archive.publish("").code, 0);
    fs::remove_dir_all(archive.place.path("lists")).expect("removed");
    archive.place.file("archive/dist/InRelease", good);
    archive.refused("", unsigned);
}

#[test]
fn what_stands_around_the_signed_text_does_not_count() {
    let archive = Archive::new();
    let good = archive.place.read("archive/dist/InRelease");
    // An index of the liar's own, named before the signed text and behind it.
    let lie = archive.described().replace("Package: one", "Package: lie");
    archive.place.file(&format!("archive/dist/{INDEX}"), &lie);
    let words = format!("SHA256:\n {} {} {INDEX}\n", sha256(&lie), lie.len());
    for text in [
        [words.as_bytes(), good.as_slice()].concat(),
        [good.as_slice(), words.as_bytes()].concat(),
    ] {
        archive.place.file("archive/dist/InRelease", text);
        let ran = archive.publish("");
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(!archive.place.has("lists"));
    }
}

#[test]
fn an_index_that_was_changed_is_refused() {
    let archive = Archive::new();
    let lie = archive.described().replace("Package: one", "Package: lie");
    archive.place.file(&format!("archive/dist/{INDEX}"), lie);
    archive.refused("", "Packages is not the one of this InRelease");
    archive.refused(
        &format!("--packages archive/dist/{INDEX}"),
        "Packages is not the one of this InRelease",
    );
    // One that is good, and of another InRelease.
    let other = archive.described().replace("more of it", "more");
    archive.place.file(&format!("archive/dist/{INDEX}"), other);
    archive.refused("", "Packages is not the one of this InRelease");
}

#[test]
fn a_package_that_was_changed_is_unlisted_or_is_missing_is_refused() {
    let archive = Archive::new();
    let one = "archive/pool/main/one/one_1_all.deb";
    let good = archive.place.read(one);
    let mut changed = good.clone();
    *changed.last_mut().expect("a byte") ^= 1;
    archive.place.file(one, changed);
    archive.refused("", "one_1_all.deb has not the content that Packages says");
    archive.place.file(one, [good.as_slice(), b"more"].concat());
    archive.refused(
        "--partial",
        "one_1_all.deb has not the content that Packages says",
    );
    archive.place.file(one, &good);
    archive.place.file("archive/pool/three_1_all.deb", &good);
    archive.refused("", "three_1_all.deb is in no Packages file");
    fs::remove_file(archive.place.path("archive/pool/three_1_all.deb")).expect("removed");
    fs::remove_file(archive.place.path(one)).expect("removed");
    archive.refused("", "one_1_all.deb is in Packages, and not in the pool");
    archive
        .publish("--partial")
        .printed("lists: 1 digest of 1 package, 0 of them unchanged\n");
}

#[test]
fn an_archive_whose_time_is_over_or_to_come_is_refused() {
    let archive = Archive::new();
    let (past, future) = (
        "Thu, 26 Nov 2020 02:14:46 UTC",
        "Sun, 26 Nov 2090 02:14:46 UTC",
    );
    archive.release(&format!("Date: {past}\nValid-Until: {future}\n"));
    assert_eq!(archive.publish("").code, 0);
    fs::remove_dir_all(archive.place.path("lists")).expect("removed");
    archive.release(&format!("Date: {past}\nValid-Until: {past}\n"));
    archive.refused("", "its Valid-Until is over");
    archive.release(&format!("Date: {future}\n"));
    archive.refused("", "which is yet to come");
    assert_eq!(archive.publish("--any-date").code, 0);
    fs::remove_dir_all(archive.place.path("lists")).expect("removed");
    for fields in [
        "",
        "Date: tomorrow\n",
        "Date: Thu, 31 Feb 2020 02:14:46 UTC\n",
    ] {
        archive.release(fields);
        archive.publish("").failed("archive/dist/InRelease: ");
    }
}

#[test]
fn names_that_lead_elsewhere_are_no_names_of_packages() {
    let archive = Archive::new();
    for name in [
        "pool/..",
        "pool/.deb",
        "pool/a b.deb",
        "pool/\u{1b}[2J.deb",
        "pool/x.p7s",
    ] {
        let lie = archive
            .described()
            .replace("pool/main/one/one_1_all.deb", name);
        archive.place.file(&format!("archive/dist/{INDEX}"), lie);
        archive.release("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
        archive.publish("").failed("is no name of a package file");
    }
}

#[test]
fn what_an_archive_calls_itself_does_not_control_a_terminal() {
    let archive = Archive::new();
    let text = archive.unsigned("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
    let text = text.replace("Origin: Test", &format!("Origin: {EVIL}"));
    archive
        .place
        .file("archive/dist/InRelease", archive.owner.sign_clear(&text));
    let ran = archive.publish("");
    assert_eq!(ran.code, 0, "{}", ran.err);
    is_calm(&ran);
    // What is wrong with it is quoted.
    let text = text.replace("SHA256:\n", &format!("SHA256:\n {EVIL}\n"));
    archive
        .place
        .file("archive/dist/InRelease", archive.owner.sign_clear(&text));
    let ran = archive.publish("");
    assert_eq!(ran.code, 2, "{}", ran.err);
    is_calm(&ran);
}

#[test]
fn an_older_state_of_the_archive_is_refused() {
    let archive = Archive::new();
    archive.release_of("nine", 26, &archive.owner);
    assert_eq!(archive.publish("").code, 0);
    archive.release_of("nine", 25, &archive.owner);
    archive.stays(
        1,
        "it is of Thu, 25 Nov 2020 02:14:46 UTC, and the one that was published into lists before \
         of Thu, 26 Nov 2020 02:14:46 UTC: the mirror is behind, or hides what came later; get a \
         newer one; --older 'Thu, 25 Nov 2020 02:14:46 UTC' takes it",
    );
    // Of the time that it is for it is refused all the same.
    archive.publish("--any-date").said_no("--older 'Thu, 25");
    // Another one than what is named is not taken.
    archive
        .publish_with(&["--older", &date(24)])
        .said_no("--older 'Thu, 25");
    let ran = archive.publish_with(&["--older", &date(25)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.printed("goes back from Thu, 26 Nov 2020 02:14:46 UTC\n");
    assert_eq!(archive.publish("").code, 0);
    // What was taken is what later ones are compared with.
    archive.release_of("nine", 24, &archive.owner);
    archive.stays(1, "--older 'Thu, 24");
    archive.release_of("nine", 27, &archive.owner);
    assert_eq!(archive.publish("").code, 0);
    alice_lists(&archive.place);
    // A date that was changed by hand says nothing.
    let remembered = String::from_utf8(archive.place.read("lists/.published")).expect("text");
    archive
        .place
        .file("lists/.published", remembered.replace("Nov", "Foo"));
    archive.stays(1, "--older 'Thu, 27");
}

/// A date as InRelease has it.
fn date(day: u32) -> String {
    format!("Thu, {day} Nov 2020 02:14:46 UTC")
}

#[test]
fn what_is_named_once_by_older_is_taken_once() {
    let archive = Archive::new();
    let older = ["--older", &date(25)];
    archive.release_of("nine", 26, &archive.owner);
    assert_eq!(archive.publish_with(&older).code, 0);
    archive.release_of("nine", 25, &archive.owner);
    // As long as nothing newer comes, a job that has the option goes on.
    for _ in 0..2 {
        let ran = archive.publish_with(&older);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    archive.release_of("nine", 27, &archive.owner);
    assert_eq!(archive.publish_with(&older).code, 0);
    // The mirror goes back to it by itself.
    archive.release_of("nine", 25, &archive.owner);
    let before = contents(&archive.place);
    archive
        .publish_with(&older)
        .said_no("--older has taken this one before, and takes none twice");
    assert_eq!(contents(&archive.place), before);
    archive.release_of("nine", 26, &archive.owner);
    let ran = archive.publish_with(&["--older", &date(26), "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(told["back_from"], date(27).as_str());
    // A third goes back to neither of them.
    archive.release_of("nine", 28, &archive.owner);
    assert_eq!(archive.publish("").code, 0);
    for day in [25, 26] {
        archive.release_of("nine", day, &archive.owner);
        archive
            .publish_with(&["--older", &date(day)])
            .said_no("takes none twice");
    }
}

#[test]
fn a_date_that_was_named_when_it_was_the_newest_is_not_gone_back_to() {
    let archive = Archive::new();
    for day in [25, 26] {
        // Nothing was published before, and then something older.
        let older = ["--older", &date(day)];
        archive.release_of("nine", day, &archive.owner);
        assert_eq!(archive.publish_with(&older).code, 0);
    }
    archive.release_of("nine", 27, &archive.owner);
    assert_eq!(archive.publish("").code, 0);
    for day in [25, 26] {
        archive.release_of("nine", day, &archive.owner);
        archive
            .publish_with(&["--older", &date(day)])
            .said_no("--older has taken this one before, and takes none twice");
    }
}

#[test]
fn a_terminal_shows_that_indexes_are_read() {
    let archive = Archive::new();
    let line =
        "repo publish --pool archive/pool --in-release archive/dist/InRelease --keyring keyring \
         --key alice.key --cert alice.pem -o lists";
    let Some((code, shown)) = on_terminal(&archive.place, line) else {
        return;
    };
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("the Packages files are read"), "{shown}");
    let ran = archive.publish("");
    assert!(!ran.err.contains("the Packages files"), "{}", ran.err);
}

#[test]
fn programs_are_told_what_was_published() {
    let archive = Archive::new();
    let ran = archive.publish("--json");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let fingerprint = archive.owner.fingerprint();
    assert_eq!(
        told,
        serde_json::json!({
            "release": "Test nine", "date": date(26), "back_from": null, "signers": [fingerprint],
            "packages": 2, "digests": told["digests"], "unchanged": 0, "unlisted": [],
            "missing_indexes": [], "missing_architectures": [], "installer_packages": 0,
        })
    );
    assert!(told["digests"].as_u64().is_some_and(|digests| digests >= 2));
    let told: serde_json::Value =
        serde_json::from_str(&archive.publish("--json").out).expect("JSON");
    assert_eq!(told["unchanged"], 2);
}

#[test]
fn another_release_or_another_signer_is_refused_until_it_is_named() {
    let archive = Archive::new();
    archive.release_of("nine", 26, &archive.owner);
    assert_eq!(archive.publish("").code, 0);
    archive.release_of("ten", 27, &archive.owner);
    archive.stays(
        1,
        "it is Test ten, and lists has the lists of Test nine: publish it into another directory, \
         or --other 'Test ten' adds it to those",
    );
    archive
        .publish_with(&["--other", "Test nine"])
        .said_no("--other 'Test ten' adds it to those");
    assert_eq!(archive.publish_with(&["--other", "Test ten"]).code, 0);
    // What is named once takes no other one.
    archive.release_of("eleven", 27, &archive.owner);
    archive
        .publish_with(&["--other", "Test ten"])
        .said_no("it is Test eleven, and lists has the lists of Test nine");
    // Each of them has its date.
    archive.release_of("nine", 26, &archive.owner);
    assert_eq!(archive.publish("").code, 0);
    archive.release_of("ten", 26, &archive.owner);
    archive.stays(1, "--older 'Thu, 26");
    let other = Key::new(&archive.place, "other");
    archive.place.file(
        "keyring",
        [archive.owner.certificate(), other.certificate()].concat(),
    );
    archive.release_of("ten", 28, &other);
    let fingerprint = other.fingerprint();
    archive.stays(
        1,
        &format!("if the archive has a new key, --signer {fingerprint} takes it"),
    );
    let owner = archive.owner.fingerprint();
    archive
        .publish_with(&["--other", "Test ten", "--signer", &owner])
        .said_no("if the archive has a new key");
    let ran = archive.publish_with(&["--signer", &fingerprint]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(archive.publish("").code, 0);
    archive.place.file("lists/.published", "{");
    archive.stays(2, "lists/.published is damaged");
}

#[test]
fn a_list_of_another_release_is_replaced_by_none_that_differs() {
    let archive = Archive::new();
    let place = &archive.place;
    archive.release_of("nine", 26, &archive.owner);
    assert_eq!(archive.publish("").code, 0);
    archive.rebuild("two", "program two of ten");
    archive.release_of("ten", 26, &archive.owner);
    let before = contents(place);
    archive
        .publish_with(&["--other", "Test ten"])
        .said_no(
            "lists/two_1_all is of Test nine, and the package of that name in Test ten is another",
        )
        .said_no(
            "1 list of another release would be replaced; nothing was published: publish the \
             releases into two directories",
        );
    assert_eq!(contents(place), before);
    // The same package may be of both, and neither changes it for the other.
    archive.rebuild("two", "program two");
    archive.release_of("ten", 26, &archive.owner);
    assert_eq!(archive.publish_with(&["--other", "Test ten"]).code, 0);
    archive.rebuild("two", "program two of nine");
    archive.release_of("nine", 27, &archive.owner);
    archive
        .publish("")
        .said_no("lists/two_1_all is of Test ten, and the package of that name in Test nine");
    alice_lists(place);
    // Nor does one that cannot be read.
    place.file("archive/pool/main/two/two_1_all.deb", "no package");
    archive.index();
    archive.release_of("nine", 28, &archive.owner);
    archive.publish("--keep-going").failed("1 package could");
    alice_lists(place);
}

#[test]
fn the_lists_of_a_release_that_an_earlier_version_has_published_are_not_replaced() {
    let archive = Archive::new();
    let place = &archive.place;
    archive.release_of("nine", 26, &archive.owner);
    assert_eq!(archive.publish("").code, 0);
    let text = String::from_utf8(place.read("lists/.published")).expect("text");
    let mut remembered: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let lists = remembered["releases"][0]
        .as_object_mut()
        .and_then(|release| release.remove("lists"));
    assert_eq!(lists, Some(serde_json::json!(["one_1_all", "two_1_all"])));
    place.file("lists/.published", remembered.to_string());
    archive.rebuild("two", "program two of ten");
    archive.release_of("ten", 26, &archive.owner);
    archive
        .publish_with(&["--other", "Test ten"])
        .said_no("lists/two_1_all is of Test nine");
    // Its own it replaces.
    archive.release_of("nine", 27, &archive.owner);
    assert_eq!(archive.publish("").code, 0);
}

#[test]
fn an_index_that_a_mirror_leaves_out_is_named() {
    let archive = Archive::new();
    let place = &archive.place;
    let text = archive.unsigned("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
    let mut more = String::new();
    for name in [
        "contrib/binary-amd64/Packages",
        "contrib/binary-amd64/Packages.xz",
        "non-free/binary-amd64/Packages.gz",
        "main/binary-arm64/Packages",
        "main/debian-installer/binary-amd64/Packages",
        "main/source/Sources",
    ] {
        more += &format!(" {} 7 {name}\n", "5a".repeat(32));
    }
    let empty = format!(" {} 0 empty/binary-amd64/Packages\n", sha256(""));
    place.file(
        "archive/dist/InRelease",
        archive.owner.sign_clear(&(text + &more + &empty)),
    );
    let ran = archive.publish("");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains(
            "note: InRelease names what is not there, and whose packages are not listed: \
             contrib/binary-amd64/Packages, non-free/binary-amd64/Packages\n"
        ),
        "{}",
        ran.err
    );
    ran.printed("left out: arm64, of which no Packages file is there\n");
    alice_lists(place);
}

#[test]
fn a_signer_has_one_name_whichever_program_verifies() {
    let archive = Archive::new();
    archive.release_of("nine", 26, &archive.owner);
    assert_eq!(archive.publish("").code, 0);
    // What gpgv says of a signature by a key of the certificate other than the first.
    let owner = archive.owner.fingerprint();
    archive.place.file("bin/sqv", "#!/bin/sh\necho old\n");
    archive.place.file(
        "bin/gpgv",
        format!(
            "#!/bin/sh\nshift 7\n\
             sed '1,/^$/d; /^-----BEGIN PGP SIGNATURE/,$d' <\"$2\" >\"$1\"\n\
             echo '[GNUPG:] NEWSIG'\necho '[GNUPG:] GOODSIG 78DBA3BC47EF2265 Test'\n\
             echo '[GNUPG:] VALIDSIG {} 2026-11-27 1 0 4 0 1 8 01 {owner}'\n",
            "B".repeat(40)
        ),
    );
    for name in ["bin/sqv", "bin/gpgv"] {
        let executable = PermissionsExt::from_mode(0o755);
        fs::set_permissions(archive.place.path(name), executable).expect("a mode");
    }
    let path = env::var("PATH").expect("a path");
    let ran = cargo_bin_cmd!("digestctl")
        .current_dir(archive.place.path("."))
        .env(
            "PATH",
            format!("{}:{path}", archive.place.path("bin").display()),
        )
        .args(
            "repo publish --pool archive/pool --in-release archive/dist/InRelease --keyring keyring \
             --key alice.key --cert alice.pem -o lists"
                .split_whitespace(),
        )
        .output();
    let ran = Ran::new(&ran.expect("digestctl runs"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.printed(&format!("signed by {owner}\n"));
}

#[test]
fn a_list_never_has_the_name_of_a_signature() {
    let archive = Archive::new();
    for name in ["one_1_all.p7s.deb", "one_1_all.sig.deb"] {
        let lie = archive.described().replace("two_1_all.deb", name);
        archive.place.file(&format!("archive/dist/{INDEX}"), lie);
        archive.release("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
        archive.publish("").failed(&format!(
            "Packages: 'pool/main/two/{name}' is no name of a package file: its list would have \
             the name of a signature"
        ));
        assert!(!archive.place.has("lists"));
    }
}

#[test]
fn two_packages_of_one_name_are_not_one_list() {
    let archive = Archive::new();
    let place = &archive.place;
    let described = archive.described();
    place.file("other/usr/bin/other", "another program");
    fs::create_dir_all(place.path("archive/pool/extra")).expect("a directory");
    build(place, "other", "one", "archive/pool/extra/one_1_all.deb");
    let data = place.read("archive/pool/extra/one_1_all.deb");
    let more = format!(
        "Package: one\nVersion: 1\nFilename: pool/extra/one_1_all.deb\nSize: {}\nSHA256: {}\n\n",
        data.len(),
        sha256(&data)
    );
    place.file(&format!("archive/dist/{INDEX}"), described + &more);
    archive.release("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
    let both = "archive/pool/extra/one_1_all.deb and archive/pool/main/one/one_1_all.deb are \
                different packages, and both lists would be one_1_all";
    archive.refused("", both);
    archive.refused("--partial", both);
    fs::remove_file(place.path("archive/pool/extra/one_1_all.deb")).expect("removed");
    let missing = format!("one_1_all.deb with sha256:{} is in Packages", sha256(&data));
    archive.refused("", &missing);
    assert_eq!(archive.publish("--partial").code, 0);
    alice_lists(place);
    // The same package in two places is one.
    fs::create_dir_all(place.path("archive/pool/again")).expect("a directory");
    let one = place.read("archive/pool/main/one/one_1_all.deb");
    place.file("archive/pool/again/one_1_all.deb", one);
    archive
        .publish("--partial")
        .printed("lists: 2 digests of 2 packages, 2 of them unchanged\n");
}

#[test]
fn a_link_to_the_directory_stays_one() {
    let archive = Archive::new();
    let place = &archive.place;
    fs::create_dir(place.path("behind")).expect("a directory");
    symlink("behind", place.path("lists")).expect("a link");
    assert_eq!(archive.publish("").code, 0);
    let target = fs::read_link(place.path("lists")).expect("a link");
    assert_eq!(target, Path::new("behind"));
    assert!(place.has("behind/one_1_all"));
    alice_lists(place);
    fs::remove_dir_all(place.path("behind")).expect("removed");
    archive
        .publish("")
        .failed("lists is a link that leads nowhere");
    assert!(!place.has("behind"));
}

#[test]
fn what_is_written_is_for_readers_whatever_the_umask() {
    let archive = Archive::new();
    let place = &archive.place;
    let program = assert_cmd::cargo::cargo_bin!("digestctl");
    let line = format!(
        "umask 077; {} -q repo publish --pool archive/pool --in-release archive/dist/InRelease \
         --keyring keyring --key alice.key --cert alice.pem -o lists",
        program.display()
    );
    let publish = || {
        let ran = Command::new("sh")
            .args(["-c", &line])
            .current_dir(place.path("."))
            .output();
        assert!(ran.expect("sh runs").status.success());
    };
    publish();
    assert_eq!(mode(&place.path("lists")), 0o755);
    for name in names(&place.path("lists")) {
        assert_eq!(mode(&place.path("lists").join(&name)), 0o644, "{name}");
    }
    // One that is there keeps its own.
    fs::set_permissions(place.path("lists"), PermissionsExt::from_mode(0o2750)).expect("a mode");
    publish();
    assert_eq!(mode(&place.path("lists")), 0o2750);
}

#[test]
fn what_a_killed_run_left_is_removed() {
    let archive = Archive::new();
    archive.place.file(".digestctl-publish-abc/one_1_all", "x");
    archive.place.file(".digestctl-other", "x");
    assert_eq!(archive.publish("").code, 0);
    assert!(!archive.place.has(".digestctl-publish-abc"));
    assert!(archive.place.has(".digestctl-other"));
}

#[test]
fn packages_of_the_installer_are_left_out() {
    let archive = Archive::new();
    let udeb = archive.described().replace("_all.deb", "_all.udeb");
    let both = archive.described() + &udeb;
    archive.place.file(&format!("archive/dist/{INDEX}"), both);
    archive.release("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
    let ran = archive.publish("");
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.printed("left out: 2 packages of the installer (udeb)\n");
    alice_lists(&archive.place);
}

#[test]
fn a_package_that_cannot_be_read_is_named_with_what_to_do() {
    let archive = Archive::new();
    let place = &archive.place;
    place.file("archive/pool/main/two/two_1_all.deb", "no package");
    archive.index();
    archive.release("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
    let ran = archive
        .publish("")
        .failed("two/two_1_all.deb: dpkg-deb cannot read it")
        .failed("1 package cannot be listed; nothing was published (--keep-going leaves them out)");
    assert!(!ran.err.contains("/tmp/"), "{}", ran.err);
    assert!(!place.has("lists"));
    archive
        .publish("--keep-going")
        .failed("1 package could not be listed; the lists were published without them")
        .printed("lists: 1 digest of 1 package, 0 of them unchanged\n");
    assert_eq!(
        names(&place.path("lists")),
        [".published", "one_1_all", "one_1_all.p7s"]
    );
}

/// Where the build of the module keeps what it got from Debian: indexes of apt, and packages.
fn debian() -> Option<(PathBuf, PathBuf)> {
    let cache = env::var_os("CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache/digest-lists")))?;
    let lists = cache.join("apt/lists");
    let mut files = fs::read_dir(lists)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    let release = files.find(|path| path.to_string_lossy().ends_with("-backports_InRelease"))?;
    Some((release, cache.join("kernel/debs")))
}

#[test]
fn packages_of_debian_are_listed_by_debians_own_signature() {
    const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let Some((release, debs)) = debian().filter(|_| Path::new(KEYRING).exists()) else {
        skipped("there are no packages of the kernel, or no keys of Debian; run scripts/kernel");
        return;
    };
    let place = with_keys();
    // One that is small; the archive still has it, or else a newer one.
    let small = |path: &PathBuf| path.metadata().is_ok_and(|file| file.len() < 20 << 20);
    let paths = fs::read_dir(debs).expect("packages");
    let paths = paths.map(|entry| entry.expect("an entry").path());
    let deb = paths
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "deb"))
        .find(small)
        .expect("a small package");
    let name = deb
        .file_stem()
        .expect("a name")
        .to_str()
        .expect("text")
        .to_owned();
    fs::create_dir(place.path("pool")).expect("a directory");
    let copy = place.path("pool").join(deb.file_name().expect("a name"));
    fs::copy(&deb, &copy).expect("a copy");
    let line = format!(
        "repo publish --partial --any-date --pool pool --in-release {} --keyring {KEYRING} \
         --key alice.key --cert alice.pem -o lists",
        release.display()
    );
    let ran = place.run(&line);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.printed("Debian").printed("signed by ");
    place
        .run(&format!("verify lists/{name} --cert alice.pem"))
        .good();
    let mut data = fs::read(&copy).expect("the package");
    data[100] ^= 1;
    fs::write(&copy, data).expect("written");
    place
        .run(&line)
        .said_no("has not the content that Packages says");
}
